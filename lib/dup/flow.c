#include "dup/flow.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/progress.h"
#include "dup/report.h"

/* The settings with the shard that was asked for, else the one that the stream's head tells, else the whole. */
static struct dup_opts with_shard(const struct flow *f, const struct records *in)
{
    const struct reader *stream = in ? records_reader(in) : NULL;
    struct dup_opts o = f->o;

    if (o.shards == 0) {
        int told = stream && reader_head(stream)->shards > 0;

        o.shard = told ? (uint64_t)reader_head(stream)->shard : 1;
        o.shards = told ? (uint64_t)reader_head(stream)->shards : 1;
    }
    return o;
}

static struct records *open_in(const struct flow *f, int fd, const char *name, struct err *e)
{
    struct records *in = records_open(fd, name, &f->how, e);

    if (in && records_reader(in))
        reader_allow_partial(records_reader(in), 1); /* a shard may be worked on alone */
    return in;
}

/* All texts of an input into d. Closes in. */
static int add_all(struct dup *d, struct records *in, int reference, struct err *e)
{
    struct record *r;
    size_t n;
    int got = in ? 1 : -1;

    while (got > 0 && (got = records_batch(in, &r, &n, e)) > 0) {
        progress_step(n, 0);
        if (dup_add(d, r, n, reference, e) < 0)
            got = -1;
    }
    records_close(in);
    return got;
}

static int decide(const struct flow *f, const struct dup_verdict *v)
{
    return f->keep == DUP_KEEP_ALL || (v->first && f->keep == DUP_KEEP_FIRST);
}

/* The input again: what is kept goes out. */
static int drop(const struct flow *f, struct dup *d, struct records *in, struct records_out *out, struct report *report,
                struct err *e)
{
    struct dup_verdict v;
    struct record *r;
    uint64_t at = 0;
    int more = dup_next(d, &v, e), got;

    while (more >= 0 && (got = records_next(in, &r, e)) > 0) {
        int keep = 1;

        if (more > 0 && v.at == at) {
            keep = decide(f, &v);
            if (keep && f->cluster)
                record_set_meta(r, f->cluster, v.cluster, v.cluster_len);
            if (report_line(report, &v, keep, e) < 0)
                return -1;
            more = dup_next(d, &v, e);
        }
        at++;
        if (keep && records_write(out, r, e) < 0)
            return -1;
    }
    if (more > 0 && got == 0)
        return err_set(e, "the input has changed between its two readings: it has %llu records now",
                       (unsigned long long)at);
    return more < 0 || got < 0 ? -1 : 0;
}

static int second_pass(const struct flow *f, struct dup *d, int fd, const char *name, struct report *report,
                       struct err *e)
{
    struct records *in = open_in(f, fd, name, e);
    struct records_out *out = in ? records_out_open(STDOUT_FILENO, "standard output", &f->how, in, e) : NULL;
    int rc = out ? drop(f, d, in, out, report, e) : -1;

    if (rc == 0)
        rc = records_finish(out, e);
    records_close(in);
    return rc;
}

/* Can the input be read twice? A terminal is left to the reader, which refuses it. */
static int rewind_to(int fd, off_t start, const char *name, struct err *e)
{
    return isatty(fd) || lseek(fd, start, SEEK_SET) >= 0 ? 0 : err_errno(e, "%s: cannot go back", name);
}

static int two_passes(const struct flow *f, struct dup *d, int fd, const char *name, struct report *report,
                      struct err *e)
{
    off_t start = 0;

    if (f->against && add_all(d, records_file(f->against, &f->how, e), 1, e) < 0)
        return -1;
    if (!isatty(fd) && (fd = io_rewindable(fd, &start, e)) < 0)
        return err_in(e, "%s", name);
    if (rewind_to(fd, start, name, e) < 0 || add_all(d, open_in(f, fd, name, e), 0, e) < 0 || dup_resolve(d, e) < 0 ||
        rewind_to(fd, start, name, e) < 0)
        return -1;
    return second_pass(f, d, fd, name, report, e);
}

int flow_alone(const struct flow *f, int fd, const char *name, struct err *e)
{
    struct report *report = report_open(f->report, f->o.verify > 0, e);
    struct dup_opts o = with_shard(f, NULL);
    struct dup *d = report ? dup_open(&o, e) : NULL;
    int rc = d ? two_passes(f, d, fd, name, report, e) : -1;

    dup_close(d);
    if (report && report_close(report, rc < 0, rc < 0 ? NULL : e) < 0)
        rc = -1;
    return rc;
}

static int signatures(const struct dup_opts *o, struct dup *d, struct records *in, struct records_out *out,
                      struct err *e)
{
    const struct dup_mark *mark;
    struct record *r, to = {0};
    struct buf scratch = {0};
    uint64_t marks = 0;
    size_t n;
    int got;

    while ((got = records_batch(in, &r, &n, e)) > 0) {
        if (dup_marks(d, r, n, &mark, e) < 0)
            return -1;
        for (size_t i = 0; i < n; i++) {
            dup_mark_put(&to, &scratch, o, &mark[i], dup_sig_len(d));
            if (records_write(out, &to, e) < 0)
                return -1;
        }
        marks += n;
        progress_step(n, 0);
    }
    dup_end_put(&to, &scratch, o->shard, o->shards, marks);
    if (got == 0)
        got = records_write(out, &to, e);
    record_free(&to);
    buf_free(&scratch);
    return got;
}

int flow_signatures(const struct flow *f, int fd, const char *name, struct err *e)
{
    struct records *in = open_in(f, fd, name, e);
    struct dup_opts o = with_shard(f, in);
    struct dup *d = in ? dup_open(&o, e) : NULL;
    struct records_out *out = d ? records_out_open(STDOUT_FILENO, "standard output", &f->how, in, e) : NULL;
    int rc = out ? signatures(&o, d, in, out, e) : -1;

    if (rc == 0)
        rc = records_finish(out, e);
    records_close(in);
    dup_close(d);
    return rc;
}

/* Pass behind the decisions of other shards: 1 with the next of ours, 0 at the end. */
static int next_of_shard(const struct dup_opts *o, struct records *from, struct dup_verdict *v, int *keep,
                         struct err *e)
{
    uint64_t shards, at = v->at;
    struct record *r;
    int got, first = v->shard == 0;

    while ((got = records_next(from, &r, e)) > 0) {
        if (dup_verdict_get(r, v, &shards, keep, e) < 0)
            return -1;
        if (shards != o->shards)
            return err_set(e, "the decisions are for %llu shards, not %llu", (unsigned long long)shards,
                           (unsigned long long)o->shards);
        if (v->shard != o->shard)
            continue;
        if (!first && v->at <= at)
            return err_set(e, "the decisions are out of order: record %llu comes after %llu", (unsigned long long)v->at,
                           (unsigned long long)at);
        return 1;
    }
    return got;
}

static int apply(const struct flow *f, const struct dup_opts *o, struct records *from, struct records *in,
                 struct records_out *out, struct err *e)
{
    struct dup_verdict v = {0};
    struct record *r;
    uint64_t at = 0;
    int keep, got, more = next_of_shard(o, from, &v, &keep, e);

    while (more >= 0 && (got = records_next(in, &r, e)) > 0) {
        int stays = 1;

        if (more > 0 && v.at == at) {
            if (v.id_len != r->id_len || memcmp(v.id, r->id, r->id_len) != 0)
                return err_set(e, "record %llu of shard %llu is %.*s here and %.*s in the decisions",
                               (unsigned long long)at, (unsigned long long)o->shard,
                               (int)(r->id_len > 100 ? 100 : r->id_len), r->id, (int)(v.id_len > 100 ? 100 : v.id_len),
                               v.id);
            stays = keep;
            if (stays && f->cluster)
                record_set_meta(r, f->cluster, v.cluster, v.cluster_len);
            more = next_of_shard(o, from, &v, &keep, e);
        }
        at++;
        if (stays && records_write(out, r, e) < 0)
            return -1;
    }
    if (more > 0 && got == 0)
        return err_set(e, "shard %llu has %llu records here, and the decisions know a record %llu",
                       (unsigned long long)o->shard, (unsigned long long)at, (unsigned long long)v.at);
    return more < 0 || got < 0 ? -1 : 0;
}

int flow_apply(const struct flow *f, const char *decisions, int fd, const char *name, struct err *e)
{
    struct records *from = records_file(decisions, &f->how, e), *in = from ? open_in(f, fd, name, e) : NULL;
    struct records_out *out = in ? records_out_open(STDOUT_FILENO, "standard output", &f->how, in, e) : NULL;
    struct dup_opts o = with_shard(f, in);
    int rc = out ? apply(f, &o, from, in, out, e) : -1;

    if (rc == 0)
        rc = records_finish(out, e);
    records_close(in);
    records_close(from);
    return rc;
}
