/*
 * walloc: share a budget out: sparsities, types or ranks for each tensor of a stream, as a table that wprune, wquant and lrfactor read.
 *
 * The choice of tensors and the measure of types are here, the methods in lib/alloc. Nothing is printed before the whole stream has been read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc/pass.h"
#include "base/die.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/target.h"
#include "quant/pass.h"
#include "tensor/describe.h"
#include "tensor/select.h"

#define TYPES_MAX 64

static const char *method_name, *type_names, *quant_name = "rtn", *scales_name = "f16", *unit = "layer", *weigh = "turn", *losses_path;
static double sparsity = -1, keep = -1, bits = -1, rank = -1;
static uint64_t size, group = 128;
static int sym, list;
static struct select sel = {.linears = 1};
static struct alloc_pass pass = {.job = ALLOC_JOB, .layer = -1};
static struct quant_plan plan[TYPES_MAX];
static const char *name[TYPES_MAX];

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method_name, "how to share out: see --list", 0},
    {'s', "sparsity", "S", OPT_FRACTION, &sparsity, "sparsities: this share of all weights goes", 0},
    {'b', "bits", "F", OPT_F64, &bits, "types: so many bits a weight on average, with scales", 0},
    {0, "size", "SIZE", OPT_SIZE, &size, "types: ... or so many bytes for all values of the stream", 0},
    {0, "keep", "F", OPT_FRACTION, &keep, "ranks: this share of all numbers stays", 0},
    {'r', "rank", "R", OPT_F64, &rank, "ranks: ... or so many ranks a tensor on average, for adapters", 0},
    {'t', "types", "LIST", OPT_STRING, &type_names, "types to choose from (default int2,int3,int4,int5,int6,int8)", 0},
    {'g', "group", "N", OPT_U64, &group, "int types: columns that share a scale (default 128; 0: the row)", 0},
    {0, "sym", 0, OPT_FLAG, &sym, "int types: a fixed zero", 0},
    {0, "scales", "TYPE", OPT_STRING, &scales_name, "int types: f16 (default), bf16 or f32", 0},
    {0, "quant", "NAME", OPT_STRING, &quant_name, "int types: losses are measured by this method of wquant (default rtn)", 0},
    {0, "unit", "UNIT", OPT_STRING, &unit, "owl: a layer (default), or each tensor for itself", 0},
    {0, "outlier", "M", OPT_F64, &pass.job.outlier, "owl: outliers are above M times the mean (default 5)", 0},
    {0, "lambda", "L", OPT_F64, &pass.job.width, "owl: no sparsity farther than L from the target (default 0.08)", 0},
    {0, "sharpness", "A", OPT_F64, &pass.job.sharpness, "cfsp: how much the angle counts (default 1)", 0},
    {0, "rho", "F", OPT_F64, &pass.job.rho, "eva: no rank above F times the uniform one (default 2)", 0},
    {0, "weigh", "UNIT", OPT_STRING, &weigh, "error: what a loss counts: turn, size, share or energy (default turn)", 0},
    SELECT_OPTS(sel),
    {0, "losses", "FILE", OPT_STRING, &losses_path, "error: the measured losses, a TSV line for each tensor and choice", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the methods and exit", 0},
    OPT_END,
};

static const struct opt_spec spec = {"walloc", "-m NAME -s S|-b BITS|--size SIZE|--keep F|-r R [OPTION]... <STREAM >TABLE",
                                     "Share out a budget of weights, bits or ranks.", opts, opt_common, NULL};

static int print_list(void)
{
    static const char *const kind[] = {"sparsity", "type", "rank"};

    for (int i = 0; alloc_table[i]; i++) {
        const char *comma = "";

        printf("%s\t", alloc_table[i]->name);
        for (int k = 0; k < 3; k++)
            if (alloc_table[i]->kinds & 1u << k) {
                printf("%s%s", comma, kind[k]);
                comma = ",";
            }
        printf("\t%s\n", alloc_table[i]->brief);
    }
    finish_stdout();
    return 0;
}

/* What a loaded tensor becomes in a type of the list. */
static int try(const struct alloc_job *j, struct bundle *b, uint64_t type, double *bytes, double *lost, double *whole, struct err *e)
{
    struct quant_plan fit = quant_plan_for(&plan[type], b);
    struct quant_tally t = {0};

    (void)j;
    *bytes = (double)quant_plan_bytes(&fit, b->rows, b->cols);
    if (!lost)
        return 0;
    if (quant_pass(&fit, NULL, NULL, b, 1, &t, e) < 0)
        return -1;
    *lost = t.h_whole > 0 ? t.h_lost : t.v_whole > 0 ? t.v_lost : t.lost;
    *whole = t.h_whole > 0 ? t.h_whole : t.v_whole > 0 ? t.v_whole : t.whole;
    return 0;
}

static void check_types(void)
{
    char *rest = mem_strdup(type_names ? type_names : "int2,int3,int4,int5,int6,int8"), *word;
    uint64_t *n = &pass.job.types;
    struct err e;

    for (; (word = strsep(&rest, ",")); ++*n) {
        if (*n == TYPES_MAX)
            die_usage("-t: more than %d types", TYPES_MAX);
        name[*n] = word;
        if (quant_plan_parse(&plan[*n], word, &e) < 0 || quant_plan_options(&plan[*n], plan[*n].kind == QUANT_AFFINE ? quant_name : "rtn", scales_name, group,
                                                                         sym && plan[*n].kind == QUANT_AFFINE, &e) < 0)
            die_usage("-t: %s", e.msg);
        plan[*n].gram = (struct quant_gram_args)QUANT_GRAM_ARGS;
        if (plan[*n].kind == QUANT_AFFINE && plan[*n].method->needs & QUANT_LAYER)
            die_usage("--quant %s changes whole layers; losses are measured a tensor at a time", quant_name);
    }
}

static void check_options(void)
{
    static const char *const weighs[] = {"turn", "size", "share", "energy", NULL}; /* as enum alloc_weigh */
    int targets = (sparsity >= 0) + (bits >= 0) + (size > 0) + (keep >= 0) + (rank >= 0);
    struct alloc_job *j = &pass.job;
    struct err e;

    if (!method_name || targets != 1)
        die_usage("-m NAME and one of -s, -b, --size, --keep, -r are needed; --list names the methods");
    if (!(pass.method = alloc_find(method_name)))
        die_usage("method '%s' is not known; --list names them", method_name);
    j->kind = sparsity >= 0 ? ALLOC_SPARSITY : bits >= 0 || size ? ALLOC_TYPE : ALLOC_RANK;
    j->target = sparsity >= 0 ? sparsity : keep >= 0 ? keep : rank;
    j->by_rank = rank >= 0;
    j->try = try;
    if (!(pass.method->kinds & j->kind))
        die_usage("-m %s does not share out what was asked for; --list says what a method shares out", method_name);
    if (strcmp(unit, "layer") != 0 && strcmp(unit, "tensor") != 0)
        die_usage("--unit '%s' is neither layer nor tensor", unit);
    while (weighs[j->weigh] && strcmp(weigh, weighs[j->weigh]) != 0)
        j->weigh++;
    if (!weighs[j->weigh])
        die_usage("--weigh '%s' is none of turn, size, share, energy", weigh);
    if (!(j->outlier > 0 && j->width >= 0 && j->sharpness >= 0 && j->rho > 0))
        die_usage("--outlier %g and --rho %g are above 0, --lambda %g and --sharpness %g not below it", j->outlier, j->rho, j->width, j->sharpness);
    j->by_tensor = strcmp(unit, "tensor") == 0;
    if (j->kind == ALLOC_TYPE)
        check_types();
    pass.type = name;
    if (losses_path && pass.method != &alloc_error)
        die_usage("--losses: only -m error measures them");
    if (select_check(&sel, &e) < 0)
        die_usage("%s", e.msg);
}

int main(int argc, char **argv)
{
    struct buf table = {0}, losses = {0};
    struct bundle b = {0};
    double chosen = 0, others = 0; /* weights; bytes */
    struct err e;
    int got;

    if (opt_parse(argc, argv, &spec) > 0)
        die_usage("operand '%s': the stream comes on standard input", argv[1]);
    if (list)
        return print_list();
    check_options();
    struct reader *in = reader_stdin(&e);
    if (!in)
        die("%s", e.msg);
    progress_total(reader_head(in)->tensors, reader_head(in)->bytes);
    while ((got = bundle_read(in, &b, &e)) > 0) {
        int n = pass.job.n;

        progress_step(1, describe_bytes(&b, 0));
        alloc_note(&pass, &b);
        if (select_match(&sel, &b) && alloc_tensor(&pass, in, &b, &e) < 0)
            die("%s", e.msg);
        if (pass.job.n > n)
            chosen += (double)b.rows * (double)b.cols;
        else
            others += (double)describe_bytes(&b, 0);
    }
    progress_end();
    if (size && others > (double)size)
        die("--size %llu: the tensors that are not chosen take %.0f bytes", (unsigned long long)size, others);
    if (pass.job.kind == ALLOC_TYPE)
        pass.job.target = size ? (double)size - others : bits * chosen / 8;
    if (got < 0 || pass.method->decide(&pass.job, &e) < 0)
        die("%s", e.msg);
    alloc_table_put(&pass, &table);
    if (losses_path)
        alloc_losses_put(&pass, &losses);
    if (target_put("-", table.data, table.len, &e) < 0 || (losses_path && target_put(losses_path, losses.data, losses.len, &e) < 0))
        die("%s", e.msg);
    alloc_free(&pass.job);
    bundle_free(&b);
    reader_close(in);
    return 0;
}
