/* dfeat: text records to what is counted of all of them: one record that merges. A reduce filter. */
#include <stdio.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/target.h"
#include "record/lost.h"
#include "text/feat.h"
#include "text/gather.h"
#include "text/stats.h"

static struct records_opts how;
static struct gather_opts what;
#define UNSET UINT64_MAX
static uint64_t n = UNSET, buckets = UNSET;
static const char *method = "ngram", *hash, *path = "-";
static const char *lost_path;
static int list, merge;
static struct lost *lost; /* NULL: what is damaged ends the work */
static const struct gather *m;
static struct err e;

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method,
     "ngram: counts of hashed n-grams (default); stats: distributions of numbers", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the methods and exit", 0},
    {0, "hash", "NAME", OPT_STRING, &hash,
     "ngram: dsir, as p-lambda/dsir counts; dsir-nltk3.10, with NLTK since 3.10; native, faster (default: dsir)", 0},
    {'n', "n", "N", OPT_U64, &n, "ngram: the longest, 1 to 8 (default: 2)", 0},
    {'b', "buckets", "N", OPT_U64, &buckets, "ngram: number of buckets (default: 10000)", 0},
    {0, "of", "NAME,...", OPT_STRING, &what.fields,
     "stats: of these measures, scores and numbers in meta (default: all measures)", 0},
    {0, "merge", 0, OPT_FLAG, &merge, "the FILEs (default: standard input) hold what dfeat made: add it up", 0},
    {0, "keep-going", "LIST", OPT_STRING, &lost_path,
     "leave out FILEs that cannot be read whole; LIST names them, with the reason", 0},
    {'o', "output", "FILE", OPT_STRING, &path, "write to FILE, which appears when it is whole (default: stdout)", 0},
    RECORDS_OPTS(how),
    OPT_END};

static void show_list(void)
{
    for (int i = 0; gather_table[i]; i++)
        printf("%s\t%s\n", gather_table[i]->name, gather_table[i]->brief);
    finish_stdout();
    exit(0);
}

static void check_options(void)
{
    int mode = hash ? feat_mode_find(hash) : NGRAM_DSIR, ngram = (m = gather_find(method)) == gather_table[0];

    if (list)
        show_list();
    if (!m)
        die_unknown("method", gather_table, NULL, method);
    if (ngram ? what.fields != NULL : n != UNSET || buckets != UNSET || hash)
        die_usage(ngram ? "--of is for -m stats" : "-n, -b and --hash are for -m ngram");
    if (mode < 0)
        die_usage("--hash: '%s' is none of dsir dsir-nltk3.10 native", hash);
    n = n == UNSET ? 2 : n;
    buckets = buckets == UNSET ? 10000 : buckets;
    if (n < 1 || n > NGRAM_MAX || buckets < 1 || buckets > NGRAM_BUCKETS_MAX)
        die_usage("%s", n < 1 || n > NGRAM_MAX ? "-n takes 1 to 8" : "-b takes 1 to 16777216");
    what.grams = (struct ngram_opts){(enum ngram_mode)mode, (uint32_t)n, (uint32_t)buckets};
    if (!what.fields)
        what.fields = STATS_DEFAULT;
}

static int take(const char *file, void *all)
{
    return merge ? gather_add(m, file, all, &e) : gather_count(m, &what, file, &how, all, &e);
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {
        "dfeat", "[OPTION]... [FILE]...", "Count what is in text records, or add up such counts.", opts, opt_common,
        NULL};
    int files = opt_parse(argc, argv, &spec);
    struct target *to;
    void *all;

    check_options();
    if (lost_path && !(lost = lost_open(lost_path, &e)))
        die("%s", e.msg);
    to = how.lines ? target_open_text(path, &e) : target_open(path, &e);
    if (!to)
        die("%s", e.msg);
    all = m->open(merge ? NULL : &what);
    for (int i = 1; i <= (files ? files : 1); i++)
        if (take(files ? argv[i] : "-", all) < 0) {
            if (!lost)
                die("%s", e.msg);
            lost_add(lost, files ? argv[i] : "standard input", 0, e.msg);
        }
    if (lost && lost_count(lost))
        warn("%d files could not be read whole: %s lists them", lost_count(lost), lost_path);
    if (lost && lost_close(lost, &e) < 0)
        die("%s", e.msg);
    if (gather_put(m, target_fd(to), path, how.lines, all, &e) < 0 || target_commit(to, &e) < 0)
        die("%s", e.msg);
    m->close(all);
    progress_end();
    return 0;
}
