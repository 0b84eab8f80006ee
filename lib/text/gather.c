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

static uint64_t longest = 2, buckets = 10000;
static int mode = NGRAM_DSIR;

static int set_hash(const char *arg, struct err *e)
{
    mode = feat_mode_find(arg);
    return mode < 0 ? err_set(e, "'%s' is none of dsir dsir-nltk3.10 native", arg) : 0;
}

static const struct opt ngram_opts[] = {
    {.name = "hash",
     .arg = "NAME",
     .kind = OPT_CALL,
     .to = &mode,
     .call = set_hash,
     .help = "dsir, as p-lambda/dsir counts; dsir-nltk3.10, with NLTK since 3.10; native, faster (default: dsir)"},
    {.letter = 'n',
     .name = "n",
     .arg = "N",
     .kind = OPT_U64,
     .to = &longest,
     .lo = 1,
     .hi = NGRAM_MAX,
     .help = "words in the longest n-gram"},
    {.letter = 'b',
     .name = "buckets",
     .arg = "N",
     .kind = OPT_U64,
     .to = &buckets,
     .lo = 1,
     .hi = NGRAM_BUCKETS_MAX,
     .help = "number of buckets"},
    OPT_END};

static void *ngram_new(int counts)
{
    const struct ngram_opts o = {(enum ngram_mode)mode, (uint32_t)longest, (uint32_t)buckets};
    struct counter *c = mem_new(1, sizeof *c);

    if (counts) {
        feat_init(&c->f, &o);
        c->g = ngram_open(&o);
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

static const char *fields = STATS_DEFAULT;
static const struct opt stats_opts[] = {{.name = "of",
                                         .arg = "NAME,...",
                                         .kind = OPT_STRING,
                                         .to = &fields,
                                         .help = "these measures, scores and numbers in meta (default: all measures)"},
                                        OPT_END};

static void *stats_new(int counts)
{
    struct stats *s = mem_new(1, sizeof *s);

    stats_init(s, counts ? fields : "");
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

static const struct gather ngram = {.name = "ngram",
                                    .brief = "counts of hashed n-grams",
                                    .opts = ngram_opts,
                                    .open = ngram_new,
                                    .add = ngram_add,
                                    .merge = ngram_merge,
                                    .read = ngram_read,
                                    .write = ngram_write,
                                    .put_line = ngram_line,
                                    .close = ngram_free};
static const struct gather stats = {.name = "stats",
                                    .brief =
                                        "how lengths, kinds of characters, scores and other numbers are distributed",
                                    .opts = stats_opts,
                                    .open = stats_new,
                                    .add = stats_count,
                                    .merge = stats_join,
                                    .read = stats_from,
                                    .write = stats_put,
                                    .put_line = stats_line,
                                    .close = stats_close};
const struct gather *const gather_table[] = {&ngram, &stats, NULL};

const struct gather *gather_find(const char *name)
{
    return table_find(gather_table, name);
}
