/* dscore: add scores to text records. A map filter: read a batch, rate it, write it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/progress.h"
#include "rate/rate.h"

static struct records_opts how;
static const char *method;
static int list;
static struct err e;

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method, "which scores; --list shows the methods", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the methods", 0},
    RECORDS_OPTS(how),
    OPT_END};

static const struct opt_spec spec = {.prog = "dscore",
                                     .synopsis = "-m METHOD [OPTION]... [FILE]",
                                     .brief = "Add scores to text records.",
                                     .table = opts,
                                     .more = opt_common,
                                     .methods = {rate_table}};

static void show_list(void)
{
    for (int i = 0; rate_table[i]; i++)
        opt_list(rate_table[i], rate_table[i]->name, rate_table[i]->brief, NULL);
    finish_stdout();
    exit(0);
}

static void *open_method(const struct rate_method *m)
{
    void *state = NULL;
    int usage = 0;

    if (m->open(&state, &usage, &e) == 0)
        return state;
    if (usage)
        die_usage("%s", e.msg);
    die("%s", e.msg);
}

int main(int argc, char **argv)
{
    int files = opt_parse(argc, argv, &spec), got;
    const struct rate_method *m;
    struct records *in;
    struct records_out *out;
    struct record *r;
    size_t n;
    void *state;

    if (list)
        show_list();
    m = method ? rate_find(method) : NULL;
    if (files > 1 || !method)
        die_usage(files > 1 ? "one FILE at most" : "-m NAME is needed; --list shows the methods");
    if (!m)
        die_unknown("method", rate_table, NULL, method);
    opt_own(&spec, m);
    state = open_method(m);
    in = records_file(files ? argv[1] : "-", &how, &e);
    out = in ? records_out_open(STDOUT_FILENO, "standard output", &how, in, &e) : NULL;
    if (!out)
        die("%s", e.msg);
    while ((got = records_batch(in, &r, &n, &e)) > 0) {
        if (rate_batch(m, state, r, n, &e) < 0)
            die("%s", e.msg);
        for (size_t i = 0; i < n; i++)
            if (records_write(out, &r[i], &e) < 0)
                die("%s", e.msg);
        progress_step(n, 0);
    }
    if (got < 0 || records_finish(out, &e) < 0)
        die("%s", e.msg);
    records_close(in);
    m->close(state);
    progress_end();
    finish_stdout();
    return 0;
}
