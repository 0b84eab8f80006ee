/*
 * lrfactor: write weights, or what an earlier filter lost of them, as products of two thin matrices; or add adapters.
 *
 * One tensor is held at a time, of a method over layers a group of layers: methods see whole matrices. A matrix whose
 * factors would be larger stays as it was.
 */
#include <stdio.h>
#include <string.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/target.h"
#include "factor/flow.h"
#include "la/fast.h"

static const char *method_name, *term, *type_name, *report_path, *budget_path;
static int dry_run, list, verbose;
static struct unseen unseen;
static struct factor_pass pass = FACTOR_PASS;
static struct select sel = {.linears = 1};
static struct factor_flow flow = {.pass = &pass, .sel = &sel};

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method_name, "how to factor: see --list", 0},
    {'r', "rank", "R", OPT_U64, &pass.rank, "columns of the product", 0},
    {0, "keep", "F", OPT_FRACTION, &pass.keep, "... or the share of each matrix's numbers to keep (0.8, 80%)", 0},
    {0, "budget", "FILE", OPT_STRING | OPT_UNSAID, &budget_path,
     "... or each tensor's own, by a table as walloc makes it", 0},
    {0, "term", "TERM", OPT_STRING, &term, "value: the whole weight (default); residual: its last dense term", 0},
    {'t', "type", "DTYPE", OPT_STRING, &type_name, "of the factors: F32 F16 BF16 ... (default: the checkpoint's)", 0},
    SELECT_OPTS(sel),
    FAST_OPT,
    {0, "report", "FILE", OPT_STRING | OPT_UNSAID, &report_path,
     "a TSV line for each tensor: rank, bytes, predicted and measured loss", 0},
    {'n', "dry-run", 0, OPT_FLAG, &dry_run, "write no stream; the report goes to standard output", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the methods and exit", 0},
    {'v', "verbose", 0, OPT_FLAG, &verbose, "name the weights of experts that saw no token", 0},
    OPT_END,
};

static const struct opt_spec spec = {.prog = "lrfactor",
                                     .synopsis = "-m NAME -r R|--keep F [OPTION]... <STREAM >STREAM",
                                     .brief =
                                         "Write weights as products of two thin matrices, or as what is near to one.",
                                     .table = opts,
                                     .more = opt_common,
                                     .methods = {factor_table}};

static int print_list(void)
{
    for (int i = 0; factor_table[i]; i++)
        opt_list(factor_table[i], factor_table[i]->name, factor_table[i]->brief, NULL);
    finish_stdout();
    return 0;
}

/* A budget's cell: the tensor's own rank or share. */
static int set_size(void *ctx, const char *column, const char *word, struct err *e)
{
    (void)ctx;
    return factor_pass_size(&pass, column, word, e);
}

static void open_budget(const struct factor_method *m)
{
    static const char *const column[] = {"rank", "keep", NULL};
    struct err e;

    if (pass.rank || pass.keep != 0)
        die_usage("--budget: each tensor's own, so neither -r nor --keep can be");
    if (m->kind == FACTOR_MIX)
        die_usage("--budget: -m masa is for several tensors together");
    if (!(flow.budget = budget_read(budget_path, column, set_size, NULL, &e)))
        die("%s", e.msg);
    sel.linears = !(sel.by_table = 1); /* the table says which */
}

static void check_options(void)
{
    struct err e;

    if (!method_name)
        die_usage("-m NAME is needed; --list names the methods");
    if (!(pass.method = factor_find(method_name)))
        die_unknown("method", factor_table, NULL, method_name);
    opt_own(&spec, pass.method);
    if (term && strcmp(term, "value") != 0 && strcmp(term, "residual") != 0)
        die_usage("--term '%s' is neither value nor residual", term);
    pass.residual = term && strcmp(term, "residual") == 0;
    if (type_name && (pass.type = dtype_find_float(type_name, &e)) < 0)
        die_usage("-t %s", e.msg);
    if (budget_path)
        open_budget(pass.method);
    pass.unseen = &unseen;
    if (factor_pass_check(&pass, flow.budget ? budget_column(flow.budget) : NULL, &e) < 0 || select_check(&sel, &e) < 0)
        die_usage("%s", e.msg);
    opt_check_report(&report_path, dry_run);
}

static void tell_unseen(void)
{
    const char *how = pass.method->kind == FACTOR_BESIDE  ? "stayed as they were"
                      : pass.method->needs & FACTOR_NORM2 ? "were factored with alpha 0"
                                                          : "were factored by svd";

    if (unseen.n)
        warn("%s", unseen_line(&unseen, how, verbose));
    unseen_free(&unseen);
}

int main(int argc, char **argv)
{
    struct err e;
    int got;

    opt_parse_alone(argc, argv, &spec);
    if (list)
        return print_list();
    check_options();
    struct reader *in = reader_stdin(&e);
    struct writer *out = in && !dry_run ? writer_stdout(in, &e) : NULL;
    if (!in || (!out && !dry_run))
        die("%s", e.msg);
    reader_allow_partial(in, 1);
    progress_total(reader_head(in)->tensors, reader_head(in)->bytes);
    got = factor_flow(&flow, in, out, &e);
    progress_end();
    if (flow.poor.msg[0])
        warn("%s", flow.poor.msg);
    if (got < 0 ||
        select_end(&sel, &reader_head(in)->model, pass.done, "none is a matrix that would be smaller in factors", &e) <
            0 ||
        (out && writer_finish(out, &e) < 0) ||
        (report_path && target_put(report_path, flow.report.data, flow.report.len, &e) < 0))
        die("%s", e.msg);
    tell_unseen();
    if (budget_unused(flow.budget, reader_head(in), &e))
        warn("%s", e.msg);
    budget_free(flow.budget);
    buf_free(&flow.report);
    reader_close(in);
    return 0;
}
