#include "la/svd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "la/eigh.h"
#include "la/gemm.h"
#include "la/qr.h"

#define POLISH 1e-2 /* columns of AV shorter than this beside the longest are not orthogonal to 1e-11 by themselves */
#define AGAIN 1e-4  /* below this the first pass has resolved too little */

/* A double matrix of n elements at least, not set. */
static double *matrix(size_t m, size_t n)
{
    return mem_resize(NULL, m * n + 1, sizeof(double));
}

/* V[r][n]: eigenvectors of A'A for its r largest eigenvalues, descending. A[m][n]. */
static int right_vectors(size_t m, size_t n, const double *A, size_t r, double *Vt, struct err *e)
{
    double *G = matrix(n, n), *w = matrix(n, 1), *Z = matrix(r, n);
    int got;

    dsyrk_tn(n, m, A, n, A, n, G, n, KERN_SET);
    got = eigh(n, G, w, r, Z, e);
    for (size_t i = 0; got == 0 && i < r; i++)
        memcpy(Vt + i * n, Z + (r - 1 - i) * n, n * sizeof *Vt);
    free(G), free(w), free(Z);
    return got;
}

/* The length of each column of B[m][r]. */
static void column_norms(size_t m, size_t r, const double *B, double *s)
{
    memset(s, 0, r * sizeof *s);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < r; j++)
            s[j] += B[i * r + j] * B[i * r + j];
    for (size_t j = 0; j < r; j++)
        s[j] = sqrt(s[j]);
}

/* s descending (ties by index), the columns of U[m][r] and the rows of Vt[r][n] along; almost in order already. */
static void sort_down(size_t m, size_t n, size_t r, double *U, double *s, double *Vt)
{
    double *row = matrix(n, 1);

    for (size_t i = 1; i < r; i++)
        for (size_t j = i; j > 0 && s[j] > s[j - 1]; j--) {
            double t = s[j];

            s[j] = s[j - 1], s[j - 1] = t;
            memcpy(row, Vt + j * n, n * sizeof *row);
            memcpy(Vt + j * n, Vt + (j - 1) * n, n * sizeof *row);
            memcpy(Vt + (j - 1) * n, row, n * sizeof *row);
            for (size_t k = 0; k < m; k++)
                t = U[k * r + j], U[k * r + j] = U[k * r + j - 1], U[k * r + j - 1] = t;
        }
    free(row);
}

/* The trailing k x k corner of R[r][r], from row h, is decomposed; U's last columns and Vt's last rows turn with it. */
static int corner(size_t m, size_t n, size_t r, size_t h, const double *R, double *U, double *s, double *Vt,
                  struct err *e)
{
    size_t k = r - h;
    double *C = matrix(k, k), *CU = matrix(k, k), *CV = matrix(k, k), *T = matrix(m > n ? m : n, k);
    int got;

    for (size_t i = 0; i < k; i++)
        memcpy(C + i * k, R + (h + i) * r + h, k * sizeof *C);
    if ((got = svd(k, k, C, k, CU, s + h, CV, e)) == 0) {
        dgemm_nn(m, k, k, U + h, r, CU, k, T, k, KERN_SET);
        for (size_t i = 0; i < m; i++)
            memcpy(U + i * r + h, T + i * k, k * sizeof *U);
        dgemm_nn(k, n, k, CV, k, Vt + h * n, n, T, n, KERN_SET);
        memcpy(Vt + h * n, T, k * n * sizeof *T);
    }
    free(C), free(CU), free(CV), free(T);
    return got;
}

/* U[m][r] = AV with columns of length s to orthonormal ones; s and Vt are mended to match. */
static int polish(size_t m, size_t n, size_t r, double *U, double *s, double *Vt, struct err *e)
{
    double *R = matrix(r, r);
    size_t h = 1;
    int got = qr(m, r, U, R, e);

    while (h < r && s[h] >= AGAIN * s[0])
        h++;
    for (size_t j = 0; got == 0 && j < h; j++) {
        s[j] = fabs(R[j * r + j]);
        if (R[j * r + j] < 0)
            for (size_t i = 0; i < n; i++)
                Vt[j * n + i] = -Vt[j * n + i];
    }
    if (got == 0 && h < r && s[0] > 0)
        got = corner(m, n, r, h, R, U, s, Vt, e);
    free(R);
    return got;
}

static int svd_tall(size_t m, size_t n, const double *A, size_t r, double *U, double *s, double *Vt, struct err *e)
{
    if (r == 0)
        return 0;
    if (right_vectors(m, n, A, r, Vt, e) < 0)
        return -1;
    dgemm_nt(m, r, n, A, n, Vt, n, U, r, KERN_SET);
    column_norms(m, r, U, s);
    sort_down(m, n, r, U, s, Vt);
    if (s[r - 1] < POLISH * s[0] || s[0] == 0) {
        if (polish(m, n, r, U, s, Vt, e) < 0)
            return -1;
        sort_down(m, n, r, U, s, Vt);
        return 0;
    }
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < r; j++)
            U[i * r + j] /= s[j];
    return 0;
}

int svd(size_t m, size_t n, const double *A, size_t r, double *U, double *s, double *Vt, struct err *e)
{
    double *At, *Ut, *V;
    int got;

    if (all_finite(m * n, A, e) < 0)
        return -1;
    if (m >= n)
        return svd_tall(m, n, A, r, U, s, Vt, e);
    At = matrix(n, m), Ut = matrix(r, m), V = matrix(n, r);
    transpose(m, n, A, At);
    if ((got = svd_tall(n, m, At, r, V, s, Ut, e)) == 0) {
        transpose(n, r, V, Vt);
        transpose(r, m, Ut, U);
    }
    free(At), free(Ut), free(V);
    return got;
}

/* Y[m][l] = A times random signs. */
static void sample(size_t m, size_t n, const double *A, size_t l, struct rng rng, double *Y)
{
    double *S = matrix(n, l);

    for (size_t i = 0; i < n * l; i++)
        S[i] = rng_u64(rng, i / 64) >> (i % 64) & 1 ? 1 : -1;
    dgemm_nn(m, l, n, A, n, S, l, Y, l, KERN_SET);
    free(S);
}

int rsvd(size_t m, size_t n, const double *A, size_t r, size_t over, int power, struct rng rng, double *U, double *s,
         double *Vt, struct err *e)
{
    size_t least = m < n ? m : n, l = r + over < least ? r + over : least;
    double *Q = matrix(m, l), *Z = matrix(n, l), *B = matrix(l, n), *UB = matrix(l, r);
    int got;

    if ((got = all_finite(m * n, A, e)) < 0)
        goto end;
    sample(m, n, A, l, rng, Q);
    got = qr(m, l, Q, NULL, e);
    for (int i = 0; got == 0 && i < power; i++) {
        dgemm_tn(n, l, m, A, n, Q, l, Z, l, KERN_SET);
        if ((got = qr(n, l, Z, NULL, e)) == 0) {
            dgemm_nn(m, l, n, A, n, Z, l, Q, l, KERN_SET);
            got = qr(m, l, Q, NULL, e);
        }
    }
    if (got < 0)
        goto end;
    dgemm_tn(l, n, m, Q, l, A, n, B, n, KERN_SET);
    if ((got = svd(l, n, B, r, UB, s, Vt, e)) == 0)
        dgemm_nn(m, r, l, Q, l, UB, r, U, r, KERN_SET);
end:
    free(Q), free(Z), free(B), free(UB);
    return got;
}
