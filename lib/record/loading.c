#include "record/loading.h"

#include <inttypes.h>
#include <string.h>

#include "base/progress.h"

/* What a file gave. */
struct tally {
    uint64_t taken, refused;
    struct err first; /* the first refusal */
    const char *hint;
};

/* What a file may be of which no line is a record, told by its first line. */
static const char *guess(enum load_format f, const struct load_bad *bad)
{
    if ((f != LOAD_AUTO && f != LOAD_JSONL) || !bad->raw_len)
        return "";
    if (*bad->raw != '{' && (memchr(bad->raw, ',', bad->raw_len) || memchr(bad->raw, '\t', bad->raw_len)))
        return "; it looks like CSV or TSV, and JSON lines are needed";
    return bad->raw_len < 3 && *bad->raw == '{' ? "; it looks like one JSON document; jq -c . makes a line of it" : "";
}

static int refuse(const struct loading *l, const char *file, const struct load_bad *bad, struct tally *t, struct err *e)
{
    struct err line;

    err_set(&line, "%s: line %" PRIu64 ": %s", file, bad->line, bad->why.msg);
    if (l->strict)
        return err_set(e, "%s", line.msg);
    if (refusals_count(l->refusals) == 0)
        l->first(line.msg);
    if (t->refused++ == 0) {
        err_set(&t->first, "line %" PRIu64 ": %s", bad->line, bad->why.msg);
        t->hint = guess(l->how->format, bad);
    }
    return refusals_add(l->refusals, file, bad, e);
}

static int take(const struct loading *l, struct record *r, struct records_out *out, struct tally *t, struct err *e)
{
    t->taken++;
    if (l->meta)
        record_keep_meta(r, l->meta);
    progress_step(1, r->text_len);
    return records_write(out, r, e);
}

/* The records of one file: 0; -1 when it cannot be read to its end or nothing of it could be taken; -2 when the work
 * cannot go on. */
static int load_file(const struct loading *l, const struct cut *c, struct records_out *out, struct tally *t,
                     struct err *e)
{
    const char *file = unzip_name(c->file);
    struct load *in = load_open(c->file, l->how, c->from, c->to, e);
    struct record r = {0};
    struct load_bad bad;
    int got = in ? 0 : -1;

    for (uint64_t k = 0; in && (got = load_next(in, &r, &bad, e)) > LOAD_END; k++)
        if (c->each > 1 && k % c->each != c->nth)
            continue;
        else if ((got == LOAD_REFUSED ? refuse(l, file, &bad, t, e) : take(l, &r, out, t, e)) < 0) {
            got = -2;
            break;
        }
    if (got == 0 && !t->taken && t->refused)
        got = err_set(e, "%s: nothing in it is a record: all of %" PRIu64 " refused, the first: %s%s", file, t->refused,
                      t->first.msg, t->hint);
    load_close(in);
    record_free(&r);
    return got;
}

int loading_all(const struct loading *l, struct cuts *cuts, struct records_out *out, struct err *e)
{
    struct cut c;
    int got;

    while ((got = cuts_next(cuts, &c, e)) != 0) {
        struct tally t = {0};

        if (got > 0) {
            got = load_file(l, &c, out, &t, e);
            unzip_close(c.file);
        }
        if (got < -1 || (got < 0 && !l->lost))
            return -1;
        if (got < 0)
            lost_add(l->lost, cuts_file(cuts), t.taken, e->msg);
    }
    return 0;
}
