/*
 * wquant: weights to fewer bits.
 *
 * A type is a block type of ggml, affine codes (int2 to int8), or a plain float type. Tensors go through in slabs of rows;
 * the choice of tensors, the fallbacks and the report are here, the numbers in lib/quant.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/target.h"
#include "model/feed.h"
#include "quant/awq.h"
#include "quant/pass.h"
#include "tensor/select.h"
#include "tensor/stream.h"

static const char *type_name, *method_name = "rtn", *scales_name = "f16", *report_path;
static int64_t bits;
static uint64_t group = 128;
static struct quant_gram_args gram = QUANT_GRAM_ARGS;
static int no_clip, residual, sym, no_importance, dry_run, list, verbose;
static struct select sel;

static const struct opt opts[] = {
    {'t', "type", "TYPE", OPT_STRING, &type_name, "q4_K, q8_0, int4, f16 ...: see --list", 0},
    {'b', "bits", "N", OPT_INT, &bits, "the same as -t intN", 0},
    {'g', "group", "N", OPT_U64, &group, "columns that share a scale, of int types (default 128; 0: the row)", 0},
    {0, "sym", 0, OPT_FLAG, &sym, "int types: a fixed zero in the middle of the codes", 0},
    {0, "scales", "TYPE", OPT_STRING, &scales_name, "int types: scales and zeros in f16 (default), bf16 or f32", 0},
    {'m', "method", "NAME", OPT_STRING, &method_name, "int types: how codes are chosen (default rtn): see --list", 0},
    {0, "act-order", 0, OPT_FLAG, &gram.act_order, "gptq: the columns of the strongest inputs go first; groups are static", 0},
    {0, "static-groups", 0, OPT_FLAG, &gram.static_groups, "gptq: scales and zeros from the weights as they came", 0},
    {0, "damp", "F", OPT_F64, &gram.damp, "gptq: add this share of the gram's mean diagonal to it (default 0.01)", 0},
    {0, "no-clip", 0, OPT_FLAG, &no_clip, "awq: scale only, clip no groups", 0},
    {0, "residual", 0, OPT_FLAG, &residual, "keep what is lost as one more dense term", 0},
    {0, "no-importance", 0, OPT_FLAG, &no_importance, "block types: do not use the companion norm2", 0},
    SELECT_OPTS(sel),
    {0, "report", "FILE", OPT_STRING | OPT_UNSAID, &report_path, "a TSV line for each tensor quantized, and the total", 0},
    {'n', "dry-run", 0, OPT_FLAG, &dry_run, "read headers only, write no stream; the forecast goes to standard output", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list types and methods and exit", 0},
    {'v', "verbose", 0, OPT_FLAG, &verbose, "name the tensors that take a fallback type", 0},
    OPT_END,
};

static const struct opt_spec spec = {"wquant", "-t TYPE [OPTION]... <STREAM >STREAM", "Store weights in fewer bits.", opts, opt_common,
                                     NULL};

static struct buf report;
static uint64_t bytes_before, bytes_after, weights;
static uint64_t fallbacks, chosen;

static int print_list(void)
{
    struct buf text = {0};

    quant_list(&text);
    fputs(buf_str(&text), stdout);
    buf_free(&text);
    finish_stdout();
    return 0;
}

static void check_options(struct quant_plan *p)
{
    char name[32];
    struct err e;

    if (!bits == !type_name)
        die_usage("-t TYPE or -b BITS is needed, one of them; --list names the types");
    if (bits && (bits < 2 || bits > 8))
        die_usage("-b %lld: 2 to 8 bits", (long long)bits);
    snprintf(name, sizeof name, "int%lld", (long long)bits);
    if (quant_plan_parse(p, bits ? name : type_name, &e) < 0 ||
        quant_plan_options(p, method_name, scales_name, group, sym, &e) < 0 || select_check(&sel, &e) < 0)
        die_usage("%s", e.msg);
    if ((gram.act_order || gram.static_groups) && !(p->method->needs & QUANT_SWEEP))
        die_usage("--act-order and --static-groups belong to -m gptq, not %s", method_name);
    if (no_clip && !(p->method->needs & QUANT_LAYER))
        die_usage("--no-clip belongs to -m awq, not %s", method_name);
    if (gram.damp < 0)
        die_usage("--damp %g is below 0", gram.damp);
    p->gram = gram;
    p->residual = residual;
    p->clip = p->method->needs & QUANT_LAYER && !no_clip;
    if (dry_run && !report_path)
        report_path = "-";
    if (report_path && !dry_run && strcmp(report_path, "-") == 0)
        die_usage("--report -: standard output is the stream's; with -n it is free");
}

static int is_chosen(const struct bundle *b)
{
    return select_match(&sel, b) && quant_takes(b, sel.only.n > 0);
}

/* One tensor: chosen or passed on; its bytes are counted either way. */
static int visit(const struct quant_plan *p, struct reader *in, struct writer *out, struct bundle *b, struct err *e)
{
    uint64_t n = b->rows * b->cols, before = quant_value_bytes(b), after = before;
    struct quant_plan fit = quant_plan_for(p, b);
    struct quant_tally t = {0};
    char was[32], is[32];
    int rc = 0;

    if (is_chosen(b)) {
        after = quant_plan_bytes(&fit, b->rows, b->cols);
        quant_plan_name(p, was);
        quant_plan_name(&fit, is);
        chosen++;
        fallbacks += strcmp(was, is) != 0 || fit.method != p->method;
        if (verbose && fit.method != p->method)
            warn("%s: has no gram, as it is no linear of a layer: %s, not %s", b->name, fit.method->name, p->method->name);
        if (verbose && strcmp(was, is) != 0)
            warn("%s: %llu columns are no multiple of %u: %s, not %s", b->name, (unsigned long long)b->cols, p->ggml->block, is, was);
        if (out)
            rc = quant_pass(&fit, in, out, b, !no_importance, report_path ? &t : NULL, e);
        quant_tally_line(&report, b->name, is, n, before, after, &t);
    } else if (out) {
        rc = bundle_write(out, in, b, e);
    }
    weights += n;
    bytes_before += before;
    bytes_after += after;
    return rc;
}

/* Methods that change a layer before it is rounded read it whole. */
static int walk_layers(const struct quant_plan *p, struct reader *in, struct writer *out, struct err *e)
{
    struct feed f = {.in = in, .out = out};
    int got;

    while ((got = feed_next(&f, e)) > 0) {
        const struct arch *arch = arch_find(attrs_str(&reader_head(in)->model, "arch", ""));
        uint8_t *picked = mem_new((size_t)f.n, 1);

        for (int i = 0; i < f.n; i++)
            picked[i] = (uint8_t)is_chosen(&f.b[i]);
        if (f.b[0].layer >= 0 && awq_layer(p, arch->block, f.b, f.n, picked, e) < 0)
            got = -1;
        for (int i = 0; got > 0 && i < f.n; i++)
            got = visit(p, in, out, &f.b[i], e) < 0 ? -1 : 1;
        free(picked);
        if (got < 0)
            break;
    }
    feed_free(&f);
    return got;
}

static int walk(const struct quant_plan *p, struct reader *in, struct writer *out, struct err *e)
{
    struct bundle b = {0};
    int got;

    while ((got = bundle_read(in, &b, e)) > 0)
        if (visit(p, in, out, &b, e) < 0)
            return -1;
    bundle_free(&b);
    return got;
}

int main(int argc, char **argv)
{
    struct quant_plan plan = {0};
    struct err e;
    int got;

    if (opt_parse(argc, argv, &spec) > 0)
        die_usage("operand '%s': the stream comes on standard input", argv[1]);
    if (list)
        return print_list();
    check_options(&plan);
    struct reader *in = reader_stdin(&e);
    struct writer *out = in && !dry_run ? writer_stdout(in, &e) : NULL;
    if (!in || (!out && !dry_run))
        die("%s", e.msg);
    reader_allow_partial(in, 1);
    buf_puts(&report, QUANT_TALLY_TITLES);
    got = out && plan.kind == QUANT_AFFINE && plan.method->needs & QUANT_LAYER ? walk_layers(&plan, in, out, &e) : walk(&plan, in, out, &e);
    quant_tally_line(&report, "total", "-", weights, bytes_before, bytes_after, &(struct quant_tally){0});
    if (got < 0 || (out && writer_finish(out, &e) < 0) || (report_path && target_put(report_path, report.data, report.len, &e) < 0))
        die("%s", e.msg);
    if (fallbacks && !verbose)
        warn("%llu of %llu tensors took a fallback; -v names them", (unsigned long long)fallbacks, (unsigned long long)chosen);
    buf_free(&report);
    reader_close(in);
    return 0;
}
