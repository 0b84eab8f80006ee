#include "select/choosing.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/progress.h"

static int check_names(struct choosing *c, const struct choose *ch, struct err *e)
{
    int fault = choose_names(ch, e);

    if (fault > 0)
        err_set(&c->note, "%s, in this shard", e->msg);
    return fault < 0 ? -1 : 0;
}

/* One that comes: 0, -1. */
static int pass_one(struct choose *ch, struct record *r, struct records_out *out, struct err *e)
{
    int fits = choose_check(ch, r, e);

    progress_step(1, r->text_len);
    if (fits <= 0)
        return fits;
    choose_count(ch, r);
    return records_write(out, r, e);
}

int choose_pass(struct choosing *c, struct choose *ch, struct records *in, struct err *e)
{
    struct records_out *out = records_out_open(STDOUT_FILENO, "standard output", c->how, in, e);
    struct record *r;
    int got = out ? 0 : -1;

    while (out && (got = records_next(in, &r, e)) > 0)
        if (pass_one(ch, r, out, e) < 0)
            return -1;
    if (got < 0 || check_names(c, ch, e) < 0 || records_finish(out, e) < 0)
        return -1;
    records_close(in);
    return 0;
}

/* One file: 0; -1 when it is damaged, and what came before the damage counts; -2 when the work cannot go on. */
static int add_file(const struct choosing *c, struct choose *ch, struct records *in, struct records_out *out, int alone,
                    struct err *e)
{
    struct record *r;
    int got;

    if (c->merge && alone && !c->lost && records_reader(in))
        reader_allow_partial(records_reader(in), 0);
    while ((got = records_next(in, &r, e)) > 0) {
        if (choose_add(ch, r, e) < 0)
            return -2;
        progress_step(1, r->text_len);
    }
    return got < 0 ? -1 : choose_end_input(ch, in, out, e);
}

static int take_file(const struct choosing *c, struct choose *ch, struct records *in, const char *file, int alone,
                     struct records_out *out, struct err *e)
{
    int got = in ? add_file(c, ch, in, out, alone, e) : -1;

    if (got < -1 || (got < 0 && !c->lost))
        return -1;
    if (got < 0)
        lost_add(c->lost, file, in ? records_seen(in) : 0, e->msg);
    if (got < 0 && in)
        choose_end_input(ch, in, out, NULL); /* its shard is listed */
    records_close(in);
    return 0;
}

/* The shards that the marks speak of and that did not come. */
static int check_shards(const struct choosing *c, struct choose *ch, struct err *e)
{
    int64_t shard = 0, shards;
    char name[64];

    while (c->merge && (shard = choose_missing(ch, shard, &shards)) > 0) {
        if (!c->lost)
            return err_set(e, "shard %" PRId64 " of %" PRId64 " is missing", shard, shards);
        snprintf(name, sizeof name, "shard %" PRId64 " of %" PRId64, shard, shards);
        lost_add(c->lost, name, 0, "it is missing");
    }
    return 0;
}

int choose_rank(struct choosing *c, struct choose *ch, struct records *in, char **file, int files, struct err *e)
{
    struct err why = *e; /* of the first file */
    struct records_out *out = records_out_open(STDOUT_FILENO, "standard output", c->how, NULL, e);
    struct record *r;
    int got;

    if (!out)
        return -1;
    for (int i = 0; i < files; i++) {
        if (i)
            in = records_file(file[i], c->how, e);
        else if (!in)
            *e = why;
        if (take_file(c, ch, in, file[i], files == 1, out, e) < 0)
            return -1;
    }
    if (check_shards(c, ch, e) < 0 || check_names(c, ch, e) < 0 || choose_order(ch, e) < 0)
        return -1;
    while ((got = choose_next(ch, &r, e)) > 0)
        if (records_write(out, r, e) < 0)
            return -1;
    return got < 0 ? -1 : records_finish(out, e);
}
