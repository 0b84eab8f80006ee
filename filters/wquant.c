/*
 * wquant: weights to fewer bits.
 *
 * A type is a block type of ggml, affine codes (int2 to int8), or a plain float type. Tensors go through in slabs of
 * rows; the choice of tensors, the fallbacks and the report are here, the numbers in lib/quant.
 */
#include <stdio.h>
#include <string.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/target.h"
#include "ckpt/imatrix.h"
#include "la/fast.h"
#include "quant/flow.h"
#include "quant/policy.h"
#include "tensor/budget.h"
#include "tensor/select.h"

static const char *type_name, *method_name = "rtn", *scales_name = "f16", *report_path, *budget_path, *policy_name,
                              *print_name;
static int64_t bits;
static uint64_t group = 128, tall;
static int clip, no_clip, residual, sym, no_importance, dry_run, list, verbose;
static struct select sel;

static const struct opt opts[] = {
    {'t', "type", "TYPE", OPT_STRING, &type_name, "q4_K, q8_0, int4, f16 ...: see --list", 0},
    {'b', "bits", "N", OPT_INT, &bits, "the same as -t intN", 0},
    {0, "budget", "FILE", OPT_STRING | OPT_UNSAID, &budget_path,
     "... or each tensor's own, by a table as walloc makes it", 0},
    {0, "policy", "NAME|FILE", OPT_STRING | OPT_UNSAID, &policy_name,
     "... or by rules over roles and layers: a preset as Q4_K_M, or a file of such", 0},
    {'g', "group", "N", OPT_U64, &group,
     "columns that share a scale, of int types, fp8, fp4, nf4 (default 128; 0: the row)", 0},
    {0, "rows", "N", OPT_U64, &tall, "fp8, fp4, nf4: rows that share a scale: 2, 4, 8 ... 512 (default 1)", 0},
    {0, "sym", 0, OPT_FLAG, &sym, "int types: a fixed zero in the middle of the codes", 0},
    {0, "scales", "TYPE", OPT_STRING, &scales_name,
     "scales (and zeros of int types) in f16 (default), bf16, f32; of floats f8_e8m0, f8_e4m3", 0},
    {'m', "method", "NAME", OPT_STRING, &method_name, "int types: how codes are chosen (default rtn): see --list", 0},
    {0, "clip", 0, OPT_FLAG, &clip,
     "search each group's, or block's, levels by the gram or norm2 (default: at 3 bits and fewer, and gptq into "
     "blocks)",
     0},
    {0, "no-clip", 0, OPT_FLAG, &no_clip, "levels span the weights; awq: scale only", 0},
    {0, "residual", 0, OPT_FLAG, &residual, "keep what is lost as one more dense term", 0},
    {0, "no-importance", 0, OPT_FLAG, &no_importance, "block types: do not use the companion norm2", 0},
    SELECT_OPTS(sel),
    FAST_OPT,
    {0, "report", "FILE", OPT_STRING | OPT_UNSAID, &report_path, "a TSV line for each tensor quantized, and the total",
     0},
    {'n', "dry-run", 0, OPT_FLAG, &dry_run, "read headers only, write no stream; the forecast goes to standard output",
     0},
    {0, "print-policy", "NAME", OPT_STRING, &print_name, "print the rules of a preset and exit", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list types and methods and exit", 0},
    {'v', "verbose", 0, OPT_FLAG, &verbose, "name the tensors that take a fallback type", 0},
    OPT_END,
};

static const struct opt_spec spec = {.prog = "wquant",
                                     .synopsis = "-t TYPE [OPTION]... <STREAM >STREAM",
                                     .brief = "Store weights in fewer bits.",
                                     .table = opts,
                                     .more = opt_common,
                                     .methods = {quant_methods}};

static struct quant_plan plan;
static struct budget *budget;
static struct policy *policy;
static const struct attrs *model; /* the head's */

static int print_list(void)
{
    struct buf text = {0};

    quant_list(&text);
    fputs(buf_str(&text), stdout);
    for (const struct quant_method *const *m = quant_methods; *m; m++)
        opt_list(*m, "method", (*m)->name, (*m)->brief, NULL);
    buf_free(&text);
    finish_stdout();
    return 0;
}

static int print_policy(void)
{
    const char *text = policy_text(print_name);

    if (!text)
        die_usage("--print-policy '%s': presets are %s", print_name, policy_names());
    fputs(text, stdout);
    finish_stdout();
    return 0;
}

/* The plan from a word of the command line or of a budget. */
static int set_plan(void *ctx, const char *column, const char *word, struct err *e)
{
    char name[40];

    (void)ctx;
    snprintf(name, sizeof name, "%s%.32s", strcmp(column, "bits") == 0 ? "int" : "", word);
    if (quant_plan_parse(&plan, name, e) < 0)
        return strcmp(column, "bits") == 0 ? err_set(e, "'%s' is none of 2 to 8", word) : -1;
    if (quant_plan_options(&plan, method_name, scales_name, group, sym, e) < 0)
        return -1;
    return (budget_path || policy_name) && !plan.affine.table ? 0 : quant_plan_tall(&plan, tall, e);
}

static int check_type(void *ctx, const char *word, struct err *e)
{
    return set_plan(ctx, "type", word, e);
}

/* The tables that say what each tensor is to become. */
static void read_tables(void)
{
    static const char *const column[] = {"type", "bits", NULL};
    struct err e;

    if (budget_path && !(budget = budget_read(budget_path, column, set_plan, NULL, &e)))
        die("%s", e.msg);
    if (policy_name && !(policy = policy_read(policy_name, check_type, NULL, &e)))
        die("%s", e.msg);
    sel.by_table = budget || policy;
}

static void check_options(void)
{
    const char *table = budget_path ? "--budget" : policy_name ? "--policy" : NULL;
    char word[32];
    struct err e;

    if (!bits + !type_name + !budget_path + !policy_name != 3)
        die_usage("one of -t TYPE, -b BITS, --budget FILE and --policy NAME is needed; --list names the types");
    if (bits && (bits < 2 || bits > 8))
        die_usage("-b %lld: 2 to 8 bits", (long long)bits);
    if (!quant_method_find(method_name))
        die_unknown("method", quant_methods, NULL, method_name);
    opt_own(&spec, quant_method_find(method_name));
    snprintf(word, sizeof word, "%lld", (long long)bits);
    if (set_plan(NULL, bits ? "bits" : "type",
                 bits        ? word
                 : type_name ? type_name
                             : "int8",
                 &e) < 0 ||
        select_check(&sel, &e) < 0)
        die_usage("%s", e.msg);
    if (clip && no_clip)
        die_usage("--clip and --no-clip exclude each other");
    if (clip && !table && !quant_plan_clips(&plan))
        die_usage("--clip: nothing of %s by -m %s is left to search", quant_plan_name(&plan, word), method_name);
    if (table && plan.method->needs & QUANT_LAYER)
        die_usage("%s: %s scales all linears of one input together, for one type", table, method_name);
    plan.residual = residual;
    plan.clip = clip ? QUANT_CLIP_YES : no_clip ? QUANT_CLIP_NO : QUANT_CLIP_DEFAULT;
    opt_check_report(&report_path, dry_run);
    read_tables();
}

static int choose(const struct bundle *b, struct quant_plan *p, struct err *e)
{
    const char *word = budget ? budget_find(budget, b->name) : NULL;
    int takes = select_match(&sel, b) && quant_takes(b, budget || sel.only.n > 0);

    if (policy && takes && policy_find(policy, model, b, &word, e) < 0)
        return -1;
    if (!takes || ((budget || policy) && !word))
        return 0;
    if (word && set_plan(NULL, budget ? budget_column(budget) : "type", word, e) < 0)
        return -1;
    if (!budget && sel.only.n == 0 && quant_falls_out(&plan, b))
        return 0;
    *p = plan;
    return 1;
}

/* Who takes a fallback: each by name, or how many. */
static void tell_fallbacks(struct quant_flow *f)
{
    char *rest = (char *)(uintptr_t)buf_str(&f->fallback), *line;

    while (verbose && (line = strsep(&rest, "\n")))
        if (*line)
            warn("%s", line);
    if (f->fallbacks && !verbose)
        warn("%llu of %llu tensors took a fallback; -v names them", (unsigned long long)f->fallbacks,
             (unsigned long long)f->chosen);
}

int main(int argc, char **argv)
{
    struct quant_flow flow = {.choose = choose};
    struct err e;

    if (opt_parse(argc, argv, &spec) > 0)
        die_usage("operand '%s': the stream comes on standard input", argv[1]);
    if (list)
        return print_list();
    if (print_name)
        return print_policy();
    check_options();
    struct reader *in = reader_stdin(&e);
    struct writer *out = in && !dry_run ? writer_stdout(in, &e) : NULL;
    if (!in || (!out && !dry_run))
        die("%s", e.msg);
    reader_allow_partial(in, 1);
    if (out && no_importance)
        imatrix_forget(&writer_head(out)->more);
    model = &reader_head(in)->model;
    if (out)
        to_gguf_note_type(&writer_head(out)->more, policy ? policy_file_type(policy) : -1);
    reader_skips(in, dry_run ? SKIP_ALL : SKIP_NOTHING);
    flow.by_layer = plan.kind == QUANT_AFFINE && plan.method->needs & QUANT_LAYER;
    flow.layer = plan;
    flow.importance = !no_importance;
    flow.measures = report_path != NULL;
    if (quant_flow(&flow, in, out, &e) < 0 ||
        select_end(&sel, &reader_head(in)->model, flow.chosen, "none is a matrix of floats", &e) < 0 ||
        (out && writer_finish(out, &e) < 0) ||
        (report_path && target_put(report_path, flow.report.data, flow.report.len, &e) < 0))
        die("%s", e.msg);
    tell_fallbacks(&flow);
    if (budget_unused(budget, reader_head(in), &e) || policy_unused(policy, reader_head(in), &e))
        warn("%s", e.msg);
    budget_free(budget);
    policy_free(policy);
    buf_free(&flow.report);
    buf_free(&flow.fallback);
    reader_close(in);
    return 0;
}
