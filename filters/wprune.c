/*
 * wprune: zero the least important weights.
 *
 * A method is one of lib/prune, or the name of a score, which is then computed on the way and pruned by. Scopes tensor
 * and model count all scores twice before they choose; for the model the input is walked three times, so a pipe is
 * spooled to an unlinked file first.
 */
#include <unistd.h>

#include "base/die.h"
#include "la/fast.h"
#include "prune/flow.h"
#include "score/score.h"
#include "tensor/ends.h"

static const char *method_name, *budget_path;
static struct select sel = {.linears = 1};
static struct prune_flow flow = {.sel = &sel};
static struct ends ends;
static int list, verbose;

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method_name, "how to choose: see --list", 0},
    {'s', "sparsity", "S|N:M", OPT_STRING, &flow.sparsity, "zero this share (0.5, 50%), or keep N of each M", 0},
    {0, "budget", "FILE", OPT_STRING | OPT_UNSAID, &budget_path,
     "... or each tensor's own, by a table as walloc makes it", 0},
    {0, "scope", "SCOPE", OPT_STRING, &flow.scope,
     "compare by row, tensor or model (default: what the method's paper has)", 0},
    {0, "block", "RxC", OPT_STRING, &flow.block, "zero whole blocks of R rows and C columns", 0},
    {0, "refit", 0, OPT_FLAG, &flow.pass.refit, "fit the weights that stay to the old outputs, by the companion gram",
     0},
    SELECT_OPTS(sel),
    FAST_OPT,
    ENDS_OPTS(ends, "a TSV line for each tensor pruned"),
    {'l', "list", 0, OPT_FLAG, &list, "list the methods and exit", 0},
    {'v', "verbose", 0, OPT_FLAG, &verbose, "name the weights of experts that saw no token", 0},
    OPT_END,
};

static const struct opt_spec spec = {
    .prog = "wprune",
    .synopsis = "-m NAME -s S|N:M [OPTION]... <STREAM >STREAM",
    .brief = "Zero the least important weights.",
    .table = opts,
    .more = opt_common,
    .methods = {prune_table, score_table},
};

static const struct score_method *scored; /* NULL: by the companion */
static struct score_known known;

static int prepare(const struct bundle *b, const struct attrs *model, struct err *e)
{
    score_known_free(&known);
    return score_known_get(&known, scored->needs, b, model, NULL, e);
}

static int scorer(const struct bundle *b, const struct prune_inputs *in, uint64_t row0, uint64_t rows, const float *w,
                  float *out, struct err *e)
{
    (void)in;
    return score_rows(scored, &(struct score_job){b->name, row0, rows, b->cols, w, &known, out}, e);
}

static int by_magnitude(const struct bundle *b, const struct prune_inputs *in, uint64_t row0, uint64_t rows,
                        const float *w, float *out, struct err *e)
{
    (void)in;
    return score_rows(&score_magnitude, &(struct score_job){b->name, row0, rows, b->cols, w, NULL, out}, e);
}

static int print_list(void)
{
    for (int i = 0; prune_table[i]; i++)
        opt_list(prune_table[i], prune_table[i]->name, prune_table[i]->brief, NULL);
    for (int i = 0; score_table[i]; i++)
        if (!prune_find(score_table[i]->name) && !(score_table[i]->needs & SCORE_POOL)) /* those are wscore's alone */
            opt_list(score_table[i], score_table[i]->name, score_table[i]->brief, NULL);
    finish_stdout();
    return 0;
}

/* A method by its name, or that of a score, which is then what the method score goes by. Its options are read. */
static const struct prune_method *find(const char *name, const void **row)
{
    const struct prune_method *m = prune_find(name);

    *row = m;
    if (!m && (*row = scored = score_find(name)))
        m = &prune_score;
    if (!m)
        die_unknown("method", prune_table, score_table, name);
    opt_take(*row);
    return m;
}

static void find_methods(void)
{
    const void *row, *helper;
    const struct prune_method *m = flow.pass.method = find(method_name, &row);

    if (m->init)
        m = flow.pass.init = find(*m->init, &helper);
    opt_own(&spec, row);
    if (m->init)
        die_usage("--init %s: it cannot begin with itself", m->name);
    if (m->needs & PRUNE_SCORE)
        flow.pass.scorer = scored ? scorer : prune_companion;
    flow.pass.prepare = scored ? prepare : NULL;
    flow.pass.whole = scored && scored->whole;
    flow.by_inputs = scored && scored->needs & SCORE_INPUTS;
    flow.usual = scored ? (enum scope)scored->scope : SCOPE_TENSOR;
    flow.plain = by_magnitude;
}

static void check_options(void)
{
    struct err e;

    if (!method_name || !flow.sparsity == !budget_path)
        die_usage("-m NAME and one of -s S and --budget FILE are needed; --list names the methods");
    find_methods();
    if (prune_flow_check(&flow, &e) < 0)
        die_usage("%s", e.msg);
    ends_check(&ends);
    if (budget_path && prune_flow_budget(&flow, budget_path, &e) < 0)
        die("%s", e.msg);
}

int main(int argc, char **argv)
{
    struct err e;

    opt_parse_alone(argc, argv, &spec);
    if (list)
        return print_list();
    check_options();
    if (!(ends.in = prune_flow_reader(&flow, STDIN_FILENO, &e)) || ends_open(&ends, &e) < 0 ||
        prune_flow(&flow, ends.in, ends.out, ends.report_path ? &ends.report : NULL, &e) < 0 ||
        ends_finish(&ends, &sel, flow.pruned, NULL, &e) < 0)
        die("%s", e.msg);
    if (budget_unused(flow.budget, reader_head(ends.in), &e))
        warn("%s", e.msg);
    if (flow.unseen.n)
        warn("%s", unseen_line(&flow.unseen, "were pruned by magnitude", verbose));
    prune_flow_free(&flow);
    score_known_free(&known);
    ends_close(&ends);
    return 0;
}
