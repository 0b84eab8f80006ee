/*
 * wscore: how much weights matter.
 *
 * Adds the companion `score` to each chosen tensor; everything else passes. A tensor is held whole, because its score
 * goes before its value; a score that compares the tensors of a layer holds the layer.
 */
#include <stdio.h>

#include "base/die.h"
#include "base/opt.h"
#include "la/fast.h"
#include "run/feed.h"
#include "score/pass.h"
#include "tensor/ends.h"

static const char *method_name;
static struct select sel = {.linears = 1};
static struct unseen unseen;
static struct score_pass pass = {.sel = &sel, .unseen = &unseen};
static struct ends ends;
static int list, verbose;

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method_name, "the score: see --list", 0},
    SELECT_OPTS(sel),
    FAST_OPT,
    ENDS_OPTS(ends, "a TSV line for each tensor scored"),
    {'l', "list", 0, OPT_FLAG, &list, "list the methods, what a score is about, and exit", 0},
    {'v', "verbose", 0, OPT_FLAG, &verbose, "name the weights of experts that saw no token", 0},
    OPT_END,
};

static const struct opt_spec spec = {
    .prog = "wscore",
    .synopsis = "-m NAME [OPTION]... <STREAM >STREAM",
    .brief = "Add the importance of weights to a stream.",
    .table = opts,
    .more = opt_common,
    .methods = {score_table},
};

static int print_list(void)
{
    static const char *const about[] = {"weight", "channel", "tensor"};

    for (int i = 0; score_table[i]; i++)
        opt_list(score_table[i], score_table[i]->name, about[score_table[i]->each], score_table[i]->brief, NULL);
    finish_stdout();
    return 0;
}

static const struct score_method *check_options(void)
{
    const struct score_method *m;
    struct err e;

    if (!method_name)
        die_usage("-m NAME is needed; --list names the scores");
    if (!(m = score_find(method_name)))
        die_unknown("score", score_table, NULL, method_name);
    opt_own(&spec, m);
    if (select_check(&sel, &e) < 0)
        die_usage("%s", e.msg);
    ends_check(&ends);
    pass.dry = ends.dry_run;
    pass.report = ends.report_path ? &ends.report : NULL;
    return pass.method = m;
}

/* Tensor by tensor. */
static int walk(struct feed *f, struct err *e)
{
    struct bundle b = {0};
    int got;

    while ((got = bundle_read(f->in, &b, e)) > 0)
        if ((select_match(&sel, &b) &&
             (bundle_load(f->in, &b, e) < 0 || score_bundles(&pass, &reader_head(f->in)->model, &b, 1, e) < 0)) ||
            (f->out && bundle_write(f->out, f->in, &b, e) < 0))
            return -1;
    bundle_free(&b);
    return got;
}

/* Layer by layer. */
static int walk_layers(struct feed *f, struct err *e)
{
    int got;

    while ((got = feed_next(f, e)) > 0)
        if (score_bundles(&pass, &reader_head(f->in)->model, f->b, f->n, e) < 0 || (f->out && feed_write(f, e) < 0))
            return -1;
    return got;
}

int main(int argc, char **argv)
{
    struct feed feed = {0};
    struct err e;
    int got;

    opt_parse_alone(argc, argv, &spec);
    if (list)
        return print_list();
    const struct score_method *m = check_options();
    if (ends_open(&ends, &e) < 0)
        die("%s", e.msg);
    feed.in = ends.in;
    feed.out = ends.out;
    buf_puts(&ends.report, SCORE_TITLES);
    got = m->needs & SCORE_POOL ? walk_layers(&feed, &e) : walk(&feed, &e);
    if (got < 0 || ends_finish(&ends, &sel, pass.done, NULL, &e) < 0)
        die("%s", e.msg);
    if (unseen.n)
        warn("%s", unseen_line(&unseen, "were scored by magnitude", verbose));
    unseen_free(&unseen);
    ends_close(&ends);
    feed_free(&feed);
    return 0;
}
