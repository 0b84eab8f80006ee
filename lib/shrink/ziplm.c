/*
 * ziplm: optimal brain surgery for whole units. With P = (H + damp)^-1, H the gram of the inputs, the unit S of least
 *     tr( W_S (P_SS)^-1 W_S' )
 * goes, W -= W_S (P_SS)^-1 P_S and P -= P_:S (P_SS)^-1 P_S: what is left makes up for it, and the next choice sees
 * that. Kurtic, Frantar, Alistarh 2023, ZipLM, equations 2 to 4.
 * The weights that stay are then solved for anew (refit.c), which is what the updates come to. Cost: remove * width *
 * cols * (cols + rows). Score: i for the i-th to go; those that stay have what they cost at the end, above all that go.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "la/chol.h"
#include "la/gemm.h"
#include "shrink/refit.h"
#include "shrink/shrink.h"

struct zip {
    const struct shrink_job *j;
    uint64_t n, width;
    double *w, *p; /* [rows][n], [n][n] */
    double *t, *q; /* [rows or width][n or width]: room for X and (P_SS)^-1 P_S */
    double *u;     /* [width][width] */
};

/* z->u: the Cholesky factor of P_SS. */
static int factor(struct zip *z, uint64_t s, struct err *e)
{
    for (uint64_t i = 0; i < z->width; i++)
        memcpy(z->u + i * z->width, z->p + (s * z->width + i) * z->n + s * z->width, z->width * sizeof *z->u);
    return chol(z->width, z->u, z->width, NULL, e);
}

/* |W_S U^-1|^2, where P_SS = U'U. */
static int cost(struct zip *z, uint64_t s, double *sum, struct err *e)
{
    uint64_t rows = z->j->rows, k = z->width;

    if (factor(z, s, e) < 0)
        return -1;
    for (uint64_t r = 0; r < rows; r++)
        memcpy(z->t + r * k, z->w + r * z->n + s * k, k * sizeof *z->t);
    tri_solve_right_u(rows, k, z->u, k, z->t, k);
    *sum = 0;
    for (uint64_t i = 0; i < rows * k; i++)
        *sum += z->t[i] * z->t[i];
    return 0;
}

/* Take unit s out of W and P. Its own rows and columns of P become 0 up to rounding, and are not looked at again. */
static int take_out(struct zip *z, uint64_t s, struct err *e)
{
    uint64_t rows = z->j->rows, k = z->width, n = z->n;

    if (factor(z, s, e) < 0)
        return -1;
    memcpy(z->q, z->p + s * k * n, k * n * sizeof *z->q);
    tri_solve_ut(k, n, z->u, k, z->q, n); /* U'^-1 P_S: P -= its square */
    for (uint64_t r = 0; r < rows; r++)
        memcpy(z->t + r * k, z->w + r * n + s * k, k * sizeof *z->t);
    tri_solve_right_u(rows, k, z->u, k, z->t, k);
    dgemm_nn(rows, n, k, z->t, k, z->q, n, z->w, n, KERN_SUB);
    dsyrk_tn(n, k, z->q, n, z->q, n, z->p, n, KERN_SUB);
    dsym_mirror(n, z->p, n);
    return 0;
}

static int choose(struct zip *z, struct err *e)
{
    const struct shrink_job *j = z->j;
    uint8_t *gone = mem_new(j->units, 1);
    int rc = 0;

    for (uint64_t i = 0; i <= j->remove && rc == 0; i++) {
        uint64_t best = j->units;

        for (uint64_t s = 0; s < j->units && rc == 0; s++) {
            if (gone[s])
                continue;
            rc = cost(z, s, &j->score[s], e);
            if (best == j->units || j->score[s] < j->score[best])
                best = s;
        }
        if (rc < 0 || i == j->remove)
            break;
        rc = take_out(z, best, e);
        gone[best] = 1;
        j->score[best] = (double)i - (double)j->remove;
    }
    free(gone);
    return rc;
}

static int apply(struct shrink_job *j, struct err *e)
{
    uint64_t n = j->units * j->width, most = j->rows > n ? j->rows : n;
    struct zip z = {.j = j,
                    .n = n,
                    .width = j->width,
                    .w = mem_new(j->rows * n, sizeof(double)),
                    .p = refit_damped(n, j->gram, e),
                    .t = mem_new(most * j->width, sizeof(double)),
                    .q = mem_new(j->width * n, sizeof(double)),
                    .u = mem_new(j->width * j->width, sizeof(double))};
    int rc = z.p ? 0 : -1;

    for (uint64_t i = 0; i < j->rows * n; i++)
        z.w[i] = (double)j->w[i];
    if (rc == 0) {
        chol_inverse(n, z.p);
        rc = choose(&z, e);
    }
    free(z.w);
    free(z.p);
    free(z.t);
    free(z.q);
    free(z.u);
    return rc;
}

const struct shrink_method shrink_ziplm = {.name = "ziplm",
                                           .brief = "one unit after the other, the others making up for each (ZipLM)",
                                           .what = SHRINK_HEADS | SHRINK_CHANNELS,
                                           .normal = SHRINK_CHANNELS,
                                           .needs_heads = SHRINK_GRAM,
                                           .needs_channels = SHRINK_GRAM,
                                           .refits = 1,
                                           .apply = apply};
