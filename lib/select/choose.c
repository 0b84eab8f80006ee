#include <stdlib.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/table.h"
#include "record/jsonl.h"
#include "select/choose_int.h"
#include "select/quota.h"
#include "text/feat.h"

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
    ch->temperature = ch->m->temperature ? *ch->m->temperature : 1;
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

int choose_check(struct choose *ch, struct record *r, struct err *e)
{
    double v = 0;

    choose_note_names(ch, r);
    if (ch->report && report_seen(ch->report, r, e) < 0)
        return -1;
    for (int i = 0; i < ch->c->where.n; i++)
        if (!where_holds(ch->where[i], r))
            return reject(ch, r, e, "not %s", ch->c->where.item[i]);
    if (ch->by && !record_number(r, ch->by, &v))
        return reject(ch, r, e, "it has no number %s", ch->by);
    if (ch->report)
        report_passed(ch->report, ch->by ? ch->sign * v / ch->temperature : 0);
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
        key = ch->m->key(rng_make(select_params.seed, r->id, r->id_len), ch->sign * score);
    got = rank_add(ch->rank, r, key, group_of(ch, r), amount, e);
    return got ? got : reject(ch, r, e, "not among the first by %s", ch->c->by ? ch->c->by : ch->c->method);
}

int choose_next(struct choose *ch, struct record **r, struct err *e)
{
    uint32_t group;
    int got, fits;

    while ((got = rank_next(ch->rank, &ch->r, &group, &fits, e)) > 0) {
        if (fits) {
            if (ch->draw)
                choose_weigh(ch, group);
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
