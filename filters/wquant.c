/*
 * wquant: weights to fewer bits.
 *
 * A type is a block type of ggml, affine codes (int2 to int8), or a plain float type. Tensors go through in slabs of
 * rows; the choice of tensors, the fallbacks and the report are here, the numbers in lib/quant.
 */
#include <stdio.h>

#include "base/die.h"
#include "ckpt/imatrix.h"
#include "ckpt/to_gguf.h"
#include "la/fast.h"
#include "quant/flow.h"
#include "tensor/ends.h"

static const char *print_name;
static int no_importance, list, verbose;
static struct select sel;
static struct quant_want want = {.ints = QUANT_INTS, .sel = &sel};
static struct ends ends;

static const struct opt opts[] = {
    {'t', "type", "TYPE", OPT_STRING, &want.type, "q4_K, q8_0, int4, f16 ...: see --list", 0},
    {'b', "bits", "N", OPT_INT, &want.bits, "the same as -t intN", 0},
    {0, "budget", "FILE", OPT_STRING | OPT_UNSAID, &want.budget_path,
     "... or each tensor's own, by a table as walloc makes it", 0},
    {0, "policy", "NAME|FILE", OPT_STRING | OPT_UNSAID, &want.policy_name,
     "... or by rules over roles and layers: a preset as Q4_K_M, or a file of such", 0},
    QUANT_INT_OPTS(want.ints),
    {0, "rows", "N", OPT_U64, &want.tall, "fp8, fp4, nf4: rows that share a scale: 2, 4, 8 ... 512 (default 1)", 0},
    {'m', "method", "NAME", OPT_STRING, &want.ints.method, "int types: how codes are chosen (default rtn): see --list",
     0},
    {0, "clip", 0, OPT_FLAG, &want.clip,
     "search each group's, or block's, levels by the gram or norm2 (default: at 4 bits and fewer, and gptq into "
     "blocks)",
     0},
    {0, "no-clip", 0, OPT_FLAG, &want.no_clip, "levels span the weights; awq: scale only", 0},
    {0, "residual", 0, OPT_FLAG, &want.residual, "keep what is lost as one more dense term", 0},
    {0, "no-importance", 0, OPT_FLAG, &no_importance, "block types: do not use the companion norm2", 0},
    SELECT_OPTS(sel),
    FAST_OPT,
    ENDS_OPTS(ends, "a TSV line for each tensor quantized, and the total"),
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

static void tell(const char *line)
{
    warn("%s", line);
}

static void check_options(void)
{
    const struct quant_method *m = quant_method_find(want.ints.method);
    struct err e;

    if (!m)
        die_unknown("method", quant_methods, NULL, want.ints.method);
    opt_own(&spec, m);
    if (quant_want_check(&want, &e) < 0)
        die_usage("%s", e.msg);
    ends_check(&ends);
    if (quant_want_tables(&want, &e) < 0)
        die("%s", e.msg);
}

/* What the head says of the types, where a stream is written. */
static void begin(void)
{
    want.model = &reader_head(ends.in)->model;
    reader_skips(ends.in, ends.dry_run ? SKIP_ALL : SKIP_NOTHING);
    if (!ends.out)
        return;
    if (no_importance)
        imatrix_forget(&writer_head(ends.out)->more);
    to_gguf_note_type(&writer_head(ends.out)->more, want.policy ? policy_file_type(want.policy) : -1);
}

int main(int argc, char **argv)
{
    struct quant_flow flow = {.want = &want};
    struct err e;

    opt_parse_alone(argc, argv, &spec);
    if (list)
        return print_list();
    if (print_name)
        return print_policy();
    check_options();
    if (ends_open(&ends, &e) < 0)
        die("%s", e.msg);
    begin();
    flow.importance = !no_importance;
    flow.measures = ends.report_path != NULL;
    if (quant_flow(&flow, ends.in, ends.out, &e) < 0)
        die("%s", e.msg);
    ends.report = flow.report;
    if (ends_finish(&ends, &sel, flow.chosen, "none is a matrix of floats", &e) < 0)
        die("%s", e.msg);
    quant_flow_tell(&flow, verbose, tell);
    if (quant_want_unused(&want, reader_head(ends.in), &e))
        warn("%s", e.msg);
    quant_want_free(&want);
    buf_free(&flow.fallback);
    ends_close(&ends);
    return 0;
}
