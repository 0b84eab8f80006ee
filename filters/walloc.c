/*
 * walloc: share a budget out: sparsities, types or ranks for each tensor of a stream, as a table that wprune, wquant
 * and lrfactor read.
 *
 * The choice of tensors and the measure of types are here, the methods in lib/alloc. Nothing is printed before the
 * whole stream has been read.
 */
#include "alloc/pass.h"
#include "base/die.h"
#include "base/target.h"
#include "la/fast.h"
#include "quant/pass.h"
#include "quant/want.h"
#include "tensor/select.h"

#define TYPES_MAX 64

static const char *method_name, *type_names = "int2,int3,int4,int5,int6,int8";
static double sparsity = -1, keep = -1, bits = -1, rank = -1;
static uint64_t size;
static struct quant_ints ints = QUANT_INTS;
static int list, verbose;
static struct select sel = {.linears = 1};
static struct alloc_pass pass = {.layer = -1};
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
    QUANT_INT_OPTS(ints),
    {0, "quant", "NAME", OPT_STRING, &ints.method,
     "int types: losses are measured by this method of wquant (default rtn)", 0},
    SELECT_OPTS(sel),
    FAST_OPT,
    {'v', "verbose", 0, OPT_FLAG, &verbose, "types, error: say how far the sum of losses is from the least", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the methods and exit", 0},
    OPT_END,
};

static const struct opt_spec spec = {
    .prog = "walloc",
    .synopsis = "-m NAME -s S|-b BITS|--size SIZE|--keep F|-r R [OPTION]... <STREAM >TABLE",
    .brief = "Share out a budget of weights, bits or ranks.",
    .table = opts,
    .more = opt_common,
    .methods = {alloc_table},
};

static int print_list(void)
{
    char kinds[40];

    for (int i = 0; alloc_table[i]; i++)
        opt_list(alloc_table[i], alloc_table[i]->name, alloc_kinds(alloc_table[i], kinds), alloc_table[i]->brief, NULL);
    finish_stdout();
    return 0;
}

static int try(const struct alloc_job *j, struct bundle *b, uint64_t type, double *bytes, double *lost, double *whole,
               struct err *e)
{
    struct quant_plan fit = quant_plan_for(&plan[type], b);

    (void)j;
    *bytes = (double)quant_plan_bytes(&fit, b->rows, b->cols);
    return lost ? quant_lost(&fit, b, lost, whole, e) : 0;
}

static void check_types(void)
{
    struct err e;
    int n = quant_plan_list(plan, name, TYPES_MAX, type_names, ints.method, ints.scales, ints.group, ints.sym, &e);

    if (n < 0)
        die_usage("-t: %s", e.msg);
    pass.job.types = (uint64_t)n;
    pass.job.type = name;
}

static void check_options(void)
{
    int targets = (sparsity >= 0) + (bits >= 0) + (size > 0) + (keep >= 0) + (rank >= 0);
    struct alloc_job *j = &pass.job;
    struct err e;

    if (!method_name || targets != 1)
        die_usage("-m NAME and one of -s, -b, --size, --keep, -r are needed; --list names the methods");
    if (!(pass.method = alloc_find(method_name)))
        die_unknown("method", alloc_table, NULL, method_name);
    opt_own(&spec, pass.method);
    j->kind = sparsity >= 0 ? ALLOC_SPARSITY : bits >= 0 || size ? ALLOC_TYPE : ALLOC_RANK;
    j->target = sparsity >= 0 ? sparsity : keep >= 0 ? keep : rank;
    j->by_rank = rank >= 0;
    j->try = try;
    if (alloc_check(&pass, &e) < 0 || select_check(&sel, &e) < 0)
        die_usage("%s", e.msg);
    if (j->kind == ALLOC_TYPE)
        check_types();
}

/* How far from the best, where losses are measured. */
static void tell_bound(void)
{
    const struct alloc_job *j = &pass.job;

    if (verbose && j->kind == ALLOC_TYPE && j->bound > 0)
        warn("the losses add up to %.4g, %.2g %% above what no choice of these types within the size is below", j->sum,
             100 * (j->sum / j->bound - 1));
}

int main(int argc, char **argv)
{
    struct buf table = {0};
    struct err e;

    opt_parse_alone(argc, argv, &spec);
    if (list)
        return print_list();
    check_options();
    struct reader *in = reader_stdin(&e);
    if (in && pass.method->measured && *pass.method->measured)
        reader_skips(in, SKIP_ALL);
    if (!in || alloc_stream(&pass, &sel, in, &e) < 0 ||
        select_end(&sel, &reader_head(in)->model, (uint64_t)pass.job.n, "none is a matrix", &e) < 0 ||
        alloc_decide(&pass, bits, (double)size, &e) < 0)
        die("%s", e.msg);
    alloc_table_put(&pass, &table);
    if (target_put("-", table.data, table.len, &e) < 0 || alloc_losses_put(&pass, &e) < 0)
        die("%s", e.msg);
    tell_bound();
    buf_free(&table);
    alloc_free(&pass.job);
    reader_close(in);
    return 0;
}
