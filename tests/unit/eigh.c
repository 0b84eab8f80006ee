/* Symmetric eigenvalues: closed forms, residuals, hard spectra; threads change nothing. */
#include "base/par.h"
#include "la/eigh.h"
#include "la/qr.h"
#include "tests/unit/la.h"

/* |AZ' - Z'diag(w)| and |ZZ' - I| beside |A| */
static void residual(size_t n, const double *A, double tol)
{
    double *C = copy_of(n * n, A), *w = mem_new(n, 8), *Z = mem_new(n * n, 8), *P = mem_new(n * n, 8),
           *Zt = mem_new(n * n, 8);
    double big = 1e-300;
    struct err e;

    CHECK(eigh(n, C, w, n, Z, &e) == 0);
    dgemm_nn(n, n, n, Z, n, A, n, P, n, KERN_SET);
    for (size_t i = 0; i < n; i++) {
        CHECK(i == 0 || w[i] >= w[i - 1]);
        big = fmax(big, fabs(w[i]));
        memcpy(C + i * n, Z + i * n, n * sizeof *C);
        for (size_t j = 0; j < n; j++)
            C[i * n + j] *= w[i];
    }
    CHECK(apart(n * n, P, C) <= tol * big);
    transpose(n, n, Z, Zt);
    CHECK(skewness(n, n, Zt) <= tol);
    free(C), free(w), free(Z), free(P), free(Zt);
}

static double *symmetric(size_t n, const double *spectrum)
{
    double *Q = mat(n, n, "Q"), *S = mem_new(n * n, 8), *A = mem_new(n * n, 8);

    CHECK(qr(n, n, Q, NULL, NULL) == 0);
    for (size_t i = 0; i < n * n; i++)
        S[i] = Q[i] * spectrum[i % n];
    dsyrk_nt(n, n, S, n, Q, n, A, n, KERN_SET);
    dsym_mirror(n, A, n);
    free(Q), free(S);
    return A;
}

static void spectra(size_t n)
{
    double *s = mem_new(n, 8), *A;

    for (int kind = 0; kind < 5; kind++) {
        for (size_t i = 0; i < n; i++)
            s[i] = kind == 0   ? (double)i - 3
                   : kind == 1 ? pow(10, -12.0 * (double)i / (double)n) /* graded */
                   : kind == 2 ? (i < n / 4 ? 1 + (double)i : 0)        /* rank deficient */
                   : kind == 3 ? 2                                      /* one value */
                               : 1e-200 * (double)(1 + i);              /* far from 1 */
        A = symmetric(n, s);
        residual(n, A, 2e-13);
        free(A);
    }
    free(s);
}

/* The second difference matrix: eigenvalues 2 - 2 cos(k pi / (n+1)). */
static void closed_form(void)
{
    size_t n = 90;
    double *A = mem_new(n * n, 8), *w = mem_new(n, 8);

    for (size_t i = 0; i < n; i++) {
        A[i * n + i] = 2;
        if (i + 1 < n)
            A[i * n + i + 1] = -1; /* the lower triangle is not read */
    }
    CHECK(eigh(n, A, w, 0, NULL, NULL) == 0);
    for (size_t i = 0; i < n; i++)
        CHECK_NEAR(w[i], 2 - 2 * cos((double)(i + 1) * 3.141592653589793 / (double)(n + 1)), 1e-14);
    free(A), free(w);
}

static void top_and_threads(void)
{
    size_t n = 900, top = 7;
    double *X = mat(n, n, "X"), *A = copy_of(n * n, X), *B = copy_of(n * n, X);
    double *w = mem_new(n, 8), *v = mem_new(n, 8), *Z = mem_new(n * n, 8), *Y = mem_new(top * n, 8);

    CHECK(eigh(n, A, w, n, Z, NULL) == 0);
    par_set_jobs(2);
    CHECK(eigh(n, B, v, top, Y, NULL) == 0);
    par_set_jobs(1);
    CHECK(memcmp(w, v, n * sizeof *w) == 0);
    CHECK(memcmp(Z + (n - top) * n, Y, top * n * sizeof *Y) == 0);
    free(X), free(A), free(B), free(w), free(v), free(Z), free(Y);
}

static void refusals(void)
{
    double A[4] = {1, NAN, 0, 1}, B[4] = {1, 0, NAN, 1}, C[1] = {-5}, w[2], Z[4];
    struct err e;

    CHECK(eigh(2, A, w, 2, Z, &e) == -1);
    CHECK_STR(e.msg, "value 0, 1 is nan");
    CHECK(eigh(2, B, w, 2, Z, &e) == 0 && w[0] == 1 && w[1] == 1);
    CHECK(eigh(1, C, w, 1, Z, &e) == 0 && w[0] == -5 && Z[0] == 1);
}

int main(void)
{
    spectra(3);
    spectra(33);
    spectra(200);
    closed_form();
    top_and_threads();
    refusals();
    return DONE();
}
