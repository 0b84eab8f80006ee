/* Signatures of all shards to decisions. */
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/progress.h"
#include "dup/flow.h"
#include "dup/report.h"
#include "text/minhash.h"

struct tally { /* of a shard */
    uint64_t marks, told;
    int ended;
};

struct side { /* the texts, or the reference */
    struct tally *shard;
    uint64_t shards; /* 0 until the first record tells */
};

struct merge {
    struct dup *d;
    struct buf settings, set;
    uint32_t sig[MINHASH_MAX];
    int verify;
    struct side side[2];
};

static int known(struct side *m, uint64_t shards, struct err *e)
{
    if (m->shards == 0) {
        m->shards = shards;
        m->shard = mem_new(shards, sizeof *m->shard);
    }
    return shards == m->shards ? 0
                               : err_set(e, "signatures of %llu shards and of %llu", (unsigned long long)m->shards,
                                         (unsigned long long)shards);
}

static int add_end(struct side *m, uint64_t shard, uint64_t shards, uint64_t marks, struct err *e)
{
    if (known(m, shards, e) < 0)
        return -1;
    if (m->shard[shard - 1].ended)
        return err_set(e, "shard %llu of %llu is there twice", (unsigned long long)shard, (unsigned long long)shards);
    m->shard[shard - 1].ended = 1;
    m->shard[shard - 1].told = marks;
    return 0;
}

static int add_record(struct merge *m, const struct record *r, int reference, struct err *e)
{
    uint64_t shard, shards, marks;
    struct dup_mark mark;

    if (dup_end_get(r, &shard, &shards, &marks))
        return add_end(&m->side[reference], shard, shards, marks, e);
    if (dup_mark_get(r, buf_str(&m->settings), &mark, &shards, m->sig, dup_sig_len(m->d), &m->set, e) < 0 ||
        known(&m->side[reference], shards, e) < 0)
        return -1;
    if (m->verify && mark.sig && !mark.set_n)
        return err_set(e, "record %.*s: its signature has no n-grams; --signatures writes them with --verify",
                       (int)(mark.id_len > 100 ? 100 : mark.id_len), mark.id);
    m->side[reference].shard[mark.shard - 1].marks++;
    return dup_add_mark(m->d, &mark, reference, e);
}

static int add_file(const struct flow *f, struct merge *m, const char *path, int reference, struct err *e)
{
    struct records *in = records_file(path, &f->how, e);
    struct record *r;
    int got = in ? 1 : -1;

    if (in && records_reader(in))
        reader_allow_partial(records_reader(in), 1);
    while (got > 0 && (got = records_next(in, &r, e)) > 0) {
        progress_step(1, 0);
        if (add_record(m, r, reference, e) < 0)
            got = err_in(e, "%s", path);
    }
    records_close(in);
    return got;
}

static int complete(const struct side *m, struct err *e)
{
    for (uint64_t i = 0; i < m->shards; i++) {
        if (!m->shard[i].ended)
            return err_set(e, "shard %llu of %llu is missing, or its signatures are cut off",
                           (unsigned long long)(i + 1), (unsigned long long)m->shards);
        if (m->shard[i].marks != m->shard[i].told)
            return err_set(e, "shard %llu of %llu has %llu signatures, not %llu", (unsigned long long)(i + 1),
                           (unsigned long long)m->shards, (unsigned long long)m->shard[i].marks,
                           (unsigned long long)m->shard[i].told);
    }
    return m->shards ? 0 : err_set(e, "there are no signatures");
}

static int write_decisions(const struct flow *f, struct merge *m, struct records_out *out, struct report *report,
                           struct err *e)
{
    struct dup_verdict v;
    struct record r = {0};
    struct buf scratch = {0};
    int got, rc = 0;

    while (rc == 0 && (got = dup_next(m->d, &v, e)) > 0) {
        int keep = f->keep == DUP_KEEP_ALL || (v.first && f->keep == DUP_KEEP_FIRST);

        dup_verdict_put(&r, &scratch, &v, m->side[0].shards, keep);
        rc = report_line(report, &v, keep, e) < 0 || records_write(out, &r, e) < 0 ? -1 : 0;
    }
    record_free(&r);
    buf_free(&scratch);
    return rc < 0 ? rc : got;
}

static int merge(const struct flow *f, struct merge *m, struct report *report, char **file, int files, struct err *e)
{
    struct records_out *out;

    for (int i = 0; i < files; i++)
        if (add_file(f, m, file[i], 0, e) < 0)
            return -1;
    if (complete(&m->side[0], e) < 0)
        return -1;
    if (f->against && (add_file(f, m, f->against, 1, e) < 0 || complete(&m->side[1], e) < 0))
        return err_in(e, "--against");
    if (dup_resolve(m->d, e) < 0 || !(out = records_out_open(STDOUT_FILENO, "standard output", &f->how, NULL, e)))
        return -1;
    return write_decisions(f, m, out, report, e) < 0 ? -1 : records_finish(out, e);
}

int flow_merge(const struct flow *f, char **file, int files, struct err *e)
{
    struct report *report = report_open(f->report, f->o.verify > 0, e);
    struct merge m = {.d = report ? dup_open(&f->o, e) : NULL, .verify = f->o.verify > 0};
    int rc;

    dup_settings(&f->o, &m.settings);
    rc = m.d ? merge(f, &m, report, file, files, e) : -1;
    dup_close(m.d);
    buf_free(&m.settings);
    buf_free(&m.set);
    free(m.side[0].shard);
    free(m.side[1].shard);
    if (report && report_close(report, rc < 0, rc < 0 ? NULL : e) < 0)
        rc = -1;
    return rc;
}
