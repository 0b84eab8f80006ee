#include "run/feed.h"

#include <stdlib.h>
#include <string.h>

#include "arch/place.h"

static void unit_free(struct feed *f)
{
    for (int i = 0; i < f->n; i++)
        bundle_free(&f->b[i]);
    free(f->b);
    f->b = NULL;
    f->n = 0;
}

/* A stream from a source that knew no roles gets them here; only in this process when nothing else changes the bundle.
 * */
static void give_role(const struct feed *f, struct bundle *b)
{
    const char *role;
    int64_t layer, expert;

    if (b->role || !arch_role(attrs_str(&reader_head(f->in)->model, "arch", NULL), b->name, &role, &layer, &expert))
        return;
    b->role = mem_strdup(role);
    b->layer = layer;
    b->expert = expert;
}

/* A record that is no part of the model: kept when it is the tokenizer's, and passed on. */
static int other(struct feed *f, struct err *e)
{
    struct item *it = &f->ahead;
    struct buf *keep = it->kind == ITEM_BLOB ? tok_file(&f->files, it->name) : NULL;

    if (!keep)
        return f->out ? item_copy(f->in, it, f->out, e) : 0;
    buf_free(keep);
    if (item_load(f->in, it, keep, e) < 0)
        return -1;
    return f->out ? blob_write(f->out, it->name, keep->data, keep->len, e) : 0;
}

/* A tensor without a role: a buffer that needs no running is passed on; anything else would be a weight left out in
 * silence. */
static int stranger(struct feed *f, struct err *e)
{
    const char *name = f->ahead.b.name;
    const struct attrs *model = &reader_head(f->in)->model;
    const struct arch *a = arch_of(model);
    struct model m;

    if (!a && model_open(&m, model, e) < 0) /* which says what is missing */
        return -1;
    if (!arch_buffer(a, name))
        return err_set(e, "%s: no tensor that a model of architecture '%s' is known to have; tcat --skip leaves it out",
                       name, a->name);
    return other(f, e);
}

/* Go on to the next bundle of the model, its header read. */
static int look_ahead(struct feed *f, struct err *e)
{
    int got = 1, is_tensor;

    if (f->mark) { /* the unit before it is written by now */
        f->mark = 0;
        if (other(f, e) < 0)
            return -1;
    }
    while ((got = stream_next(f->in, &f->ahead, e)) > 0) {
        if (f->n && f->ahead.kind == ITEM_OTHER && strcmp(f->ahead.kind_name, "mark") == 0) {
            f->mark = 1;
            return 1;
        }
        is_tensor = f->ahead.kind == ITEM_TENSOR;
        if (is_tensor)
            give_role(f, &f->ahead.b);
        if (is_tensor && f->ahead.b.role)
            break;
        if ((is_tensor ? stranger(f, e) : other(f, e)) < 0)
            return -1;
    }
    f->have = got > 0;
    return got;
}

static int take(struct feed *f, struct err *e)
{
    if (bundle_load(f->in, &f->ahead.b, e) < 0)
        return -1;
    f->b = mem_resize(f->b, (size_t)f->n + 1, sizeof *f->b);
    f->b[f->n++] = f->ahead.b;
    memset(&f->ahead.b, 0, sizeof f->ahead.b);
    f->have = 0;
    return 0;
}

int feed_next(struct feed *f, struct err *e)
{
    int got = 1;

    unit_free(f);
    if (!f->have && (got = look_ahead(f, e)) <= 0)
        return got;
    do {
        if (take(f, e) < 0)
            return -1;
        if (f->b[0].layer < 0)
            return 1;
        got = look_ahead(f, e);
    } while (got > 0 && !f->mark && f->ahead.b.layer == f->b[0].layer && f->ahead.b.expert == f->b[0].expert);
    return got < 0 ? -1 : 1;
}

int feed_begin(struct feed *f, struct reader *in, struct err *e)
{
    int got;

    f->in = in;
    if (!in || (got = feed_next(f, e)) < 0)
        return -1;
    return got ? 0 : err_set(e, "the stream has no tensors");
}

int feed_is(const struct feed *f, const char *role)
{
    return f->n == 1 && f->b[0].layer < 0 && strcmp(f->b[0].role, role) == 0;
}

int feed_write(struct feed *f, struct err *e)
{
    for (int i = 0; i < f->n; i++)
        if (bundle_write(f->out, f->in, &f->b[i], e) < 0)
            return err_in(e, "%s", f->b[i].name);
    return 0;
}

void feed_free(struct feed *f)
{
    unit_free(f);
    item_free(&f->ahead);
    tok_files_free(&f->files);
    memset(f, 0, sizeof *f);
}
