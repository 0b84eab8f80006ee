/* Cholesky and triangular solves by residuals. */
#include "la/chol.h"
#include "tests/unit/la.h"

/* X'X / m + 0.01 I */
static double *positive(size_t n)
{
    size_t m = n + 10;
    double *X = mat(m, n, "X"), *A = mem_new(n * n + 1, sizeof *A);

    dgemm_tn(n, n, m, X, n, X, n, A, n, KERN_SET);
    for (size_t i = 0; i < n * n; i++)
        A[i] = A[i] / (double)m + (i % (n + 1) == 0 ? 0.01 : 0);
    free(X);
    return A;
}

static void zero_lower(size_t n, double *U)
{
    for (size_t i = 0; i < n; i++)
        memset(U + i * n, 0, i * sizeof *U);
}

static void factors(size_t n)
{
    double *A = positive(n), *U = copy_of(n * n, A), *P = mem_new(n * n + 1, 8), *I = mem_new(n * n + 1, 8), *H, *Hi;
    struct err e;

    CHECK(chol(n, U, n, NULL, &e) == 0);
    if (n > 1)
        CHECK(U[n * (n - 1)] == A[n * (n - 1)]); /* the lower triangle is as it was */
    zero_lower(n, U);
    dgemm_tn(n, n, n, U, n, U, n, P, n, KERN_SET);
    CHECK(apart(n * n, P, A) < 1e-12);
    for (size_t i = 0; i < n; i++)
        I[i * n + i] = 1;
    chol_inverse(n, U);
    dgemm_nn(n, n, n, A, n, U, n, P, n, KERN_SET);
    CHECK(apart(n * n, P, I) < 1e-9);
    /* the factor of the inverse, without the inverse: A U'U = I, and U is upper with a positive diagonal */
    H = copy_of(n * n, A), Hi = mem_new(n * n + 1, 8);
    CHECK(chol_inverse_upper(n, H, NULL, &e) == 0);
    dgemm_tn(n, n, n, H, n, H, n, Hi, n, KERN_SET);
    CHECK(apart(n * n, Hi, U) < 1e-8);
    for (size_t i = 0; i < n; i++)
        CHECK(H[i * n + i] > 0 && (i == 0 || (H[i * n] == 0 && H[i * n + i - 1] == 0)));
    free(A), free(U), free(P), free(I), free(H), free(Hi);
}

static void solves(size_t n, size_t m)
{
    double *A = positive(n), *U = copy_of(n * n, A), *B = mat(n, m, "B"), *X = copy_of(n * m, B),
           *P = mem_new(n * m + 1, 8);
    double *Bt = mat(m, n, "Bt"), *Xt = copy_of(m * n, Bt), *I = mem_new(n * n + 1, 8);

    CHECK(chol(n, U, n, NULL, NULL) == 0);
    chol_solve(n, m, U, n, X, m);
    dgemm_nn(n, m, n, A, n, X, m, P, m, KERN_SET);
    CHECK(apart(n * m, P, B) < 1e-10);
    tri_solve_right_u(m, n, U, n, Xt, n);
    zero_lower(n, U);
    dgemm_nn(m, n, n, Xt, n, U, n, P, n, KERN_SET);
    CHECK(apart(n * m, P, Bt) < 1e-11);
    memcpy(Xt, Bt, n * m * sizeof *Xt);
    tri_solve_right_ut(m, n, U, n, Xt, n);
    dgemm_nt(m, n, n, Xt, n, U, n, P, n, KERN_SET);
    CHECK(apart(n * m, P, Bt) < 1e-11);
    memcpy(I, U, n * n * sizeof *I);
    tri_inverse_u(n, I, n);
    dgemm_nn(n, m, n, I, n, B, m, P, m, KERN_SET);
    memcpy(X, B, n * m * sizeof *X);
    tri_solve_u(n, m, U, n, X, m);
    CHECK(apart(n * m, P, X) < 1e-10);
    free(A), free(U), free(B), free(X), free(P), free(Bt), free(Xt), free(I);
}

/* Steps end where A, rounded to f32, has no more rank; what they took and the rest are A's diagonal. Columns differ in
 * strength. */
static void pivoted(size_t n, size_t rank)
{
    double *X = mat(n, rank, "X");
    float *A = mem_new(n * n, sizeof *A), *L = mem_new(n * (rank + 9), sizeof *L), *rest = mem_new(n, sizeof *rest);

    for (size_t i = 0; i < n * rank; i++)
        X[i] *= 1 + (double)(i / rank % 7) * 100;
    for (size_t i = 0; i < n * n; i++)
        A[i] = (float)kern_dot64(X + i / n * rank, X + i % n * rank, rank);
    for (size_t most = rank - 2; most <= rank + 9; most++) {
        double left = 0;

        CHECK(chol_pivoted(n, A, most, L, rest) == (most < rank ? most : rank));
        for (size_t i = 0; i < n; i++) {
            double taken = 0;

            for (size_t k = 0; k < most; k++)
                taken += (double)L[i * most + k] * L[i * most + k];
            CHECK_NEAR((rest[i] + taken) / A[i * n + i], 1, 1e-4);
            CHECK(rest[i] >= 0);
            left += rest[i];
        }
        CHECK((left > 0) == (most < rank));
    }
    free(X), free(A), free(L), free(rest);
}

static void refusals(void)
{
    double A[9] = {4, 2, 0, 2, 5, 0, 0, 0, -1}, B[4] = {1, 2, 2, 4}, C[4] = {1, NAN, NAN, 1}, S[1] = {9};
    size_t n = 100, pivot = 0;
    struct err e;
    double *big = positive(n);

    CHECK(chol(3, A, 3, &pivot, &e) == -1 && pivot == 2);
    CHECK_STR(e.msg, "pivot 2 of 3 is -1, not positive");
    CHECK(chol(2, B, 2, &pivot, &e) == -1 && pivot == 1);
    CHECK(chol(2, C, 2, &pivot, &e) == -1 && pivot == 1);
    CHECK(chol(1, S, 1, NULL, &e) == 0 && S[0] == 3);
    CHECK(chol(0, S, 1, NULL, &e) == 0);
    big[70 * n + 70] = -3;
    CHECK(chol(n, big, n, &pivot, &e) == -1 && pivot == 70);
    free(big);
}

int main(void)
{
    const size_t sizes[] = {1, 2, 31, 32, 33, 64, 100, 129, 257};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        factors(sizes[i]);
        solves(sizes[i], 1);
        solves(sizes[i], 75);
    }
    pivoted(50, 7);
    pivoted(300, 90);
    refusals();
    return DONE();
}
