/*
 * The engine of --fast against the own one: every layout, every way to store, edges; what is refused. Skipped where
 * OpenBLAS is not. tests/unit/oracle.c has the factorizations.
 */
#include "base/par.h"
#include "la/chol.h"
#include "la/eigh.h"
#include "la/engine.h"
#include "la/fast.h"
#include "num/half.h"
#include "num/kern_bf16.h"
#include "tests/unit/la.h"

static const struct engine *fast;

static float *narrow(size_t n, const double *x)
{
    float *y = mem_new(n + 1, sizeof *y);

    for (size_t i = 0; i < n; i++)
        y[i] = (float)x[i];
    return y;
}

static double apart32(size_t n, const float *a, const float *b)
{
    double worst = 0;

    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= worst))
            worst = fabs((double)a[i] - (double)b[i]);
    return worst;
}

typedef void product(size_t m, size_t n, size_t k, const float *A, size_t lda, const float *B, size_t ldb, float *C,
                     size_t ldc, enum kern_store how);
typedef void dproduct(size_t m, size_t n, size_t k, const double *A, size_t lda, const double *B, size_t ldb, double *C,
                      size_t ldc, enum kern_store how);

/* Both engines, rows further apart than they are long: what lies between is left alone. */
static void layout(int form, size_t m, size_t n, size_t k, enum kern_store how, double bound)
{
    product *f = ((product *[]){gemm_nt, gemm_nn, gemm_tn})[form];
    dproduct *d = ((dproduct *[]){dgemm_nt, dgemm_nn, dgemm_tn})[form];
    size_t lda = (form == 2 ? m : k) + 3, ldb = (form == 0 ? k : n) + 1, ldc = n + 2;
    double *A = mat(form == 2 ? k : m, lda, "A"), *B = mat(form == 0 ? n : k, ldb, "B");
    double *C = mat(m, ldc, "C"), *D = mat(m, ldc, "C");
    float *a = narrow((form == 2 ? k : m) * lda, A), *b = narrow((form == 0 ? n : k) * ldb, B);
    float *c = narrow(m * ldc, C), *e = narrow(m * ldc, C);

    la_engine = &la_own;
    f(m, n, k, a, lda, b, ldb, c, ldc, how);
    d(m, n, k, A, lda, B, ldb, C, ldc, how);
    la_engine = fast;
    f(m, n, k, a, lda, b, ldb, e, ldc, how);
    d(m, n, k, A, lda, B, ldb, D, ldc, how);
    CHECK(apart32(m * ldc, c, e) <= bound * ((double)k + 1));
    CHECK(apart(m * ldc, C, D) <= 1e-14 * ((double)k + 1));
    free(A), free(B), free(C), free(D), free(a), free(b), free(c), free(e);
}

static void products(double bound)
{
    static const size_t shapes[][3] = {{1, 1, 1},    {1, 7, 3},   {5, 1, 300},  {4, 4, 0},     {13, 50, 257},
                                       {97, 49, 64}, {2, 130, 9}, {60, 101, 1}, {150, 300, 70}};

    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int form = 0; form < 3; form++)
            for (int how = KERN_SET; how <= KERN_SUB; how++)
                layout(form, shapes[s][0], shapes[s][1], shapes[s][2], (enum kern_store)how, bound);
}

/* Only what is on and above the diagonal is written, wherever a block is cut. */
static void upper(size_t n, size_t k)
{
    double *A = mat(n, k, "A"), *B = mat(n, k, "B"), *C = mat(n, n, "C"), *D = mat(n, n, "C"), *O = mat(n, n, "C");
    double *At = mat(k, n, "At"), *Bt = mat(k, n, "Bt");

    la_engine = &la_own;
    dsyrk_nt(n, k, A, k, B, k, C, n, KERN_ADD);
    dsyrk_tn(n, k, At, n, Bt, n, C, n, KERN_SUB);
    la_engine = fast;
    dsyrk_nt(n, k, A, k, B, k, D, n, KERN_ADD);
    dsyrk_tn(n, k, At, n, Bt, n, D, n, KERN_SUB);
    CHECK(apart(n * n, C, D) <= 2e-14 * (double)k);
    for (size_t i = 1; i < n; i++)
        CHECK(memcmp(D + i * n, O + i * n, i * sizeof *D) == 0);
    free(A), free(B), free(C), free(D), free(O), free(At), free(Bt);
}

static void grams(size_t cols, size_t tokens)
{
    double *X = mat(tokens, cols + 1, "X"), *G = mat(cols, cols, "G"), *H = mat(cols, cols, "G");
    float *x = narrow(tokens * (cols + 1), X);

    la_engine = &la_own;
    gram_add(cols, tokens, x, cols + 1, G);
    la_engine = fast;
    gram_add(cols, tokens, x, cols + 1, H);
    CHECK(apart(cols * cols, G, H) <= 1e-6 * (double)tokens);
    CHECK(H[cols * (cols - 1)] == G[cols * (cols - 1)]); /* the corner below the diagonal, which neither writes */
    free(X), free(G), free(H), free(x);
}

/* A pivot that is not positive is named as the own engine names it. */
static void bad_pivots(void)
{
    size_t n = 40, pivot[2];
    struct err e[2];
    double *A = mem_new(n * n, 8);

    for (int kind = 0; kind < 2; kind++)
        for (int k = 0; k < 2; k++) {
            memset(A, 0, n * n * 8);
            for (size_t i = 0; i < n; i++)
                A[i * n + i] = i == 17 ? (kind ? NAN : -0.5) : 1;
            la_engine = k ? fast : &la_own;
            CHECK(chol(n, A, n, &pivot[k], &e[k]) == -1);
            CHECK(pivot[k] == 17);
        }
    CHECK_STR(e[1].msg, e[0].msg);
    free(A);
    CHECK(chol(0, NULL, 1, NULL, NULL) == 0);
}

static void few_eigenvectors(void)
{
    size_t n = 130, top = 5;
    double *A = mat(n, n, "A"), *B = copy_of(n * n, A), *w = mem_new(n, 8), *v = mem_new(n, 8);
    double *Z = mem_new(top * n, 8), *Y = mem_new(n * n, 8);
    struct err e;

    la_engine = fast;
    CHECK(eigh(n, A, w, top, Z, &e) == 0 && eigh(n, B, v, n, Y, &e) == 0);
    CHECK(apart(n, w, v) <= 1e-12 * v[n - 1]);
    for (size_t i = 0; i < top; i++)
        CHECK_NEAR(fabs(kern_dot64(Z + i * n, Y + (n - top + i) * n, n)), 1, 1e-10);
    A[1] = NAN;
    CHECK(eigh(n, A, w, top, Z, &e) == -1);
    CHECK_STR(e.msg, "value 0, 1 is nan");
    free(A), free(B), free(w), free(v), free(Z), free(Y);
}

/* Numbers of few bits: products and sums are exact, so bf16's are the own. Then a bound of its rounding. */
static void bf16(void)
{
    size_t m = 37, n = 71, k = 99;
    float *a = mem_new(m * k, 4), *b = mem_new(n * k, 4), *c = mem_new(m * n, 4), *d = mem_new(m * n, 4);
    struct err e;

    CHECK(fast_run_option("f16", &e) == -1);
    if (!kern_bf16()) {
        CHECK(fast_run_option("bf16", &e) == OPT_REFUSED);
        CHECK_STR(e.msg, "this processor has no products of bf16 (AVX512_BF16)");
        return;
    }
    CHECK(fast_run_option("bf16", &e) == 0 && la_engine != fast);
    fast = la_engine;
    for (size_t i = 0; i < m * k; i++)
        a[i] = (float)(i * 7 % 255) - 127;
    for (size_t i = 0; i < n * k; i++)
        b[i] = (float)(i * 5 % 31) / 16;
    gemm_nt(m, n, k, a, k, b, k, c, n, KERN_SET);
    la_engine = &la_own;
    gemm_nt(m, n, k, a, k, b, k, d, n, KERN_SET);
    CHECK(apart32(m * n, c, d) == 0);
    products(0x1p-5); /* of a term: 2^-8 of at most 4 x 4, nearly; of a sum of k of them far less than k times it */
    free(a), free(b), free(c), free(d);
}

static void pairs(void)
{
    float x[75], y[75], out[75];

    for (int i = 0; i < 75; i++)
        x[i] = (float)(i - 30) * 1.0123f, y[i] = 1 / (x[i] + 7);
    kern_bf16_along(x, 75, out);
    for (size_t i = 0; i < 75; i++) {
        uint16_t half;

        memcpy(&half, (char *)out + 2 * i, 2);
        CHECK(half == bf16_from_f32(x[i]));
    }
    kern_bf16_across(x, y, 75, out);
    for (size_t i = 0; i < 75; i++) {
        uint16_t half[2];

        memcpy(half, out + i, 4);
        CHECK(half[0] == bf16_from_f32(x[i]) && half[1] == bf16_from_f32(y[i]));
    }
}

int main(void)
{
    struct err e;

    if (fast_use(&e) < 0) {
        printf("needs " FAST_PACKAGE ": %s\n", e.msg);
        return 77;
    }
    fast = la_engine;
    for (int jobs = 1; jobs <= 3; jobs += 2) {
        par_set_jobs(jobs);
        products(1e-5);
        upper(1, 1);
        upper(95, 40);
        upper(97, 3);
        upper(400, 200);
        grams(30, 5);
        grams(530, 700);
        bad_pivots();
        few_eigenvectors();
    }
    if (kern_bf16())
        pairs();
    bf16();
    return DONE();
}
