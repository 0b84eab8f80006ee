#include "run/calibrate.h"

#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "ckpt/imatrix.h"

#define NAMED 20 /* experts */

int calibrate_open(struct calibrate *c, struct err *e)
{
    c->layer = c->dropped = -1;
    if (c->command)
        return through_open(&c->through, c->command, c->patience, &c->feed, e);
    return (c->feed.out = writer_stdout(c->feed.in, e)) ? 0 : -1;
}

static int bi(const struct calibrate *c)
{
    return (c->calib.parts & CALIB_BI) != 0;
}

static struct taps taps_of(struct calibrate *c)
{
    return (struct taps){.see = calib_see,
                         .attend = c->calib.least > 0 ? calib_weigh : NULL,
                         .ctx = &c->calib,
                         .pass = bi(c) ? calib_pass : NULL,
                         .mix = c->calib.parts & CALIB_REAP ? calib_mix : NULL};
}

static int flush(struct calibrate *c, struct err *e)
{
    int rc = c->helds ? calib_attach_layer(&c->calib, &c->f, c->held, c->helds, e) : 0;

    for (int i = 0; i < c->helds; i++) {
        if (rc == 0)
            rc = bundle_write(c->feed.out, c->feed.in, &c->held[i], e);
        bundle_free(&c->held[i]);
    }
    c->helds = 0;
    return rc;
}

/* The unit is written, or held until its layer's influence is known. */
static int write_unit(struct calibrate *c, struct err *e)
{
    struct feed *u = &c->feed;

    if (!bi(c))
        return feed_write(u, e);
    c->held = mem_resize(c->held, (size_t)(c->helds + u->n), sizeof *c->held);
    memcpy(c->held + c->helds, u->b, (size_t)u->n * sizeof *u->b);
    memset(u->b, 0, (size_t)u->n * sizeof *u->b); /* taken */
    c->helds += u->n;
    return forward_within(&c->f) ? 0 : flush(c, e);
}

/* The layer before is over: its last statistics, then none. */
static int change_layer(struct calibrate *c, int64_t to, struct err *e)
{
    struct taps taps = taps_of(c);

    if (forward_settle(&c->f, &taps, e) < 0 || flush(c, e) < 0)
        return -1;
    calib_new_layer(&c->calib);
    c->layer = to;
    progress_step(to >= 0, 0);
    return 0;
}

static void note_expert(struct calibrate *c, const struct bundle *b)
{
    c->experts++;
    if (forward_routed(&c->f, b->expert) == 0 && c->unseens++ < NAMED)
        buf_printf(&c->unseen, " %lld:%lld", (long long)b->layer, (long long)b->expert);
}

/* The statistics of a unit's inputs; without a command, the states behind it, too. */
static int look(struct calibrate *c, struct err *e)
{
    struct feed *u = &c->feed;
    struct taps taps = taps_of(c);

    calib_reset(&c->calib);
    c->f.as = c->command ? c->layer : -1; /* what comes back may have another number */
    if ((c->command ? forward_look : forward_run)(&c->f, u->b, u->n, &taps, e) < 0 ||
        calib_attach(&c->calib, &c->f, u->b, u->n, e) < 0)
        return -1;
    if (u->b[0].expert >= 0)
        note_expert(c, &u->b[0]);
    return c->command ? calib_attach_layer(&c->calib, &c->f, u->b, u->n, e) : 0;
}

/* The unit to the command and back; what came back is what the model is from here on. A layer that did not come back is
 * left out. */
static int pass(struct calibrate *c, struct err *e)
{
    struct through *t = &c->through;

    if (through_pass(t, &c->feed, e) < 0)
        return -1;
    if (t->n && forward_run(&c->f, t->b, t->n, NULL, e) < 0)
        return err_in(e, "what --through '%.200s' gave back", c->command);
    if (!t->n && c->layer >= 0 && !forward_within(&c->f))
        c->dropped = c->layer;
    if (bi(c) && forward_within(&c->f))
        return err_set(
            e, "layer %lld has experts: its influence (--parts bi) is known only when --through has had all of it",
            (long long)c->layer);
    return through_write(t, e);
}

int calibrate_hold_out(struct calibrate *c, const struct windows *w, uint64_t every, struct err *e)
{
    if (!every || (c->calib.held = c->aside = windows_hold_out(w, every)))
        return 0;
    return err_set(e, "--hold-out 1/%llu: the texts have %lld windows of %lld tokens; %llu are needed",
                   (unsigned long long)every, (long long)w->n, (long long)w->longest,
                   (unsigned long long)(every / 2 + 1));
}

void calibrate_note(struct calibrate *c, const char *text, const struct windows *w)
{
    char *name = mem_strdup(text);
    struct imatrix m = {.dataset = &name, .datasets = 1, .chunks = w->n, .chunk_size = w->longest};

    if (c->feed.out)
        imatrix_note(&m, NULL, &writer_head(c->feed.out)->more);
    free(name);
}

int calibrate_unit(struct calibrate *c, struct err *e)
{
    int64_t layer = c->feed.b[0].layer;

    if (layer != c->layer && change_layer(c, layer, e) < 0)
        return -1;
    if ((layer < 0 || layer != c->dropped) && look(c, e) < 0)
        return -1;
    return c->command ? pass(c, e) : write_unit(c, e);
}

int calibrate_finish(struct calibrate *c, struct err *e)
{
    if (change_layer(c, -1, e) < 0 || (c->command && through_finish(&c->through, e) < 0))
        return -1;
    if (forward_finish(&c->f, reader_tail_model(c->command ? c->through.from : c->feed.in), e) < 0)
        return -1;
    return writer_finish(c->command ? c->through.out : c->feed.out, e);
}

void calibrate_free(struct calibrate *c)
{
    struct reader *in = c->feed.in;

    calib_new_layer(&c->calib);
    free(c->held);
    free(c->aside);
    buf_free(&c->unseen);
    through_free(&c->through);
    forward_free(&c->f);
    feed_free(&c->feed);
    reader_close(in);
}
