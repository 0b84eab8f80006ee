/* dsel: choose text records. Conditions as they pass; then, where a number is asked for, the first in a method's order.
 * */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/target.h"
#include "la/fast.h"
#include "record/lost.h"
#include "select/choose.h"

static struct choose_opts c = {.method = "top",
                               .top = -1,
                               .bottom = -1,
                               .unit = UNIT_RECORDS,
                               .memory = (uint64_t)64 << 20,
                               .args = {.temperature = 1, .alpha = 1},
                               .dims = 256};
static struct records_opts how;
static const char *lost_path;
static int list, merge;
static struct lost *lost; /* NULL: what is damaged or missing ends the work */
static struct err e;

static int set_unit(const char *arg, struct err *why)
{
    int u = unit_find(arg);

    c.unit = u < 0 ? UNIT_RECORDS : (enum unit)u;
    return u < 0 ? err_set(why, "'%s' is none of records bytes chars words tokens", arg) : 0;
}

static int set_shard(const char *arg, struct err *why)
{
    return shard_parse(arg, &c.shard, why);
}

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &c.method, "in what order (default: top); --list shows the methods", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the methods", 0},
    {0, "by", "NAME", OPT_STRING, &c.by, "the score, or number in meta, to go by; -NAME: the least first, for losses",
     0},
    {'k', "count", "N", OPT_U64, &c.k, "choose so many", 0},
    {0, "top", "PART", OPT_FRACTION, &c.top, "choose this part: 10% or 0.1", 0},
    {0, "bottom", "PART", OPT_FRACTION, &c.bottom,
     "choose this part, the least --by first: what --top PART --by -NAME chooses", 0},
    {0, "total", "N|FILE", OPT_STRING, &c.total,
     "--top is a part of this amount, or of what dfeat counted (default: of what meets the conditions)", 0},
    {0, "of", "UNIT", OPT_CALL, 0, "what -k and --top count: records, bytes, chars, words, tokens (default: records)",
     set_unit},
    {0, "where", "COND", OPT_LIST, &c.where,
     "only records with NAME OP VALUE, such as 'words>=100' or lang=en; all of several", 0},
    {0, "per", "KEY", OPT_STRING, &c.per, "-k and --top hold for each value of this meta key", 0},
    {0, "mix", "NAME=W,...", OPT_STRING, &c.mix, "share -k out over values of --per by these weights", 0},
    {0, "seed", "N", OPT_U64, &c.args.seed, "of what is random (default: 0)", 0},
    {'T', "temperature", "X", OPT_F64, &c.args.temperature, "sample: by exp (score / X) (default: 1)", 0},
    {0, "alpha", "X", OPT_F64, &c.args.alpha, "ucb: weight of what is not yet known (default: 1)", 0},
    {0, "cluster", "KEY", OPT_STRING, &c.cluster, "the meta key that names a record's cluster", 0},
    {0, "vector", "KEY", OPT_STRING, &c.vector,
     "the meta key with a record's numbers (default: hashed n-grams of its text)", 0},
    {0, "dims", "N", OPT_U64, &c.dims, "numbers in a vector of hashed n-grams (default: 256)", 0},
    {0, "shard", "I/N", OPT_CALL | OPT_UNSAID, 0, "which shard the input is (default: what its head says)", set_shard},
    {0, "merge", 0, OPT_FLAG, &merge, "the inputs are shards: all must be there", 0},
    {0, "keep-going", "LIST", OPT_STRING, &lost_path,
     "go on without FILEs and shards that are damaged or missing; LIST names them", 0},
    {'S', "memory", "SIZE", OPT_SIZE, &c.memory, "for sorting; what is more goes to disk (default: 64M)", 0},
    {0, "rejects", "FILE", OPT_STRING, &c.rejects,
     "write what is not chosen there, with the reason, a JSON object a line", 0},
    {0, "report", "FILE", OPT_STRING, &c.report, "write counts, lengths, groups, divergence as a table", 0},
    {0, "target", "FILE", OPT_STRING, &c.target, "features of the target, for the report", 0},
    {0, "raw", "FILE", OPT_STRING, &c.raw, "features of the raw pool, for the report", 0},
    RECORDS_OPTS(how),
    FAST_OPT,
    OPT_END};

static void show_list(void)
{
    for (int i = 0; select_table[i]; i++)
        printf("%s\t%s\n", select_table[i]->name, select_table[i]->brief);
    finish_stdout();
    exit(0);
}

static void must(int done)
{
    if (!done)
        die("%s", e.msg);
}

static void check_names(const struct choose *ch)
{
    int fault = choose_names(ch, &e);

    if (fault > 0)
        warn("%s, in this shard", e.msg);
    must(fault >= 0);
}

/* Conditions only: a map. What is chosen goes on at once. */
static void pass(struct choose *ch, struct records *in)
{
    struct records_out *out = records_out_open(STDOUT_FILENO, "standard output", &how, in, &e);
    struct record *r;
    int got, fits;

    must(out != NULL);
    while ((got = records_next(in, &r, &e)) > 0) {
        must((fits = choose_check(ch, r, &e)) >= 0);
        if (fits)
            choose_count(ch, r);
        must(!fits || records_write(out, r, &e) == 0);
        progress_step(1, r->text_len);
    }
    must(got == 0);
    check_names(ch);
    must(records_finish(out, &e) == 0);
    records_close(in);
}

/* One file: 0, or -1 when it is damaged; what came before the damage counts. */
static int add_file(struct choose *ch, struct records *in, struct records_out *out, int alone)
{
    struct record *r;
    int got;

    if (merge && alone && !lost && records_reader(in))
        reader_allow_partial(records_reader(in), 0);
    while ((got = records_next(in, &r, &e)) > 0) {
        must(choose_add(ch, r, &e) >= 0);
        progress_step(1, r->text_len);
    }
    return got < 0 ? -1 : choose_end_input(ch, in, out, &e);
}

/* The shards that the marks speak of and that did not come. */
static void check_shards(struct choose *ch)
{
    int64_t shard = 0, shards;
    char name[64];

    while (merge && (shard = choose_missing(ch, shard, &shards)) > 0) {
        err_set(&e, "shard %" PRId64 " of %" PRId64 " is missing", shard, shards);
        must(lost != NULL);
        snprintf(name, sizeof name, "shard %" PRId64 " of %" PRId64, shard, shards);
        lost_add(lost, name, 0, "it is missing");
    }
}

/* A number of them: all is read first. in: the first file, or NULL when it cannot be read. */
static void rank(struct choose *ch, struct records *in, char **file, int files)
{
    struct records_out *out = records_out_open(STDOUT_FILENO, "standard output", &how, NULL, &e);
    struct err why = e; /* of the first file */
    struct record *r;
    int got;

    must(out != NULL);
    for (int i = 0; i < files; i++) {
        if (i)
            in = records_file(file[i], &how, &e);
        else if (!in)
            e = why;
        got = in ? add_file(ch, in, out, files == 1) : -1;
        must(got == 0 || lost);
        if (got < 0)
            lost_add(lost, file[i], in ? records_seen(in) : 0, e.msg);
        if (got < 0 && in)
            choose_end_input(ch, in, out, NULL); /* its shard is listed */
        records_close(in);
    }
    check_shards(ch);
    check_names(ch);
    must(choose_order(ch, &e) == 0);
    while ((got = choose_next(ch, &r, &e)) > 0)
        must(records_write(out, r, &e) == 0);
    must(got == 0 && records_finish(out, &e) == 0);
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {
        "dsel",
        "[OPTION]... [FILE]...",
        "Choose text records.",
        opts,
        opt_common,
        "Without -k and --top all that meet the conditions are chosen, in their order; else in the method's order.\n"};
    int files = opt_parse(argc, argv, &spec), all = c.k == 0 && c.top < 0 && c.bottom < 0, part, usage = 0;
    struct choose *ch;
    struct records *in;

    if (list)
        show_list();
    if (files == 0) {
        argv[1] = "-";
        files = 1;
    }
    if (!(ch = choose_open(&c, &usage, &e)) && usage)
        die_usage("%s", e.msg);
    must(ch != NULL);
    if ((c.rejects && strcmp(c.rejects, "-") == 0) || (c.report && strcmp(c.report, "-") == 0))
        die_usage("%s -: standard output is the records'",
                  c.rejects && strcmp(c.rejects, "-") == 0 ? "--rejects" : "--report");
    if (lost_path && (all || strcmp(lost_path, "-") == 0))
        die_usage(all ? "--keep-going needs -k, --top or --bottom: what passes as it comes cannot be taken back"
                      : "--keep-going -: standard output is the records'");
    if (files > 1 && (all || c.shard.n))
        die_usage(all ? "several FILEs need -k or --top; tcat joins them" : "--shard is of one FILE");
    must((!c.report || target_check_put(c.report, &e) == 0) && (lost_path || opt_there(argv + 1, files, &e) == 0));
    must(!lost_path || (lost = lost_open(lost_path, &e)));
    must((in = records_file(argv[1], &how, &e)) != NULL || (lost && !all));
    part = files == 1 && !merge && in ? choose_part(ch, in) : 0;
    if (all || part > 0)
        pass(ch, in);
    else
        rank(ch, in, argv + 1, files);
    must(choose_close(ch, &e) == 0);
    if (lost && lost_count(lost))
        warn("%d files or shards could not be read whole: %s lists them", lost_count(lost), lost_path);
    must(!lost || lost_close(lost, &e) == 0);
    progress_end();
    finish_stdout();
    return 0;
}
