/* dsel: choose text records. Conditions as they pass; then, where a number is asked for, the first in a method's order. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/target.h"
#include "select/choose.h"

static struct choose_opts c = {.method = "top", .top = -1, .unit = UNIT_RECORDS, .memory = (uint64_t)64 << 20, .args = {.temperature = 1, .alpha = 1},
                               .dims = 256};
static struct records_opts how;
static int list, merge;
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
    {0, "by", "NAME", OPT_STRING, &c.by, "the score, or number in meta, to go by", 0},
    {'k', "count", "N", OPT_U64, &c.k, "choose so many", 0},
    {0, "top", "PART", OPT_FRACTION, &c.top, "choose this part: 10% or 0.1", 0},
    {0, "total", "N|FILE", OPT_STRING, &c.total, "--top is a part of this amount, or of what dfeat counted (default: of what meets the conditions)", 0},
    {0, "of", "UNIT", OPT_CALL, 0, "what -k and --top count: records, bytes, chars, words, tokens (default: records)", set_unit},
    {0, "where", "COND", OPT_LIST, &c.where, "only records with NAME OP VALUE, such as 'words>=100' or lang=en; all of several", 0},
    {0, "per", "KEY", OPT_STRING, &c.per, "-k and --top hold for each value of this meta key", 0},
    {0, "mix", "NAME=W,...", OPT_STRING, &c.mix, "share -k out over values of --per by these weights", 0},
    {0, "seed", "N", OPT_U64, &c.args.seed, "of what is random (default: 0)", 0},
    {'T', "temperature", "X", OPT_F64, &c.args.temperature, "sample: by exp (score / X) (default: 1)", 0},
    {0, "alpha", "X", OPT_F64, &c.args.alpha, "ucb: weight of what is not yet known (default: 1)", 0},
    {0, "cluster", "KEY", OPT_STRING, &c.cluster, "the meta key that names a record's cluster", 0},
    {0, "vector", "KEY", OPT_STRING, &c.vector, "the meta key with a record's numbers (default: hashed n-grams of its text)", 0},
    {0, "dims", "N", OPT_U64, &c.dims, "numbers in a vector of hashed n-grams (default: 256)", 0},
    {0, "shard", "I/N", OPT_CALL | OPT_UNSAID, 0, "which shard the input is (default: what its head says)", set_shard},
    {0, "merge", 0, OPT_FLAG, &merge, "the inputs are shards: all must be there", 0},
    {'S', "memory", "SIZE", OPT_SIZE, &c.memory, "for sorting; what is more goes to disk (default: 64M)", 0},
    {0, "rejects", "FILE", OPT_STRING, &c.rejects, "write what is not chosen there, with the reason, a JSON object a line", 0},
    {0, "report", "FILE", OPT_STRING, &c.report, "write counts, lengths, groups, divergence as a table", 0},
    {0, "target", "FILE", OPT_STRING, &c.target, "features of the target, for the report", 0},
    {0, "raw", "FILE", OPT_STRING, &c.raw, "features of the raw pool, for the report", 0},
    RECORDS_OPTS(how),
    OPT_END
};

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
    must(got == 0 && records_finish(out, &e) == 0);
    records_close(in);
}

/* A number of them: all is read first. in: the first file. */
static void rank(struct choose *ch, struct records *in, char **file, int files)
{
    struct records_out *out = records_out_open(STDOUT_FILENO, "standard output", &how, NULL, &e);
    struct record *r;
    int got;

    must(out != NULL);
    for (int i = 0; i < files; i++) {
        must(i == 0 || (in = records_file(file[i], &how, &e)));
        if (merge && files == 1 && records_reader(in))
            reader_allow_partial(records_reader(in), 0);
        while ((got = records_next(in, &r, &e)) > 0) {
            must(choose_add(ch, r, &e) >= 0);
            progress_step(1, r->text_len);
        }
        must(got == 0 && choose_end_input(ch, in, out, merge && i + 1 == files, &e) == 0);
        records_close(in);
    }
    must(choose_order(ch, &e) == 0);
    while ((got = choose_next(ch, &r, &e)) > 0)
        must(records_write(out, r, &e) == 0);
    must(got == 0 && records_finish(out, &e) == 0);
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {"dsel", "[OPTION]... [FILE]...", "Choose text records.", opts, opt_common,
                                         "Without -k and --top all that meet the conditions are chosen, in their order; else in the method's order.\n"};
    int files = opt_parse(argc, argv, &spec), all = c.k == 0 && c.top < 0, usage = 0;
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
    if (files > 1 && (all || c.shard.n))
        die_usage(all ? "several FILEs need -k or --top; tcat joins them" : "--shard is of one FILE");
    must((!c.report || target_check_put(c.report, &e) == 0) && opt_there(argv + 1, files, &e) == 0);
    must((in = records_file(argv[1], &how, &e)) != NULL);
    if (all || (files == 1 && !merge && choose_part(ch, in)))
        pass(ch, in);
    else
        rank(ch, in, argv + 1, files);
    must(choose_close(ch, &e) == 0);
    progress_end();
    finish_stdout();
    return 0;
}
