/*
 * mcalib: runs a text through the model in a stream, one layer at a time, and gives each linear weight the statistics of its inputs.
 * A map filter that reads a layer before it writes it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/progress.h"
#include "run/calib.h"
#include "run/run.h"
#include "run/texts.h"
#include "run/through.h"

static struct opt_list files, id_files;
static uint64_t tokens_max;
static int64_t context;
static uint64_t states_bytes = (uint64_t)1 << 30;
static struct calib calib = {.parts = CALIB_NORM2};
static const char *command;
static int64_t patience = 20;
static struct through through;
static int64_t dropped = -1; /* layer that --through did not give back */

static int set_parts(const char *arg, struct err *e)
{
    return calib_parse(arg, &calib.parts, e);
}

static int set_weight(const char *arg, struct err *e)
{
    return calib_parse_weight(arg, &calib.least, e);
}

static const struct opt opts[] = {
    {'f', "file", "TEXT", OPT_LIST, &files, "calibrate on this text (repeatable: they are joined)", 0},
    {0, "ids", "FILE", OPT_LIST, &id_files, "calibrate on token ids, separated by white space, taken as they are", 0},
    {0, "tokens", "N", OPT_U64, &tokens_max, "use the first N tokens at most (default: all)", 0},
    {'c', "context", "N", OPT_INT, &context, "tokens in a window (default: the model's context, at most 2048)", 0},
    {0, "parts", "LIST", OPT_CALL, 0, "of norm2,mean,absmean,gram,bi (default norm2)", set_parts},
    {0, "token-weight", "NAME[:MIN]", OPT_CALL, 0, "attncon: tokens count by the attention they receive, least MIN (0.01)", set_weight},
    {'S', "states", "SIZE", OPT_SIZE, &states_bytes, "hidden states kept in memory, the rest in a file (default 1G)", 0},
    {0, "through", "CMD", OPT_STRING, &command, "each layer goes through this chain of filters before the next is run", 0},
    {0, "patience", "SECONDS", OPT_INT, &patience, "give up when CMD is idle for so long (default 20; 0: never)", 0},
    OPT_END};

static const struct opt_spec spec = {
    "mcalib", "[OPTION]... -f TEXT <STREAM >STREAM", "Add statistics of each linear layer's inputs.", opts, opt_common,
    "Example: tsplit model | mcalib -f calib.txt | wprune -m wanda -s 0.5 | tpack -o pruned\n"};

/* Read the texts with the tokenizer that the stream brought, and cut them. */
static void cut(const struct feed *feed, struct windows *w, struct err *e)
{
    int64_t own = attrs_int(&reader_head(feed->in)->model, "context", 2048);
    int64_t ctx = context ? context : own < 2048 ? own : 2048;
    uint64_t left = tokens_max ? tokens_max : UINT64_MAX;
    struct texts t;

    if (texts_read(&t, &files, &id_files, 1, &feed->files, -1, e) < 0)
        die("%s", e->msg);
    for (int i = 0; i < t.n && left; i++) {
        uint64_t n = t.text[i].ids.n < left ? t.text[i].ids.n : left;

        if (windows_add(w, t.text[i].ids.id, n, ctx, PROTOCOL_ALL, -1, e) < 0)
            die("%s: %s", t.text[i].name, e->msg);
        left -= n;
    }
    texts_free(&t);
}

/* Units whose layer's influence (bi) is not yet known: a layer of experts is known at its end. */
static struct bundle *held;
static int helds;
static struct buf unseen; /* experts that no token went to */
static int experts, unseens;

static int flush(struct feed *feed, const struct forward *f, struct err *e)
{
    int rc = helds ? calib_attach_layer(&calib, f, held, helds, e) : 0;

    for (int i = 0; i < helds; i++) {
        if (rc == 0)
            rc = bundle_write(feed->out, feed->in, &held[i], e);
        bundle_free(&held[i]);
    }
    helds = 0;
    return rc;
}

static int write_unit(struct feed *feed, const struct forward *f, struct err *e)
{
    if (!(calib.parts & CALIB_BI))
        return feed_write(feed, e);
    held = mem_resize(held, (size_t)(helds + feed->n), sizeof *held);
    memcpy(held + helds, feed->b, (size_t)feed->n * sizeof *held);
    memset(feed->b, 0, (size_t)feed->n * sizeof *held); /* taken */
    helds += feed->n;
    return forward_within(f) ? 0 : flush(feed, f, e);
}

static void note_expert(const struct bundle *b, const struct forward *f)
{
    experts++;
    if (forward_routed(f, b->expert) > 0)
        return;
    if (unseens++ < 20)
        buf_printf(&unseen, " %lld:%lld", (long long)b->layer, (long long)b->expert);
}

/* What goes on over the end of a layer: its last statistics, then none. */
static int change_layer(struct feed *feed, struct forward *f, const struct taps *taps, struct err *e)
{
    if (forward_settle(f, taps, e) < 0 || flush(feed, f, e) < 0)
        return -1;
    calib_new_layer(&calib);
    progress_step(feed->b && feed->b[0].layer >= 0, 0);
    return 0;
}

/* The statistics of a unit's inputs; without --through, the states after it, too. */
static int calibrate(struct feed *feed, struct forward *f, struct err *e)
{
    const struct taps taps = {.see = calib_see, .attend = calib.least > 0 ? calib_weigh : NULL, .ctx = &calib,
                              .pass = calib.parts & CALIB_BI ? calib_pass : NULL};
    static int64_t layer = -1;
    int rc;

    if (feed->b[0].layer != layer && change_layer(feed, f, &taps, e) < 0)
        return -1;
    layer = feed->b[0].layer;
    calib_reset(&calib);
    f->as = command ? layer : -1;
    if (layer >= 0 && layer == dropped)
        return 0;
    rc = command ? forward_look(f, feed->b, feed->n, &taps, e) : forward_run(f, feed->b, feed->n, &taps, e);
    if (rc < 0 || calib_attach(&calib, f, feed->b, feed->n, e) < 0)
        return -1;
    if (feed->b[0].expert >= 0)
        note_expert(&feed->b[0], f);
    return command ? calib_attach_layer(&calib, f, feed->b, feed->n, e) : 0;
}

/* The unit to the command and back; what came back is what the model is from here on. A layer that did not come back is left out. */
static int pass(struct feed *feed, struct forward *f, struct err *e)
{
    int rc = through_pass(&through, feed, e);

    if (rc == 0 && through.n && forward_run(f, through.b, through.n, NULL, e) < 0)
        rc = err_in(e, "what --through '%.200s' gave back", command);
    if (rc == 0 && !through.n && feed->b[0].layer >= 0 && feed->b[0].expert < 0)
        dropped = feed->b[0].layer;
    if (rc == 0 && calib.parts & CALIB_BI && forward_within(f))
        return err_set(e, "layer %lld has experts; its influence (--parts bi) is known at its end, when --through has had it", (long long)feed->b[0].layer);
    return rc < 0 ? -1 : through_write(&through, e);
}

/* One line about what has no statistics. */
static void say_unseen(void)
{
    if (unseens)
        warn("%d of %d experts saw no token and have no statistics (layer:expert):%s%s", unseens, experts, buf_str(&unseen), unseens > 20 ? " ..." : "");
    buf_free(&unseen);
}

/* The end of the stream: as many layers as its head and tail say? */
static int finish(struct feed *feed, struct forward *f, struct err *e)
{
    const struct taps taps = {.ctx = &calib, .pass = calib.parts & CALIB_BI ? calib_pass : NULL};

    if (change_layer(feed, f, &taps, e) < 0)
        return -1;
    if (command && through_finish(&through, e) < 0)
        return -1;
    if (forward_finish(f, reader_tail_model(command ? through.from : feed->in), e) < 0)
        return -1;
    return writer_finish(command ? through.out : feed->out, e);
}

int main(int argc, char **argv)
{
    struct err e;
    struct feed feed = {0};
    struct windows w = {0};
    struct forward f;
    int got;

    if (opt_parse(argc, argv, &spec) > 0)
        die_usage("unexpected operand '%s'", argv[1]);
    if (!files.n && !id_files.n)
        die_usage("no text: give -f TEXT");
    if (context < 0)
        die_usage("--context %lld is below 1", (long long)context);
    if (patience < 0)
        die_usage("--patience %lld is below 0", (long long)patience);

    if (!(feed.in = reader_stdin(&e)) ||
        (command ? through_open(&through, command, patience, &feed, &e) < 0 : !(feed.out = writer_stdout(feed.in, &e))))
        die("%s", e.msg);
    if ((got = feed_next(&feed, &e)) < 0)
        die("%s", e.msg);
    if (got == 0)
        die("the stream has no tensors");
    cut(&feed, &w, &e);
    if (forward_open(&f, &reader_head(feed.in)->model, &w, states_bytes, &e) < 0)
        die("%s", e.msg);
    progress_total((uint64_t)f.m.layers, 0);
    for (; got > 0; got = feed_next(&feed, &e))
        if (calibrate(&feed, &f, &e) < 0 || (command ? pass(&feed, &f, &e) : write_unit(&feed, &f, &e)) < 0)
            die("%s", e.msg);
    progress_end();
    if (got < 0 || finish(&feed, &f, &e) < 0)
        die("%s", e.msg);
    say_unseen();
    calib_new_layer(&calib);
    free(held);
    through_free(&through);
    run_free(&feed, &f, &(struct bundle){0});
    windows_free(&w);
    return 0;
}
