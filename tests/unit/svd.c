/* QR, least squares and singular values by residuals and closed forms. */
#include "la/qr.h"
#include "la/svd.h"
#include "tests/unit/la.h"

static void qr_residual(size_t m, size_t n, int dependent)
{
    double *A = mat(m, n, "A"), *Q, *R = mem_new(n * n + 1, 8), *P = mem_new(m * n + 1, 8);

    if (dependent)
        for (size_t i = 0; i < m; i++)
            A[i * n + n - 1] = A[i * n], A[i * n + n / 2] = 0;
    Q = copy_of(m * n, A);
    CHECK(qr(m, n, Q, R, NULL) == 0);
    dgemm_nn(m, n, n, Q, n, R, n, P, n, KERN_SET);
    CHECK(apart(m * n, A, P) < 2e-13);
    CHECK(skewness(m, n, Q) < 2e-14);
    for (size_t i = 1; i < n; i++)
        CHECK(R[i * n] == 0 && R[i * n + i - 1] == 0);
    free(A), free(Q), free(R), free(P);
}

static void least_squares(void)
{
    size_t m = 120, n = 35, k = 3;
    double *A = mat(m, n, "A"), *C = copy_of(m * n, A), *B = mat(m, k, "B"), *X = mem_new(n * k, 8),
           *P = mem_new(n * k, 8);
    double *zero = mem_new(n * k, 8);
    struct err e;

    CHECK(lstsq(m, n, k, C, B, X, &e) == 0);
    dgemm_nn(m, k, n, A, n, X, k, B, k, KERN_SUB); /* the residual is orthogonal to A */
    dgemm_tn(n, k, m, A, n, B, k, P, k, KERN_SET);
    CHECK(apart(n * k, P, zero) < 1e-12);
    for (size_t i = 0; i < m; i++)
        A[i * n + 20] = 3 * A[i * n + 4];
    CHECK(lstsq(m, n, k, A, B, X, &e) == -1 && strncmp(e.msg, "column 20 of 35 depends", 23) == 0);
    CHECK(lstsq(3, 4, 1, A, B, X, &e) == -1);
    CHECK_STR(e.msg, "3 rows are fewer than 4 columns");
    B[5] = INFINITY;
    CHECK(lstsq(m, n, k, C, B, X, &e) == -1);
    CHECK_STR(e.msg, "right-hand side: value 5 is inf");
    free(A), free(C), free(B), free(X), free(P), free(zero);
}

/* A = Q1 diag(want) Q2', its decomposition against want. */
static void known(size_t m, size_t n, const double *want)
{
    size_t r = m < n ? m : n;
    double *P = mat(m, r, "P"), *Q = mat(n, r, "Q"), *A = mem_new(m * n, 8), *B = mem_new(m * n, 8);
    double *U = mem_new(m * r, 8), *s = mem_new(r, 8), *Vt = mem_new(r * n, 8), *V = mem_new(n * r, 8);
    struct err e;

    CHECK(qr(m, r, P, NULL, &e) == 0 && qr(n, r, Q, NULL, &e) == 0);
    for (size_t i = 0; i < m * r; i++)
        P[i] *= want[i % r];
    dgemm_nt(m, n, r, P, r, Q, r, A, n, KERN_SET);
    CHECK(svd(m, n, A, r, U, s, Vt, &e) == 0);
    for (size_t i = 0; i < r; i++)
        CHECK_NEAR(s[i], want[i], 1e-11 * want[0]);
    transpose(r, n, Vt, V);
    CHECK(skewness(m, r, U) < 1e-11);
    CHECK(skewness(n, r, V) < 1e-11);
    for (size_t i = 0; i < m * r; i++)
        U[i] *= s[i % r];
    dgemm_nn(m, n, r, U, r, Vt, n, B, n, KERN_SET);
    CHECK(apart(m * n, A, B) <= 1e-11 * want[0]);
    free(P), free(Q), free(A), free(B), free(U), free(s), free(Vt), free(V);
}

static void spectra(size_t m, size_t n)
{
    size_t r = m < n ? m : n;
    double *s = mem_new(r, 8);

    for (int kind = 0; kind < 5; kind++) {
        for (size_t i = 0; i < r; i++)
            s[i] = kind == 0   ? 3 - (double)i / (double)r              /* flat */
                   : kind == 1 ? pow(10, -14.0 * (double)i / (double)r) /* graded */
                   : kind == 2 ? (i < r / 3 ? 1 : 0)                    /* rank deficient */
                   : kind == 3 ? (i == 0      ? 1e5
                                  : i < r / 2 ? 1
                                              : 1e-4) /* steps */
                               : 0;
        known(m, n, s);
    }
    free(s);
}

/* The first r of all, and a random subspace that finds them. */
static void truncated(void)
{
    size_t m = 150, n = 110, r = 12, l = 110;
    double *P = mat(m, l, "P"), *Q = mat(n, l, "Q"), *A = mem_new(m * n, 8), *U = mem_new(m * l, 8), *s = mem_new(l, 8);
    double *Vt = mem_new(l * n, 8), *t = mem_new(r, 8), *B = mem_new(m * n, 8), best = 0, got = 0;
    struct err e;

    qr(m, l, P, NULL, &e), qr(n, l, Q, NULL, &e);
    for (size_t i = 0; i < m * l; i++)
        P[i] *= pow(0.9, (double)(i % l));
    dgemm_nt(m, n, l, P, l, Q, l, A, n, KERN_SET);
    CHECK(svd(m, n, A, r, U, s, Vt, &e) == 0);
    for (size_t i = 0; i < r; i++)
        CHECK_NEAR(s[i], pow(0.9, (double)i), 1e-11);
    CHECK(rsvd(m, n, A, r, 10, 2, rng_make(1, "rsvd", 4), U, t, Vt, &e) == 0);
    for (size_t i = 0; i < r; i++)
        CHECK_NEAR(t[i], s[i], 0.01 * s[i]);
    CHECK(skewness(m, r, U) < 1e-11);
    for (size_t i = 0; i < m * r; i++)
        U[i] *= t[i % r];
    memcpy(B, A, m * n * sizeof *B);
    dgemm_nn(m, n, r, U, r, Vt, n, B, n, KERN_SUB);
    for (size_t i = 0; i < m * n; i++)
        got += B[i] * B[i];
    for (size_t i = r; i < l; i++)
        best += pow(0.81, (double)i);
    CHECK(got >= best * (1 - 1e-9) && got < 1.02 * best);
    A[7] = NAN;
    CHECK(svd(m, n, A, r, U, s, Vt, &e) == -1);
    CHECK_STR(e.msg, "value 7 is nan");
    CHECK(rsvd(m, n, A, r, 10, 2, rng_make(1, "rsvd", 4), U, t, Vt, &e) == -1);
    free(P), free(Q), free(A), free(U), free(s), free(Vt), free(t), free(B);
}

int main(void)
{
    qr_residual(1, 1, 0);
    qr_residual(40, 33, 0);
    qr_residual(200, 97, 0);
    qr_residual(100, 100, 0);
    qr_residual(90, 64, 1);
    least_squares();
    spectra(1, 1);
    spectra(40, 40);
    spectra(97, 33);
    spectra(50, 131);
    truncated();
    return DONE();
}
