#include "la/chol.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "la/engine.h"
#include "la/gemm.h"

#define LEAF 32       /* blocks this small are done element by element */
#define CHUNK 256     /* columns of a leaf solve at a time: 32 rows of them are 64 KiB */
#define ROUNDING 3e-5 /* of an element of A's diagonal: the most that pivots leave of it by the rounding of f32 */

/* Where to cut n: the upper half is a multiple of the leaf, so that small blocks are full. */
static size_t half_of(size_t n)
{
    return (n / 2 + LEAF - 1) / LEAF * LEAF;
}

static int chol_leaf(size_t n, double *A, size_t lda, size_t *pivot)
{
    for (size_t i = 0; i < n; i++) {
        double *row = A + i * lda, d = row[i];

        if (!(d > 0) || d > 1e308 || !isfinite(1 / d)) {
            *pivot = i;
            return -1;
        }
        d = sqrt(d);
        for (size_t j = i; j < n; j++)
            row[j] /= d;
        for (size_t k = i + 1; k < n; k++)
            kern_axpy64(-row[k], row + k, A + k * lda + k, n - k);
    }
    return 0;
}

int chol_own(size_t n, double *A, size_t lda, size_t *pivot)
{
    size_t h = half_of(n);
    double *right = A + h, *low = A + h * lda + h;

    if (n <= LEAF)
        return chol_leaf(n, A, lda, pivot);
    if (chol_own(h, A, lda, pivot) < 0)
        return -1;
    tri_solve_ut(h, n - h, A, lda, right, lda);
    dsyrk_tn(n - h, h, right, lda, right, lda, low, lda, KERN_SUB);
    if (chol_own(n - h, low, lda, pivot) < 0) {
        *pivot += h;
        return -1;
    }
    return 0;
}

int chol(size_t n, double *A, size_t lda, size_t *pivot, struct err *e)
{
    size_t at = 0;

    if (n > 0 && la_engine->chol(n, A, lda, &at) < 0) {
        if (pivot)
            *pivot = at;
        return err_set(e, "pivot %zu of %zu is %g, not positive", at, n, A[at * lda + at]);
    }
    return 0;
}

/* Rows and columns in reverse order. */
static void reverse(size_t n, double *A)
{
    for (size_t i = 0, j = n * n; i + 1 < j; i++) {
        double t = A[i];

        A[i] = A[--j];
        A[j] = t;
    }
}

/* Upper to upper: (i, j) and (n-1-j, n-1-i) change places; zeros below the diagonal. */
static void flip_upper(size_t n, double *A)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i; j + i < n - 1; j++) {
            double *p = A + i * n + j, *q = A + (n - 1 - j) * n + n - 1 - i, t = *p;

            *p = *q;
            *q = t;
        }
        for (size_t j = 0; j < i; j++)
            A[i * n + j] = 0;
    }
}

/* With J the reversal and JAJ = R'R: A = V V' for the upper V = J R' J, so A^-1 = (V^-1)' V^-1 and U = V^-1 = J (R^-1)'
 * J. */
int chol_inverse_upper(size_t n, double *A, size_t *pivot, struct err *e)
{
    reverse(n, A);
    if (chol(n, A, n, pivot, e) < 0)
        return -1;
    tri_inverse_u(n, A, n);
    flip_upper(n, A);
    return 0;
}

void chol_inverse(size_t n, double *U)
{
    double *V = mem_resize(NULL, n * n + 1, sizeof *V);

    tri_inverse_u(n, U, n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            V[i * n + j] = j < i ? 0 : U[i * n + j];
    dsyrk_nt(n, n, V, n, V, n, U, n, KERN_SET);
    dsym_mirror(n, U, n);
    free(V);
}

static size_t largest(const double *x, size_t n)
{
    size_t at = 0;

    for (size_t i = 1; i < n; i++)
        if (x[i] > x[at])
            at = i;
    return at;
}

size_t chol_pivoted(size_t n, const float *A, size_t rank, float *L, float *rest)
{
    double *rows = mem_new(n * (rank + 1), sizeof *rows), *left = rows + n * rank;
    size_t done = 0;

    for (size_t i = 0; i < n; i++)
        left[i] = A[i * n + i] > 0 ? A[i * n + i] : 0;
    for (size_t at; done < rank && left[at = largest(left, n)] > 0; done++) {
        double *row = rows + done * n, root = sqrt(left[at]);

        for (size_t i = 0; i < n; i++)
            row[i] = A[at * n + i];
        for (size_t k = 0; k < done; k++)
            kern_axpy64(-rows[k * n + at], rows + k * n, row, n);
        for (size_t i = 0; i < n; i++) {
            row[i] /= root;
            left[i] -= row[i] * row[i];
            left[i] = left[i] > ROUNDING * A[i * n + i] ? left[i] : 0;
        }
        left[at] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        rest[i] = (float)left[i];
        for (size_t k = 0; k < rank; k++)
            L[i * rank + k] = (float)rows[k * n + i];
    }
    free(rows);
    return done;
}

void chol_solve(size_t n, size_t m, const double *U, size_t ldu, double *B, size_t ldb)
{
    tri_solve_ut(n, m, U, ldu, B, ldb);
    tri_solve_u(n, m, U, ldu, B, ldb);
}

void tri_solve_ut(size_t n, size_t m, const double *U, size_t ldu, double *B, size_t ldb)
{
    size_t h = half_of(n);

    if (n > LEAF) {
        tri_solve_ut(h, m, U, ldu, B, ldb);
        dgemm_tn(n - h, m, h, U + h, ldu, B, ldb, B + h * ldb, ldb, KERN_SUB);
        tri_solve_ut(n - h, m, U + h * ldu + h, ldu, B + h * ldb, ldb);
        return;
    }
    for (size_t c = 0; c < m; c += CHUNK)
        for (size_t i = 0, some = m - c < CHUNK ? m - c : CHUNK; i < n; i++) {
            double *x = B + i * ldb + c;

            for (size_t p = 0; p < i; p++)
                kern_axpy64(-U[p * ldu + i], B + p * ldb + c, x, some);
            for (size_t j = 0; j < some; j++)
                x[j] /= U[i * ldu + i];
        }
}

void tri_solve_u(size_t n, size_t m, const double *U, size_t ldu, double *B, size_t ldb)
{
    size_t h = half_of(n);

    if (n > LEAF) {
        tri_solve_u(n - h, m, U + h * ldu + h, ldu, B + h * ldb, ldb);
        dgemm_nn(h, m, n - h, U + h, ldu, B + h * ldb, ldb, B, ldb, KERN_SUB);
        tri_solve_u(h, m, U, ldu, B, ldb);
        return;
    }
    for (size_t c = 0; c < m; c += CHUNK)
        for (size_t i = n, some = m - c < CHUNK ? m - c : CHUNK; i-- > 0;) {
            double *x = B + i * ldb + c;

            for (size_t p = i + 1; p < n; p++)
                kern_axpy64(-U[i * ldu + p], B + p * ldb + c, x, some);
            for (size_t j = 0; j < some; j++)
                x[j] /= U[i * ldu + i];
        }
}

void tri_solve_right_u(size_t m, size_t n, const double *U, size_t ldu, double *B, size_t ldb)
{
    size_t h = half_of(n);

    if (n > LEAF) {
        tri_solve_right_u(m, h, U, ldu, B, ldb);
        dgemm_nn(m, n - h, h, B, ldb, U + h, ldu, B + h, ldb, KERN_SUB);
        tri_solve_right_u(m, n - h, U + h * ldu + h, ldu, B + h, ldb);
        return;
    }
    for (size_t r = 0; r < m; r++)
        for (size_t i = 0; i < n; i++) {
            double *x = B + r * ldb;

            x[i] /= U[i * ldu + i];
            kern_axpy64(-x[i], U + i * ldu + i + 1, x + i + 1, n - i - 1);
        }
}

void tri_solve_right_ut(size_t m, size_t n, const double *U, size_t ldu, double *B, size_t ldb)
{
    size_t h = half_of(n);

    if (n > LEAF) {
        tri_solve_right_ut(m, n - h, U + h * ldu + h, ldu, B + h, ldb);
        dgemm_nt(m, h, n - h, B + h, ldb, U + h, ldu, B, ldb, KERN_SUB);
        tri_solve_right_ut(m, h, U, ldu, B, ldb);
        return;
    }
    for (size_t r = 0; r < m; r++)
        for (size_t i = n; i-- > 0;) {
            double *x = B + r * ldb;

            x[i] = (x[i] - kern_dot64(x + i + 1, U + i * ldu + i + 1, n - i - 1)) / U[i * ldu + i];
        }
}

static void inverse_leaf(size_t n, double *U, size_t ldu)
{
    for (size_t j = 0; j < n; j++) {
        double d = 1 / U[j * ldu + j];

        U[j * ldu + j] = d;
        for (size_t i = 0; i < j;
             i++) { /* column j of the inverse: rows above are done, so (i, i .. j-1) is inverted */
            double sum = 0;

            for (size_t p = i; p < j; p++)
                sum += U[i * ldu + p] * U[p * ldu + j];
            U[i * ldu + j] = -sum * d;
        }
    }
}

/* The inverse of [P Q; 0 R] is [P^-1, -P^-1 Q R^-1; 0, R^-1]. Triangles are multiplied as they stand, by solves. */
void tri_inverse_own(size_t n, double *U, size_t ldu)
{
    size_t h = half_of(n);
    double *Q = U + h, *R = U + h * ldu + h;

    if (n <= LEAF) {
        inverse_leaf(n, U, ldu);
        return;
    }
    tri_solve_u(h, n - h, U, ldu, Q, ldu);
    tri_solve_right_u(h, n - h, R, ldu, Q, ldu);
    for (size_t i = 0; i < h; i++)
        for (size_t j = 0; j < n - h; j++)
            Q[i * ldu + j] = -Q[i * ldu + j];
    tri_inverse_own(h, U, ldu);
    tri_inverse_own(n - h, R, ldu);
}

void tri_inverse_u(size_t n, double *U, size_t ldu)
{
    la_engine->tri_inverse(n, U, ldu);
}
