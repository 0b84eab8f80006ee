/*
 * sparsegpt: blocks of 128 columns, left to right: the weights of least w^2 / U_jj^2 go, and the columns behind make up
 * for them (la/obs.h). Frantar and Alistarh 2023, "SparseGPT", algorithm 1. U is the upper Cholesky factor of H^-1, H
 * the damped gram. Scope tensor (the paper's, the default): the least of a block go over all rows; scope row: over each
 * row. Counts are such that after each block floor(s n) of the n weights so far are 0, so the tensor has exactly
 * floor(s n) too. N:M: in each M columns, as they are when the first is reached.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pick.h"
#include "la/obs.h"
#include "prune/prune.h"

static double damp = 0.01;

static const struct opt opts[] = {
    {0, "damp", "F", OPT_F64, &damp, "add this share of the gram's mean diagonal to it", 0, 0, INFINITY}, OPT_END};

struct sparsegpt {
    const struct prune_job *j;
    const struct prune_factor *f;
};

/* (w / U_cc)^2; an input that is never active costs nothing. */
static float cost(const struct sparsegpt *s, float w, uint64_t c)
{
    float a = w / s->f->U[c * s->j->cols + c];

    return s->f->dead[c] ? 0 : a * a;
}

/* The M weights of each row from column c on. */
static void choose_group(const struct sparsegpt *s, const struct obs_tile *t)
{
    uint64_t of = s->j->pattern->of, cols = s->j->cols;
    float v[OBS_BLOCK];

    for (size_t l = 0; l < t->rows; l++) {
        for (uint64_t k = 0; k < of; k++)
            v[k] = cost(s, t->w[(t->col - t->col0 + k) * OBS_LANES + l], t->col + k);
        pick_smallest(v, of, of - s->j->pattern->keep, s->j->mask + (t->row0 + l) * cols + t->col);
    }
}

static void decide(void *ctx, const struct obs_tile *t, float *q)
{
    const struct sparsegpt *s = ctx;
    uint64_t of = s->j->pattern->of;

    if (of && t->col % of == 0)
        choose_group(s, t);
    for (size_t l = 0; l < t->rows; l++)
        if (s->j->mask[(t->row0 + l) * s->j->cols + t->col])
            q[l] = 0;
}

/* Which of columns [c0, c0 + width) go, as the weights now are: the least of each `rows` rows together. */
static void choose_block(const struct sparsegpt *s, uint64_t c0, uint64_t width, uint64_t rows, float *v, uint8_t *mark)
{
    const struct prune_job *j = s->j;

    for (uint64_t r0 = 0; r0 < j->rows; r0 += rows) {
        uint64_t go = pattern_count(j->pattern, rows * (c0 + width)) - pattern_count(j->pattern, rows * c0);

        for (uint64_t r = 0; r < rows; r++)
            for (uint64_t k = 0; k < width; k++)
                v[r * width + k] = cost(s, j->w[(r0 + r) * j->cols + c0 + k], c0 + k);
        pick_smallest(v, rows * width, go, mark);
        for (uint64_t r = 0; r < rows; r++)
            memcpy(j->mask + (r0 + r) * j->cols + c0, mark + r * width, width);
    }
}

static int takes(const struct pattern *p, struct err *e)
{
    if (p->of > OBS_BLOCK)
        return err_set(e, "%llu:%llu: sparsegpt takes groups of at most %d", (unsigned long long)p->keep,
                       (unsigned long long)p->of, OBS_BLOCK);
    if (p->block_rows != 1 || p->block_cols != 1)
        return err_set(e, "sparsegpt takes single weights, not blocks of %llux%llu", (unsigned long long)p->block_rows,
                       (unsigned long long)p->block_cols);
    return p->scope == SCOPE_MODEL ? err_set(e, "sparsegpt has the scopes row and tensor, not model") : 0;
}

static int factor(struct prune_factor *f, size_t cols, const float *gram, struct err *e)
{
    return prune_factor_make(f, cols, gram, damp, e);
}

static int apply(struct prune_job *j, struct err *e)
{
    struct prune_factor own = {0};
    struct sparsegpt s = {j, j->factor ? j->factor : &own};
    struct obs_sweep sweep = {j->rows, j->cols, j->w, NULL, NULL, decide, &s};
    uint64_t together = j->pattern->scope == SCOPE_ROW ? 1 : j->rows;
    uint8_t *mark;
    float *v;

    if (!j->factor && factor(&own, j->cols, j->gram, e) < 0)
        return -1;
    sweep.U = s.f->U;
    v = mem_new(together * OBS_BLOCK, sizeof *v);
    mark = mem_new(together * OBS_BLOCK, 1);
    for (uint64_t c = 0, width; c < j->cols; c += width) {
        width = obs_width(j->cols, c, j->pattern->of);
        if (!j->pattern->of)
            choose_block(&s, c, width, together, v, mark);
        obs_block(&sweep, c, width);
    }
    prune_factor_free(&own);
    free(mark);
    free(v);
    return 0;
}

const struct prune_method prune_sparsegpt = {
    .name = "sparsegpt",
    .brief = "the least of w^2 / U_jj^2 go, block by block; the rest makes up for them",
    .needs = PRUNE_GRAM,
    .whole = 1,
    .changes = 1,
    .opts = opts,
    .factor = factor,
    .takes = takes,
    .apply = apply};
