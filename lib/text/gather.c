#include "base/table.h"
#include "text/gather.h"

#include <stdlib.h>
#include <string.h>

#include "text/feat.h"
#include "text/stats.h"

struct counter {
    struct feat f;
    struct ngram *g;
};

static void *ngram_new(const struct gather_opts *o)
{
    struct counter *c = mem_new(1, sizeof *c);

    if (o) {
        feat_init(&c->f, &o->grams);
        c->g = ngram_open(&o->grams);
    }
    return c;
}

static void ngram_add(void *state, const struct record *r)
{
    struct counter *c = state;

    feat_add(&c->f, c->g, r->text, r->text_len);
}

static int ngram_merge(void *to, const void *from, struct err *e)
{
    return feat_merge(&((struct counter *)to)->f, &((const struct counter *)from)->f, e);
}

static int ngram_read(void *to, const char *path, struct err *e)
{
    return feat_read(&((struct counter *)to)->f, path, e);
}

static int ngram_write(struct writer *out, const void *state, struct err *e)
{
    return feat_write(out, &((const struct counter *)state)->f, e);
}

static int ngram_line(struct buf *b, const void *state, struct err *e)
{
    (void)e;
    feat_put_line(b, &((const struct counter *)state)->f);
    return 0;
}

static void ngram_free(void *state)
{
    struct counter *c = state;

    feat_free(&c->f);
    ngram_close(c->g);
    free(c);
}

static void *stats_new(const struct gather_opts *o)
{
    struct stats *s = mem_new(1, sizeof *s);

    stats_init(s, o ? o->fields : "");
    return s;
}

static void stats_count(void *state, const struct record *r)
{
    stats_add(state, r);
}

static int stats_join(void *to, const void *from, struct err *e)
{
    return stats_merge(to, from, e);
}

static int stats_from(void *to, const char *path, struct err *e)
{
    return stats_read(to, path, e);
}

static int stats_put(struct writer *out, const void *state, struct err *e)
{
    return stats_write(out, state, e);
}

static int stats_line(struct buf *b, const void *state, struct err *e)
{
    return stats_put_line(b, state, e);
}

static void stats_close(void *state)
{
    stats_free(state);
    free(state);
}

static const struct gather ngram = {
    "ngram",   "counts of hashed n-grams", ngram_new, ngram_add, ngram_merge, ngram_read, ngram_write, ngram_line,
    ngram_free};
static const struct gather stats = {
    "stats",    "how lengths, kinds of characters, scores and other numbers are distributed",
    stats_new,  stats_count,
    stats_join, stats_from,
    stats_put,  stats_line,
    stats_close};
const struct gather *const gather_table[] = {&ngram, &stats, NULL};

const struct gather *gather_find(const char *name)
{
    return table_find(gather_table, name);
}
