/*
 * monarch: the block of W at columns of block k and rows of block j, (j, l) x (k, i), becomes its best product of the
 * rank asked for; the left factors are L, the right ones R (form monarch). The blocks are independent, so the whole is
 * the nearest matrix of that form. Dao et al. (2022), Monarch, section 3.2 and algorithm 1, where the rank is 1; ranks
 * above it as in their released projection for rectangles.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/par.h"
#include "factor/factor.h"
#include "la/svd.h"

static uint64_t blocks;
static const struct opt opts[] = {{.name = "blocks",
                                   .arg = "B",
                                   .kind = OPT_U64,
                                   .to = &blocks,
                                   .lo = 1,
                                   .hi = INFINITY,
                                   .help = "diagonal blocks (default: near the root of the columns)"},
                                  OPT_END};

/* Where none are asked for: the divisor of both sides nearest the root of the columns, the smaller of two. */
static uint64_t blocks_of(uint64_t rows, uint64_t cols)
{
    double root = sqrt((double)cols);
    uint64_t best = 1;

    if (blocks)
        return blocks;
    for (uint64_t n = 2; n <= cols && n <= rows; n++)
        if (rows % n == 0 && cols % n == 0 && fabs((double)n - root) < fabs((double)best - root))
            best = n;
    return best;
}

struct cut {
    struct factor_job *j;
    uint64_t height, width; /* of a block: rows / blocks, cols / blocks */
    double *kept; /* [blocks blocks]: sum of the squares of the values taken, below 0 where the decomposition failed */
};

/* Block s = k blocks + j: its rows are j, j + blocks, ... */
static void one(void *ctx, size_t s)
{
    struct cut *c = ctx;
    struct factor_job *f = c->j;
    uint64_t n = f->blocks, rank = f->rank, k = s / n, j = s % n;
    double *block = mem_new(c->height * c->width, sizeof *block), *u = mem_new(c->height * rank, sizeof *u);
    double *sigma = mem_new(rank, sizeof *sigma), *vt = mem_new(rank * c->width, sizeof *vt);
    struct err e;

    for (uint64_t l = 0; l < c->height; l++)
        for (uint64_t i = 0; i < c->width; i++)
            block[l * c->width + i] = f->w[(l * n + j) * f->cols + k * c->width + i];
    c->kept[s] = svd(c->height, c->width, block, rank, u, sigma, vt, &e) < 0 ? -1 : 0;
    for (uint64_t t = 0; t < rank && c->kept[s] >= 0; t++) {
        double root = sqrt(sigma[t]);

        c->kept[s] += sigma[t] * sigma[t];
        for (uint64_t l = 0; l < c->height; l++)
            f->b[(l * n + j) * n * rank + k * rank + t] = u[l * rank + t] * root;
        for (uint64_t i = 0; i < c->width; i++)
            f->a[(s * rank + t) * c->width + i] = vt[t * c->width + i] * root;
    }
    free(block), free(u), free(sigma), free(vt);
}

static int apply(struct factor_job *j, struct err *e)
{
    uint64_t n = j->blocks;
    struct cut c = {j, j->rows / n, j->cols / n, mem_new(n * n, sizeof *c.kept)};
    double all = 0, kept = 0;
    int rc = 0;

    par_for(n * n, one, &c);
    for (uint64_t s = 0; s < n * n && rc == 0; s++) {
        if (c.kept[s] < 0)
            rc = err_set(e, "the singular values of block [%llu, %llu] did not come", (unsigned long long)(s % n),
                         (unsigned long long)(s / n));
        kept += c.kept[s];
    }
    for (uint64_t i = 0; i < j->rows * j->cols; i++)
        all += j->w[i] * j->w[i];
    j->lost = all > kept ? (all - kept) / all : 0;
    free(c.kept);
    return rc;
}

const struct factor_method factor_monarch = {.name = "monarch",
                                             .brief = "block-diagonal, permutation, block-diagonal",
                                             .opts = opts,
                                             .kind = FACTOR_MONARCH,
                                             .apply = apply,
                                             .blocks = blocks_of};
