/* dfeat: text records to what is counted of all of them: one record that merges. A reduce filter. */
#include <stdio.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/target.h"
#include "record/lost.h"
#include "text/gather.h"

static struct records_opts how;
static const char *method = "ngram", *path = "-";
static const char *lost_path;
static int list, merge;
static struct lost *lost; /* NULL: what is damaged ends the work */
static const struct gather *m;
static struct err e;

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method,
     "ngram: counts of hashed n-grams (default); stats: distributions of numbers", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the methods and exit", 0},
    {0, "merge", 0, OPT_FLAG, &merge, "the FILEs (default: standard input) hold what dfeat made: add it up", 0},
    {0, "keep-going", "LIST", OPT_STRING, &lost_path,
     "leave out FILEs that cannot be read whole; LIST names them, with the reason", 0},
    {'o', "output", "FILE", OPT_STRING, &path, "write to FILE, which appears when it is whole (default: stdout)", 0},
    RECORDS_OPTS(how),
    OPT_END};

static const struct opt_spec spec = {.prog = "dfeat",
                                     .synopsis = "[OPTION]... [FILE]...",
                                     .brief = "Count what is in text records, or add up such counts.",
                                     .table = opts,
                                     .more = opt_common,
                                     .methods = {gather_table}};

static void show_list(void)
{
    for (int i = 0; gather_table[i]; i++)
        opt_list(gather_table[i], gather_table[i]->name, gather_table[i]->brief, NULL);
    finish_stdout();
    exit(0);
}

static int take(const char *file, void *all)
{
    return merge ? gather_add(m, file, all, &e) : gather_count(m, file, &how, all, &e);
}

int main(int argc, char **argv)
{
    int files = opt_parse(argc, argv, &spec);
    struct target *to;
    void *all;

    if (list)
        show_list();
    if (!(m = gather_find(method)))
        die_unknown("method", gather_table, NULL, method);
    opt_own(&spec, m);
    if (lost_path && !(lost = lost_open(lost_path, &e)))
        die("%s", e.msg);
    to = how.lines ? target_open_text(path, &e) : target_open(path, &e);
    if (!to)
        die("%s", e.msg);
    all = m->open(!merge);
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
