#include "la/qr.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "la/chol.h"
#include "la/gemm.h"
#include "la/house.h"

#define BLOCK 32

int all_finite(size_t n, const double *x, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return err_set(e, "value %zu is %g", i, x[i]);
    return 0;
}

void transpose(size_t m, size_t n, const double *A, double *B)
{
    const size_t block = 32;

    for (size_t i0 = 0; i0 < m; i0 += block)
        for (size_t j0 = 0; j0 < n; j0 += block)
            for (size_t i = i0; i < m && i < i0 + block; i++)
                for (size_t j = j0; j < n && j < j0 + block; j++)
                    B[j * m + i] = A[i * n + j];
}

/* Factor columns j0 .. j0+b, which are rows of At[n][m]; the reflections stay in those rows, R's columns go to R. */
static void panel(size_t m, size_t n, double *At, size_t j0, size_t b, double *R, double *tau)
{
    for (size_t j = j0; j < j0 + b; j++) {
        double *v = At + j * m, beta;

        tau[j] = house_make(m - j, v + j, &beta);
        for (size_t q = j + 1; q < j0 + b; q++) {
            double *x = At + q * m + j;

            kern_axpy64(-tau[j] * kern_dot64(v + j, x, m - j), v + j, x, m - j);
        }
        for (size_t i = 0; i < j; i++) {
            R[i * n + j] = v[i];
            R[j * n + i] = v[i] = 0;
        }
        R[j * n + j] = beta;
    }
}

int qr(size_t m, size_t n, double *A, double *R, struct err *e)
{
    double *At, *T, *tau, *own = NULL;

    if (m < n)
        return err_set(e, "%zu rows are fewer than %zu columns", m, n);
    if (all_finite(m * n, A, e) < 0)
        return -1;
    At = mem_resize(NULL, m * n + 1, sizeof *At);
    T = mem_new(n * BLOCK + n + 1, sizeof *T);
    tau = T + n * BLOCK;
    if (!R)
        R = own = mem_resize(NULL, n * n + 1, sizeof *R);
    transpose(m, n, A, At);
    for (size_t j = 0; j < n; j += BLOCK) {
        size_t b = n - j < BLOCK ? n - j : BLOCK;

        panel(m, n, At, j, b, R, tau);
        house_block(b, m - j, At + j * m + j, m, tau + j, T + j * BLOCK);
        house_apply(n - j - b, m - j, At + (j + b) * m + j, m, b, At + j * m + j, m, T + j * BLOCK, 1);
    }
    /* Q's columns, as rows: H_0 H_1 ... e_i, the last block first; rows before a block's are not touched by it. */
    double *Qt = A;
    for (size_t i = 0; i < m * n; i++)
        Qt[i] = 0;
    for (size_t i = 0; i < n; i++)
        Qt[i * m + i] = 1;
    for (size_t j = (n + BLOCK - 1) / BLOCK * BLOCK; j > 0;) {
        j -= BLOCK;
        house_apply(n - j, m - j, Qt + j * m + j, m, n - j < BLOCK ? n - j : BLOCK, At + j * m + j, m, T + j * BLOCK,
                    0);
    }
    transpose(n, m, Qt, At);
    for (size_t i = 0; i < m * n; i++)
        A[i] = At[i];
    free(At), free(T), free(own);
    return 0;
}

int lstsq(size_t m, size_t n, size_t k, double *A, const double *B, double *X, struct err *e)
{
    double *R = mem_resize(NULL, n * n + 1, sizeof *R), most = 0;
    int got = all_finite(m * k, B, e) < 0 ? err_in(e, "right-hand side") : qr(m, n, A, R, e);

    for (size_t j = 0; got == 0 && j < n; j++)
        most = fmax(most, fabs(R[j * n + j]));
    for (size_t j = 0; got == 0 && j < n; j++)
        if (fabs(R[j * n + j]) <= (double)m * DBL_EPSILON * most)
            got = err_set(e, "column %zu of %zu depends on those before it: %g beside %g", j, n, R[j * n + j], most);
    if (got == 0) {
        dgemm_tn(n, k, m, A, n, B, k, X, k, KERN_SET);
        tri_solve_u(n, k, R, n, X, k);
    }
    free(R);
    return got;
}
