/*
 * ddup: drop texts that are there already, equal or nearly so.
 *
 * Two passes over the input: signatures, sorted into buckets on disk, give clusters; then each text is kept or dropped.
 * Over shards the passes are programs of their own: --signatures for each shard, --merge for all, --apply for each
 * shard.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/shard.h"
#include "dup/flow.h"

#define APART ((uint64_t)24 << 20) /* what else than sorting takes memory */

static struct flow flow;
static const char *method = "native", *keep = "first", *order = "id", *bands, *apply;
static uint64_t ngram, hashes, memory = (uint64_t)256 << 20;
static double threshold, verify;
static int list, signatures, merge;
static struct err e;

static int set_shard(const char *arg, struct err *why)
{
    struct shard s;

    if (shard_parse(arg, &s, why) < 0)
        return -1;
    flow.o.shard = (uint64_t)s.i;
    flow.o.shards = (uint64_t)s.n;
    return 0;
}

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method, "the preset; --list shows them (default: native)", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the presets and exit", 0},
    {0, "ngram", "N", OPT_U64, &ngram, "words (nemo: characters) in an n-gram", 0},
    {0, "hashes", "K", OPT_U64, &hashes, "places of a signature", 0},
    {0, "threshold", "T", OPT_FRACTION, &threshold, "cut signatures into the bands that are best for this likeness", 0},
    {0, "bands", "BxR", OPT_STRING, &bands, "B bands of R places", 0},
    {0, "normalise", 0, OPT_FLAG, &flow.o.normalise, "exact: compare the words in lower case", 0},
    {0, "seed", "N", OPT_U64, &flow.o.seed, "of the hash functions (default 0)", 0},
    {0, "verify", "T", OPT_FRACTION, &verify, "join texts only if the Jaccard index of their n-grams is at least T", 0},
    {'k', "keep", "WHICH", OPT_STRING, &keep,
     "of a cluster: first, best:SCORE, best:-SCORE (the least, for losses), none, or all (default: first)", 0},
    {0, "order", "BY", OPT_STRING, &order, "what is first: by id, or by input (default: id)", 0},
    {0, "against", "FILE", OPT_STRING, &flow.against,
     "drop only what is like a text of FILE (--merge: of which FILE has the signatures)", 0},
    {0, "cluster", "KEY", OPT_STRING, &flow.cluster, "give the kept of a cluster its first one's id under this key", 0},
    {0, "report", "FILE", OPT_STRING | OPT_UNSAID, &flow.report, "a TSV line for each text of a cluster", 0},
    {'S', "memory", "SIZE", OPT_SIZE | OPT_UNSAID, &memory, "memory; more goes to temporary files (default 256M)", 0},
    {0, "signatures", 0, OPT_FLAG, &signatures, "write the signatures of one shard", 0},
    {0, "merge", 0, OPT_FLAG, &merge, "read the signatures of all shards from the FILEs, write the decisions", 0},
    {0, "apply", "FILE", OPT_STRING, &apply, "keep and drop in one shard as the decisions in FILE say", 0},
    {0, "shard", "I/N", OPT_CALL | OPT_UNSAID, 0, "which shard the input is (default: what its head says, else 1/1)",
     set_shard},
    RECORDS_OPTS(flow.how),
    OPT_END};

static const struct opt_spec spec = {"ddup", "[OPTION]... [FILE]", "Drop texts that are there already.",
                                     opts,   opt_common,           NULL};

static void show_list(void)
{
    for (int i = 0; dup_table[i]; i++)
        printf("%s\t%s\n", dup_table[i]->name, dup_table[i]->brief);
    finish_stdout();
    exit(0);
}

static void check_keep(void)
{
    if (strncmp(keep, "best:", 5) == 0 && keep[5] && strcmp(keep + 5, "-") != 0) {
        flow.o.order = DUP_BY_SCORE;
        flow.o.score = keep + 5;
    } else if (strcmp(keep, "none") == 0) {
        flow.keep = DUP_KEEP_NONE;
    } else if (strcmp(keep, "all") == 0) {
        flow.keep = DUP_KEEP_ALL;
    } else if (strcmp(keep, "first") != 0) {
        die_usage("--keep '%s': first, best:SCORE, none or all is needed", keep);
    }
    if (strcmp(order, "input") == 0 && !flow.o.score)
        flow.o.order = DUP_BY_INPUT;
    else if (strcmp(order, "id") != 0)
        die_usage(flow.o.score ? "--order %s: --keep %s has an order" : "--order '%s': id or input is needed", order,
                  keep);
}

/* file: the first, if there are any. */
static void check_options(int files, const char *file)
{
    const struct dup_preset *p = dup_find(method);

    if (list)
        show_list();
    if (!p)
        die_unknown("method", dup_table, NULL, method);
    flow.o.p = *p;
    if (dup_adjust(&flow.o.p, ngram, hashes, threshold, bands, &e) < 0)
        die_usage("%s", e.msg);
    if (p->exact ? verify > 0 : flow.o.normalise)
        die_usage(p->exact ? "--verify: -m exact is sure already" : "--normalise is for -m exact");
    check_keep();
    if (signatures + merge + !!apply > 1)
        die_usage("one of --signatures, --merge and --apply");
    if ((signatures && flow.against) || (apply && (verify > 0 || flow.against)))
        die_usage("%s: --merge decides what is like what", flow.against ? "--against" : "--verify");
    if (merge ? files == 0 : files > 1)
        die_usage(merge ? "--merge: which FILEs?" : "one FILE at most");
    if (((flow.against && strcmp(flow.against, "-") == 0) || (apply && strcmp(apply, "-") == 0)) &&
        (merge || !files || strcmp(file, "-") == 0))
        die_usage("%s -: standard input is to be read twice", apply ? "--apply" : "--against");
    if (flow.report && (signatures || apply || strcmp(flow.report, "-") == 0))
        die_usage(strcmp(flow.report, "-") == 0 ? "--report -: standard output is the stream's"
                                                : "--report goes with --merge");
    if (memory < 2 * APART)
        die_usage("-S: at least %lluM", (unsigned long long)(2 * APART >> 20));
    flow.o.memory = memory - APART;
    flow.o.verify = verify;
    flow.o.against = flow.against != NULL;
    flow.o.likeness = flow.report != NULL;
}

int main(int argc, char **argv)
{
    int files = opt_parse(argc, argv, &spec), fd = STDIN_FILENO, rc;
    const char *name = "standard input";

    check_options(files, argv[1]);
    if (!merge && files && strcmp(argv[1], "-") != 0 && (fd = open(name = argv[1], O_RDONLY | O_CLOEXEC)) < 0)
        die("%s", (err_errno(&e, "cannot open %s", name), e.msg));
    rc = merge        ? flow_merge(&flow, argv + 1, files, &e)
         : signatures ? flow_signatures(&flow, fd, name, &e)
         : apply      ? flow_apply(&flow, apply, fd, name, &e)
                      : flow_alone(&flow, fd, name, &e);
    if (rc < 0)
        die("%s", e.msg);
    progress_end();
    finish_stdout();
    return 0;
}
