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
#include "quant/group.h"

_Static_assert(OBS_LANES == GROUP_EACH, "rows of a tile are coded side by side");

static uint32_t *descending(const float *gram, uint64_t cols)
{
    uint32_t *order = mem_resize(NULL, cols, sizeof *order);
    float *v = mem_resize(NULL, cols, sizeof *v);

    for (uint64_t c = 0; c < cols; c++)
        v[c] = -gram[c * cols + c];
    pick_sort(v, cols, order);
    free(v);
    return order;
}

int quant_gram_make(struct quant_gram *q, const struct quant_gram_args *args, const float *gram, uint64_t cols,
                    struct err *e)
{
    *q = (struct quant_gram){.args = *args};
    if (cols > UINT32_MAX)
        return err_set(e, "%llu columns are more than %u", (unsigned long long)cols, UINT32_MAX);
    q->order = args->act_order ? descending(gram, cols) : NULL;
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
    const struct quant_method *m;
    const struct quant_affine *a;
    uint64_t cols, step, groups; /* step: columns of a group */
    int fixed;                   /* groups are static */
    float *w;                    /* [rows][cols] in the order of the sweep */
    float *scale, *zero;         /* [rows][groups] */
    uint8_t *code;               /* [rows][cols] in the tensor's order */
    const float *from;           /* [rows][cols], as given */
    uint8_t *codes;              /* what quant_gram_rows gives */
    void *scales, *zeros;
};

/* Scale and zero of the group that begins with the tile's column, for each of the tile's rows, from the weights as they
 * are. */
static void choose_group(const struct sweep *s, const struct obs_tile *t)
{
    uint64_t n = s->cols - t->col < s->step ? s->cols - t->col : s->step, g = t->col / s->step;
    struct quant_affine one = *s->a;
    float *w = mem_resize(NULL, n, sizeof *w);
    uint8_t *code = mem_resize(NULL, n, 1);

    one.group = 0;
    for (size_t l = 0; l < t->rows; l++) {
        uint64_t at = (t->row0 + l) * s->groups + g, have = t->col0 + t->width - t->col;

        for (uint64_t k = 0; k < n && k < have; k++)
            w[k] = t->w[(t->col - t->col0 + k) * OBS_LANES + l];
        for (uint64_t k = have; k < n; k++)
            w[k] = s->w[(t->row0 + l) * s->cols + t->col + k];
        s->m->row(&one, w, n, code, &s->scale[at], &s->zero[at]);
    }
    free(w);
    free(code);
}

static void decide(void *ctx, const struct obs_tile *t, float *q)
{
    const struct sweep *s = ctx;
    uint64_t col = s->q->order ? s->q->order[t->col] : t->col, g = col / s->step;
    float scale[OBS_LANES] = {0}, zero[OBS_LANES] = {0}, value[OBS_LANES];
    uint8_t code[OBS_LANES];

    if (!s->fixed && t->col % s->step == 0)
        choose_group(s, t);
    for (size_t l = 0; l < t->rows; l++) {
        scale[l] = s->scale[(t->row0 + l) * s->groups + g];
        zero[l] = s->zero[(t->row0 + l) * s->groups + g];
    }
    group_code_each(q, scale, zero, (1 << s->a->bits) - 1, code, value);
    memcpy(q, value, sizeof value);
    for (size_t l = 0; l < t->rows; l++)
        s->code[(t->row0 + l) * s->cols + col] = code[l];
}

/* The row in the order of the sweep; static groups. */
static void begin_row(void *ctx, size_t r)
{
    const struct sweep *s = ctx;
    const float *from = s->from + r * s->cols;

    for (uint64_t c = 0; c < s->cols; c++)
        s->w[r * s->cols + c] = from[s->q->order ? s->q->order[c] : c];
    if (s->fixed)
        s->m->row(s->a, from, s->cols, s->code + r * s->cols, s->scale + r * s->groups, s->zero + r * s->groups);
}

static void end_row(void *ctx, size_t r)
{
    const struct sweep *s = ctx;

    quant_store_row(s->m, s->a, r, s->cols, s->code + r * s->cols, s->scale + r * s->groups, s->zero + r * s->groups,
                    s->codes, s->scales, s->zeros);
}

void quant_gram_rows(const struct quant_gram *q, const struct quant_method *m, const struct quant_affine *a,
                     const float *w, uint64_t rows, uint64_t cols, uint8_t *codes, void *scales, void *zeros)
{
    uint64_t groups = quant_groups(a, cols);
    float *room = mem_resize(NULL, rows * (cols + 2 * groups), sizeof *room);
    struct sweep s = {q,
                      m,
                      a,
                      cols,
                      a->group && a->group < cols ? a->group : cols,
                      groups,
                      q->args.act_order || q->args.static_groups,
                      room,
                      room + rows * cols,
                      room + rows * (cols + groups),
                      mem_new(rows * cols, 1),
                      w,
                      codes,
                      scales,
                      zeros};
    struct obs_sweep sweep = {rows, cols, s.w, q->U, NULL, decide, &s};

    par_for(rows, begin_row, &s);
    for (uint64_t c = 0, width; c < cols; c += width) {
        width = obs_width(cols, c, s.fixed ? 0 : s.step);
        obs_block(&sweep, c, width);
    }
    par_for(rows, end_row, &s);
    free(room);
    free(s.code);
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
    .whole_zeros = 1,
    .needs = QUANT_GRAM | QUANT_SWEEP,
    .row = row,
    .gram = &args};
