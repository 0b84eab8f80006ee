/*
 * dsnot: betters the mask of another method by swaps; weights keep their values. Zhang et al. 2023, "Dynamic sparse no
 * training", algorithm 1. In each row err = sum over what is gone of w_j mean_j, the change of the mean output. While
 * |err| > 0.1 / 2048, at most `cycles` times: of what is gone, the extreme w_j mean_j / var_j on err's side comes back;
 * of what is there and pulls the other way (w_j mean_j against err), the least |w_j| sqrt(norm2_j) goes. Differs from
 * the paper: a weight is swapped once at most, and a swap that would not lower |err| ends the row; the paper's 50
 * cycles are of rows of 4096 columns, and shorter rows get fewer.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "prune/prune.h"

#define ENOUGH (0.1 / 2048) /* the paper's 0.1 is of sums over 2048 tokens, our means are of one */

static const char *init = "wanda";
static uint64_t most_cycles = UINT64_MAX;

static const struct opt opts[] = {
    {0, "init", "NAME", OPT_STRING, &init, "the method whose mask is refined (default wanda)", 0},
    {0, "cycles", "N", OPT_U64, &most_cycles, "swaps in a row at most (default: 50 for each 4096 columns)", 0},
    OPT_END};

struct row {
    const struct prune_job *j;
    const float *w;
    uint8_t *mask, *moved; /* moved: 1 where a swap was */
    double err;
};

static double pull(const struct row *r, uint64_t c)
{
    return (double)r->w[c] * r->j->mean[c];
}

/* The weight to bring back, or cols. */
static uint64_t best_gone(const struct row *r)
{
    const struct prune_job *j = r->j;
    double sign = r->err > 0 ? 1 : -1, most = 0;
    uint64_t at = j->cols;

    for (uint64_t c = 0; c < j->cols; c++) {
        double var = (double)j->norm2[c] - (double)j->mean[c] * j->mean[c], gain;

        if (!r->mask[c] || r->moved[c] || !(var > 0))
            continue;
        gain = sign * pull(r, c) / var;
        if (gain > most) {
            most = gain;
            at = c;
        }
    }
    return at;
}

/* The weight to let go, in columns [c0, c1), or c1. */
static uint64_t least_there(const struct row *r, uint64_t c0, uint64_t c1)
{
    double sign = r->err > 0 ? 1 : -1, least = INFINITY;
    uint64_t at = c1;

    for (uint64_t c = c0; c < c1; c++) {
        double cost = (double)r->w[c] * r->w[c] * r->j->norm2[c];

        if (r->mask[c] || r->moved[c] || !(sign * pull(r, c) < 0) || cost >= least)
            continue;
        least = cost;
        at = c;
    }
    return at;
}

/* 1 when a swap was made. */
static int swap(struct row *r)
{
    uint64_t of = r->j->pattern->of, grow = best_gone(r), c0 = of ? grow / of * of : 0, c1 = of ? c0 + of : r->j->cols,
             go;
    double next;

    if (grow == r->j->cols || (go = least_there(r, c0, c1)) == c1)
        return 0;
    next = r->err + pull(r, go) - pull(r, grow);
    if (!(fabs(next) < fabs(r->err)) || (of && next * r->err < 0))
        return 0;
    r->err = next;
    r->mask[grow] = 0;
    r->mask[go] = 1;
    r->moved[grow] = r->moved[go] = 1;
    return 1;
}

static void one_row(void *ctx, size_t i)
{
    const struct prune_job *j = ctx;
    uint64_t cycles = most_cycles == UINT64_MAX ? (50 * j->cols + 4095) / 4096 : most_cycles;
    struct row r = {j, j->w + i * j->cols, j->mask + i * j->cols, mem_new(j->cols, 1), 0};

    for (uint64_t c = 0; c < j->cols; c++)
        r.err += r.mask[c] ? pull(&r, c) : 0;
    for (uint64_t n = 0; n < cycles && fabs(r.err) > ENOUGH && swap(&r); n++)
        ;
    free(r.moved);
}

static int takes(const struct pattern *p, struct err *e)
{
    if (p->block_rows != 1 || p->block_cols != 1)
        return err_set(e, "dsnot swaps single weights, not blocks of %llux%llu", (unsigned long long)p->block_rows,
                       (unsigned long long)p->block_cols);
    return 0;
}

static int apply(struct prune_job *j, struct err *e)
{
    struct prune_job first = *j;
    int rc;

    first.w = mem_resize(NULL, j->rows * j->cols, sizeof *first.w);
    memcpy(first.w, j->w, j->rows * j->cols * sizeof *first.w);
    rc = j->init->apply(&first, e);
    free(first.w);
    if (rc == 0)
        par_for(j->rows, one_row, j);
    return rc;
}

const struct prune_method prune_dsnot = {
    .name = "dsnot",
    .brief = "the mask of --init, bettered by swaps that lower the change of the mean output",
    .needs = PRUNE_NORM2 | PRUNE_MEAN,
    .opts = opts,
    .init = &init,
    .takes = takes,
    .apply = apply};
