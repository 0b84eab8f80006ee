#include "select/choose.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/real.h"
#include "base/target.h"
#include "base/table.h"
#include "record/jsonl.h"
#include "select/quota.h"
#include "select/report.h"
#include "select/vectors.h"
#include "text/feat.h"

struct choose {
    const struct choose_opts *c;
    const struct select_method *m;
    uint64_t k; /* as in c, but for a part of a known total */
    double top;
    const char *by; /* as in c, but for its sign */
    double sign;    /* -1: the least first */
    int part;       /* the input is a shard */
    struct where **where;
    uint8_t *known; /* [where + 1]: some record had its name; the last: by's */
    uint64_t read;
    struct select_draw *draw;
    struct rank *rank;
    struct report *report;
    struct target *rejects;
    struct buf line;
    struct record r; /* the one choose_next gave */
    uint8_t *shard;  /* [shards] times each came */
    int64_t shards;
    int inputs;
    uint32_t *order;
};

static int open_where(struct choose *ch, struct err *e)
{
    ch->where = mem_new((size_t)ch->c->where.n + 1, sizeof *ch->where);
    ch->known = mem_new((size_t)ch->c->where.n + 1, 1);
    for (int i = 0; i < ch->c->where.n; i++)
        if (!(ch->where[i] = where_parse(ch->c->where.item[i], e)))
            return -1;
    return 0;
}

/* What --top is a part of, in the unit: a number, or what dfeat counted. */
static int find_total(const struct choose_opts *c, uint64_t *n, struct err *e)
{
    struct feat f = {0};

    if (parse_u64(c->total, n, NULL) == 0)
        return 0;
    if (c->unit == UNIT_TOKENS)
        return err_set(e, "--total %s: features count no tokens; give their number", c->total);
    if (feat_read(&f, c->total, e) < 0)
        return err_in(e, "--total");
    *n = c->unit == UNIT_RECORDS ? f.records
         : c->unit == UNIT_BYTES ? f.bytes
         : c->unit == UNIT_CHARS ? f.chars
                                 : f.words;
    feat_free(&f);
    return 0;
}

struct choose *choose_open(const struct choose_opts *c, int *usage, struct err *e)
{
    struct choose *ch = mem_new(1, sizeof *ch);
    const char *fault;

    ch->c = c;
    ch->m = select_find(c->method);
    *usage = 1;
    if (!ch->m)
        return table_unknown("method", select_table, NULL, c->method, e), NULL;
    if ((fault = choose_fault(c, ch->m)))
        return err_set(e, "%s", fault), NULL;
    if (open_where(ch, e) < 0)
        return NULL;
    *usage = 0;
    ch->k = c->k;
    ch->top = c->bottom >= 0 ? c->bottom : c->top;
    ch->sign = c->bottom >= 0 || (c->by && *c->by == '-') ? -1 : 1;
    ch->by = c->by ? c->by + (*c->by == '-') : NULL;
    if (!(ch->rank = rank_new(c->memory, e)) || (c->total && find_total(c, &ch->k, e) < 0))
        return NULL;
    if (c->total) {
        ch->k = quota_part(ch->k, ch->top);
        ch->top = -1;
    }
    if (c->mix && quota_mix(ch->rank, c->mix, e) < 0)
        return *usage = 1, NULL;
    if (ch->k && c->unit == UNIT_RECORDS && !c->per && ch->m->key)
        rank_limit(ch->rank, ch->k);
    if ((c->report && !(ch->report = report_open(c->target, c->raw, e))) ||
        (c->rejects && !(ch->rejects = target_open_text(c->rejects, e))))
        return NULL;
    return ch;
}

int choose_part(struct choose *ch, const struct records *in)
{
    int64_t shards = ch->c->shard.n ? ch->c->shard.n : records_reader(in) ? reader_head(records_reader(in))->shards : 0;

    if (shards < 2)
        return 0;
    ch->part = 1;
    rank_one_over(ch->rank, ch->c->unit != UNIT_RECORDS);
    return ch->m->order || ch->top >= 0;
}

/* 0, so that a rejection can be returned; -1 when it cannot be written. */
static int reject(struct choose *ch, struct record *r, struct err *e, const char *fmt, const char *what)
{
    struct buf why = {0};
    int rc;

    if (!ch->rejects)
        return 0;
    buf_printf(&why, fmt, what);
    record_set_meta(r, "reason", why.data, why.len);
    ch->line.len = 0;
    rc = jsonl_write(&ch->line, r, "text", "id", e);
    if (rc == 0)
        rc = io_write(target_fd(ch->rejects), ch->line.data, ch->line.len, e);
    buf_free(&why);
    return rc < 0 ? err_in(e, "%s", ch->c->rejects) : 0;
}

static void note_names(struct choose *ch, const struct record *r)
{
    int n = ch->c->where.n;
    double v;

    ch->read++;
    for (int i = 0; i < n; i++)
        if (!ch->known[i])
            ch->known[i] = (uint8_t)where_knows(ch->where[i], r);
    if (ch->by && !ch->known[n])
        ch->known[n] = (uint8_t)record_number(r, ch->by, &v);
}

static int no_name(const struct choose *ch, struct err *e)
{
    for (int i = 0; ch->read && i < ch->c->where.n; i++)
        if (!ch->known[i])
            return err_set(e, "--where '%s': none of %" PRIu64 " records has '%s'", ch->c->where.item[i], ch->read,
                           where_name(ch->where[i]));
    if (ch->read && ch->by && !ch->known[ch->c->where.n])
        return err_set(e, "--by %s: none of %" PRIu64 " records has such a number", ch->c->by, ch->read);
    return 0;
}

int choose_names(const struct choose *ch, struct err *e)
{
    return no_name(ch, e) == 0 ? 0 : ch->part ? 1 : -1;
}

int choose_check(struct choose *ch, struct record *r, struct err *e)
{
    double v = 0;

    note_names(ch, r);
    if (ch->report && report_seen(ch->report, r, e) < 0)
        return -1;
    for (int i = 0; i < ch->c->where.n; i++)
        if (!where_holds(ch->where[i], r))
            return reject(ch, r, e, "not %s", ch->c->where.item[i]);
    if (ch->by && !record_number(r, ch->by, &v))
        return reject(ch, r, e, "it has no number %s", ch->by);
    if (ch->report)
        report_passed(ch->report, ch->by ? ch->sign * v / ch->c->args.temperature : 0);
    return 1;
}

void choose_count(struct choose *ch, const struct record *r)
{
    if (ch->report)
        report_chosen(ch->report, r);
}

static uint32_t group_of(struct choose *ch, const struct record *r)
{
    struct buf scratch = {0};
    size_t n = 0;
    const char *name = ch->c->per ? record_meta_text(r, ch->c->per, &n, &scratch) : NULL;
    uint32_t g = rank_group(ch->rank, name ? name : "", name ? n : 0);

    buf_free(&scratch);
    return g;
}

int choose_add(struct choose *ch, struct record *r, struct err *e)
{
    double score = 0, key = 0;
    uint64_t amount;
    int got = choose_check(ch, r, e);

    if (got <= 0)
        return got;
    if (unit_measure(ch->c->unit, r, &amount, e) < 0)
        return err_in(e, "%.*s", (int)(r->id_len > 100 ? 100 : r->id_len), r->id);
    if (ch->by)
        record_number(r, ch->by, &score);
    if (ch->m->key)
        key = ch->m->key(&ch->c->args, rng_make(ch->c->args.seed, r->id, r->id_len), ch->sign * score);
    got = rank_add(ch->rank, r, key, group_of(ch, r), amount, e);
    return got ? got : reject(ch, r, e, "not among the first by %s", ch->c->by ? ch->c->by : ch->c->method);
}

static int add_mark(struct choose *ch, const struct head *h, struct err *e)
{
    if (!h->shards)
        return 0;
    if (ch->shards && ch->shards != h->shards)
        return err_set(e, "a shard of %" PRId64 " after one of %" PRId64, h->shards, ch->shards);
    if (!ch->shard) {
        ch->shards = h->shards;
        ch->shard = mem_new((size_t)h->shards, 1);
    }
    if (ch->shard[h->shard - 1]++)
        return err_set(e, "shard %" PRId64 " of %" PRId64 " has come twice", h->shard, h->shards);
    return 0;
}

int choose_end_input(struct choose *ch, struct records *in, struct records_out *out, struct err *e)
{
    struct reader *from = records_reader(in);
    int single;

    if (!from)
        return 0;
    single = ++ch->inputs == 1 && reader_segment(from) == 1;
    if (single || ch->inputs == 1)
        writer_inherit(records_out_writer(out), from, single);
    else
        writer_head(records_out_writer(out))->shard = writer_head(records_out_writer(out))->shards = 0;
    return reader_segment(from) == 1 ? add_mark(ch, reader_head(from), e) : 0;
}

int64_t choose_missing(const struct choose *ch, int64_t after, int64_t *shards)
{
    *shards = ch->shards;
    for (int64_t i = after; i < ch->shards; i++)
        if (!ch->shard[i])
            return i + 1;
    return 0;
}

/* The cluster of each record, as a number by order of first sight; the set's order is that of the ids' hashes, so it is
 * the same anywhere. */
static int set_clusters(struct choose *ch, const struct record *r, struct rank *names, uint32_t *cluster, struct err *e)
{
    struct buf scratch = {0};
    size_t n = 0;
    const char *name = record_meta_text(r, ch->c->cluster, &n, &scratch);

    if (!name)
        return err_set(e, "%.*s: it has no cluster under \"%s\"", (int)(r->id_len > 100 ? 100 : r->id_len), r->id,
                       ch->c->cluster);
    *cluster = rank_group(names, name, n);
    buf_free(&scratch);
    return 0;
}

/* What a method left out comes behind what it chose, so that all of it is given back, to be refused by the budgets. */
static void append_rest(struct select_set *s)
{
    uint8_t *there = mem_new(s->n, 1);

    for (size_t i = 0; i < s->ordered; i++)
        there[s->order[i]] = 1;
    for (size_t i = 0; i < s->n; i++)
        if (!there[i])
            s->order[s->ordered++] = (uint32_t)i;
    free(there);
}

/* Load the whole set, and let the method order it. */
static int order_set(struct choose *ch, struct err *e)
{
    size_t n = rank_count(ch->rank);
    struct select_set s = {.n = n,
                           .want = ch->k && ch->c->unit == UNIT_RECORDS && !ch->c->per && ch->k < n ? ch->k : n};
    double *score = mem_new(n + 1, sizeof *score);
    uint32_t *cluster = mem_new(n + 1, sizeof *cluster), clusters = 0, group;
    struct rng *rng = mem_new(n + 1, sizeof *rng);
    struct vectors v;
    struct rank *names = rank_new(0, e);
    int rc = names && n < UINT32_MAX ? rank_collect(ch->rank, e) : -1;

    vectors_init(&v, ch->c->vector, ch->c->dims, !!(ch->m->needs & SELECT_LENGTHS));
    if (ch->m->as)
        s.draw = ch->draw = mem_new(n + 1, sizeof *s.draw);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = rank_get(ch->rank, i, &ch->r, &group, e);
        if (rc == 0 && ch->by && record_number(&ch->r, ch->by, &score[i]))
            score[i] *= ch->sign;
        if (rc == 0)
            rng[i] = rng_make(ch->c->args.seed, ch->r.id, ch->r.id_len);
        if (rc == 0 && (ch->m->needs & SELECT_CLUSTER))
            rc = set_clusters(ch, &ch->r, names, &cluster[i], e);
        if (rc == 0 && (ch->m->needs & SELECT_VECTOR) && (rc = vectors_add(&v, &ch->r, e)) < 0)
            err_in(e, "%.*s", (int)(ch->r.id_len > 100 ? 100 : ch->r.id_len), ch->r.id);
    }
    if (names)
        rank_groups(names, &clusters);
    s.x = v.x;
    s.d = v.d;
    s.score = score;
    s.cluster = cluster;
    s.clusters = clusters;
    s.rng = rng;
    s.order = ch->order = mem_new(n + 1, sizeof *s.order);
    if (rc == 0 && n && (rc = ch->m->order(&ch->c->args, &s, e)) == 0) {
        append_rest(&s);
        rank_order(ch->rank, s.order, s.ordered);
    }
    vectors_free(&v);
    if (names)
        rank_free(names);
    free(score);
    free(cluster);
    free(rng);
    return rc;
}

int choose_order(struct choose *ch, struct err *e)
{
    if (rank_ready(ch->rank, e) < 0)
        return -1;
    quota_set(ch->rank, ch->k, ch->top, ch->c->mix != NULL);
    if (ch->m->order && order_set(ch, e) < 0)
        return -1;
    if (ch->draw)
        rank_borders(ch->rank);
    return 0;
}

/* 1 - exp (-z), also of small z. */
static double reached(double z)
{
    return z < 1e-4 ? z - z * z / 2 + z * z * z / 6 : 1 - real_exp(-z);
}

/*
 * How much one that was drawn stands for: 1 / q, where q = P(its key is above that of the first of its group that was
 * not chosen); a sum over the chosen of weight x f is then an unbiased estimate of the sum of f over all. Source: Kool,
 * van Hoof, Welling 2019, equation 18.
 */
static void give_weight(struct choose *ch, uint32_t group)
{
    const struct select_draw *d = &ch->draw[ch->order[rank_at(ch->rank)]];
    uint32_t groups;
    size_t border = rank_groups(ch->rank, &groups)[group].border;
    double weight = 1;

    if (border != SIZE_MAX && isfinite(d->log_p))
        weight = 1 / reached(real_exp(d->log_p - ch->draw[ch->order[border]].key));
    record_set_score(&ch->r, ch->m->as, d->value);
    record_set_score(&ch->r, "weight", isfinite(d->log_p) && isfinite(weight) ? weight : 0);
}

int choose_next(struct choose *ch, struct record **r, struct err *e)
{
    uint32_t group;
    int got, fits;

    while ((got = rank_next(ch->rank, &ch->r, &group, &fits, e)) > 0) {
        if (fits) {
            if (ch->draw)
                give_weight(ch, group);
            choose_count(ch, &ch->r);
            *r = &ch->r;
            return 1;
        }
        if (reject(ch, &ch->r, e, "not among the first by %s", ch->c->by ? ch->c->by : ch->c->method) < 0)
            return -1;
    }
    return got;
}

int choose_close(struct choose *ch, struct err *e)
{
    int rc = ch->report ? report_put(ch->report, ch->rank, ch->c->report, e) : 0;

    if (ch->rejects && target_commit(ch->rejects, e) < 0)
        rc = -1;
    report_free(ch->report);
    for (int i = 0; i < ch->c->where.n; i++)
        where_free(ch->where[i]);
    free(ch->where);
    free(ch->known);
    free(ch->draw);
    rank_free(ch->rank);
    record_free(&ch->r);
    buf_free(&ch->line);
    free(ch->shard);
    free(ch->order);
    free(ch);
    return rc;
}
