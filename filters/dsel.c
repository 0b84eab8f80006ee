/* dsel: choose text records. Conditions as they pass; then, where a number is asked for, the first in a method's order.
 * */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/target.h"
#include "la/fast.h"
#include "select/choosing.h"

static struct choose_opts c = {
    .method = "top", .top = -1, .bottom = -1, .unit = UNIT_RECORDS, .memory = (uint64_t)64 << 20};
static struct records_opts how;
static const char *lost_path;
static struct choosing job = {.how = &how};
static int list;
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
    {0, "shard", "I/N", OPT_CALL | OPT_UNSAID, 0, "which shard the input is (default: what its head says)", set_shard},
    {0, "merge", 0, OPT_FLAG, &job.merge, "the inputs are shards: all must be there", 0},
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

static const struct opt_spec spec = {
    .prog = "dsel",
    .synopsis = "[OPTION]... [FILE]...",
    .brief = "Choose text records.",
    .table = opts,
    .more = opt_common,
    .after =
        "Without -k and --top all that meet the conditions are chosen, in their order; else in the method's order.\n",
    .methods = {select_table}};

static void show_list(void)
{
    for (int i = 0; select_table[i]; i++)
        opt_list(select_table[i], select_table[i]->name, select_table[i]->brief, NULL);
    finish_stdout();
    exit(0);
}

static void must(int done)
{
    if (!done)
        die("%s", e.msg);
}

int main(int argc, char **argv)
{
    int files = opt_parse(argc, argv, &spec), all = c.k == 0 && c.top < 0 && c.bottom < 0, part, usage = 0;
    struct choose *ch;
    struct records *in;

    if (list)
        show_list();
    if (files == 0) {
        argv[1] = "-";
        files = 1;
    }
    if (!select_find(c.method))
        die_unknown("method", select_table, NULL, c.method);
    opt_own(&spec, select_find(c.method));
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
    must(!lost_path || (job.lost = lost_open(lost_path, &e)));
    must((in = records_file(argv[1], &how, &e)) != NULL || (job.lost && !all));
    part = files == 1 && !job.merge && in ? choose_part(ch, in) : 0;
    must((all || part > 0 ? choose_pass(&job, ch, in, &e) : choose_rank(&job, ch, in, argv + 1, files, &e)) == 0);
    must(choose_close(ch, &e) == 0);
    if (job.note.msg[0])
        warn("%s", job.note.msg);
    if (job.lost && lost_count(job.lost))
        warn("%d files or shards could not be read whole: %s lists them", lost_count(job.lost), lost_path);
    must(!job.lost || lost_close(job.lost, &e) == 0);
    progress_end();
    finish_stdout();
    return 0;
}
