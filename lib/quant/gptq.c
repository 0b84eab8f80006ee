/* gptq: round to nearest, column by column, each made up for by the columns behind it. What is here is what one row is
 * without a gram: rtn. */
#include "quant/gram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/opt.h"
#include "base/par.h"
#include "base/pick.h"
#include "la/obs.h"

_Static_assert(OBS_LANES == LEVELS_ROWS, "rows of a tile are coded side by side");

/* Columns from..from + n in runs of step by the largest value of a run, descending; a last run that is shorter stays
 * last. Within runs they are ordered by the next steps; 1 ends them. */
static void descend(const float *v, uint32_t from, uint32_t n, const uint32_t *step, uint32_t *order)
{
    uint32_t runs = n / step[0], left = n % step[0], at = 0;
    uint32_t *run = mem_resize(NULL, runs + 1, sizeof *run);
    float *most = mem_resize(NULL, runs + 1, sizeof *most);

    for (uint32_t r = 0; r < runs; r++) {
        most[r] = -v[from + r * step[0]];
        for (uint32_t i = 1; i < step[0]; i++)
            most[r] = -v[from + r * step[0] + i] < most[r] ? -v[from + r * step[0] + i] : most[r];
    }
    pick_sort(most, runs, run);
    for (uint32_t r = 0; r < runs; r++, at += step[0])
        if (step[0] == 1)
            order[at] = from + run[r];
        else
            descend(v, from + run[r] * step[0], step[0], step + 1, order + at);
    if (left)
        descend(v, from + at, left, step + 1, order + at);
    free(run);
    free(most);
}

static uint32_t *descending(const struct quant_gram_args *args, const float *gram, uint64_t cols)
{
    uint32_t *order = mem_resize(NULL, cols, sizeof *order), steps[3] = {1, 1, 1};
    float *v = mem_resize(NULL, cols, sizeof *v);

    for (uint64_t c = 0; c < cols; c++)
        v[c] = gram[c * cols + c];
    if (!args->act_order) {
        steps[0] = args->unit;
        steps[1] = args->sub < args->unit ? args->sub : 1;
    }
    descend(v, 0, (uint32_t)cols, steps, order);
    free(v);
    return order;
}

int quant_gram_make(struct quant_gram *q, const struct quant_gram_args *args, const float *gram, uint64_t cols,
                    struct err *e)
{
    *q = (struct quant_gram){.args = *args};
    if (cols > UINT32_MAX)
        return err_set(e, "%llu columns are more than %u", (unsigned long long)cols, UINT32_MAX);
    q->order = args->act_order || (args->unit && !args->in_order) ? descending(args, gram, cols) : NULL;
    q->U = obs_factor(cols, gram, q->order, args->damp, NULL, &q->damp, e);
    return q->U ? 0 : -1;
}

void quant_gram_free(struct quant_gram *q)
{
    free(q->U);
    free(q->order);
    memset(q, 0, sizeof *q);
}

struct sweep {
    const struct quant_gram *q;
    struct units u;
    struct metric m;   /* by which levels are chosen on the way */
    int fixed;         /* levels are those of the weights as they came */
    float *w;          /* [rows][cols] in the order of the sweep */
    const float *from; /* [rows][cols], as given */
    uint64_t rows;
};

/* Columns of the tile's rows as they are, those in its block and those behind it. */
static void gather(const struct sweep *s, const struct obs_tile *t, uint64_t n, float *w)
{
    uint64_t have = t->col0 + t->width - t->col, some = n < have ? n : have;

    memcpy(w, t->w + (t->col - t->col0) * OBS_LANES, some * OBS_LANES * sizeof *w);
    memset(w + some * OBS_LANES, 0, (n - some) * OBS_LANES * sizeof *w);
    for (size_t l = 0; l < t->rows; l++)
        for (uint64_t k = some; k < n; k++)
            w[k * OBS_LANES + l] = s->w[(t->row0 + l) * s->u.cols + t->col + k];
}

/* Levels of the unit, of the sub-block that begins with the tile's column, from the weights as they are. The sweep's
 * order keeps units and sub-blocks whole. */
static void choose(struct sweep *s, const struct obs_tile *t)
{
    const struct levels_kind *k = s->u.into->kind;
    uint64_t left = s->u.cols - t->col, n = left < k->unit ? left : k->unit;
    uint64_t col = s->q->order ? s->q->order[t->col] / k->sub * k->sub : t->col;
    struct metric at = metric_at(&s->m, t->col);
    float *w;

    if (t->col % k->sub != 0)
        return;
    n = t->col % k->unit != 0 && n > k->sub ? k->sub : n;
    w = mem_resize(NULL, n * OBS_LANES, sizeof *w);
    gather(s, t, n, w);
    if (t->col % k->unit == 0)
        units_unit(&s->u, t->row0, t->rows, col / k->unit * k->unit, w, &at);
    units_sub(&s->u, t->row0, t->rows, col, w, &at);
    free(w);
}

static void decide(void *ctx, const struct obs_tile *t, float *q)
{
    struct sweep *s = ctx;
    float now[OBS_LANES];

    if (!s->fixed)
        choose(s, t);
    memcpy(now, q, sizeof now);
    units_code(&s->u, t->row0, t->rows, s->q->order ? s->q->order[t->col] : t->col, now, q);
}

/* Rows in the order of the sweep; their levels where they are fixed. */
static void begin_tile(void *ctx, size_t i)
{
    struct sweep *s = ctx;
    size_t row0 = i * OBS_LANES, rows = s->rows - row0 < OBS_LANES ? s->rows - row0 : OBS_LANES;
    const float *from = s->from + row0 * s->u.cols;
    float *to = s->w + row0 * s->u.cols;

    for (uint64_t r = 0; r < rows; r++)
        for (uint64_t c = 0; c < s->u.cols; c++)
            to[r * s->u.cols + c] = from[r * s->u.cols + (s->q->order ? s->q->order[c] : c)];
    if (s->fixed)
        units_levels(&s->u, row0, rows, from);
}

static void end_row(void *ctx, size_t r)
{
    units_put(&((struct sweep *)ctx)->u, r);
}

void quant_sweep_rows(const struct quant_gram *q, const struct quant_into *into, const float *w, uint64_t rows,
                      uint64_t cols, double *loss)
{
    struct sweep s = {.q = q, .fixed = q->args.act_order || q->args.static_groups, .from = w, .rows = rows};
    struct obs_sweep sweep = {rows, cols, NULL, q->U, loss, decide, &s};

    s.m = (struct metric){METRIC_SWEEP, q->U, cols};
    s.w = sweep.w = mem_resize(NULL, rows * cols, sizeof *s.w);
    units_open(&s.u, into, rows, cols);
    par_for((rows + OBS_LANES - 1) / OBS_LANES, begin_tile, &s);
    for (uint64_t c = 0, width; c < cols; c += width) {
        width = obs_width(cols, c, s.fixed ? 0 : into->kind->unit);
        obs_block(&sweep, c, width);
    }
    par_for(rows, end_row, &s);
    units_close(&s.u);
    free(s.w);
}

void quant_gram_rows(const struct quant_gram *q, const struct quant_method *m, const struct quant_affine *a,
                     const float *w, uint64_t rows, uint64_t cols, uint8_t *codes, void *scales, void *zeros)
{
    struct levels_kind kind = units_affine(a, cols);

    quant_sweep_rows(
        q,
        &(struct quant_into){.kind = &kind, .method = m, .affine = a, .codes = codes, .scales = scales, .zeros = zeros},
        w, rows, cols, NULL);
}

static void row(const struct quant_affine *a, const float *w, uint64_t cols, uint8_t *codes, float *scales,
                float *zeros)
{
    quant_method_find("rtn")->row(a, w, cols, codes, scales, zeros);
}

static struct quant_gram_args args = QUANT_GRAM_ARGS;
static const struct opt opts[] = {{.name = "act-order",
                                   .kind = OPT_FLAG,
                                   .to = &args.act_order,
                                   .help = "the columns of the strongest inputs go first; groups are static"},
                                  {.name = "in-order",
                                   .kind = OPT_FLAG,
                                   .to = &args.in_order,
                                   .help = "columns go from left to right (default: groups of strong inputs first)"},
                                  {.name = "static-groups",
                                   .kind = OPT_FLAG,
                                   .to = &args.static_groups,
                                   .help = "scales and zeros from the weights as they came"},
                                  {.name = "damp",
                                   .arg = "F",
                                   .kind = OPT_F64,
                                   .to = &args.damp,
                                   .hi = INFINITY,
                                   .help = "add this share of the gram's mean diagonal to it"},
                                  OPT_END};
const struct quant_method quant_method_gptq = {
    .name = "gptq",
    .brief = "rtn column by column, each error made up for by the columns behind it",
    .opts = opts,
    .takes_sym = 1,
    .takes_table = 1,
    .whole_zeros = 1,
    .needs = QUANT_GRAM | QUANT_SWEEP,
    .row = row,
    .gram = &args};
