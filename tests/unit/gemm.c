/* Products against their definition, bit for bit; the same bits from every build and any number of threads. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/rng.h"
#include "la/gemm.h"
#include "tests/unit/check.h"

static const size_t shapes[][3] = {{1, 1, 1},     {1, 7, 3},     {5, 1, 300},    {4, 4, 0},     {13, 50, 257},
                                   {97, 49, 512}, {9, 130, 513}, {200, 101, 70}, {33, 1000, 31}};

static float *randoms(size_t n, const char *name)
{
    struct rng r = rng_make(7, name, strlen(name));
    float *x = mem_new(n + 1, sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_normal(r, i);
    return x;
}

static double *doubles(size_t n, const char *name)
{
    struct rng r = rng_make(7, name, strlen(name));
    double *x = mem_new(n + 1, sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = rng_normal(r, i);
    return x;
}

/* The definition in gemm.h, word for word. a[p * as], b[p * bs]. volatile keeps the compiler from any idea of its own.
 * */
#define DEFINE(T, NAME)                                                                                                \
    static T NAME(const T *a, size_t as, const T *b, size_t bs, size_t k, T c, enum kern_store how)                    \
    {                                                                                                                  \
        if (how == KERN_SET)                                                                                           \
            c = 0;                                                                                                     \
        for (size_t p0 = 0; p0 < k; p0 += GEMM_BLOCK) {                                                                \
            volatile T sum = 0;                                                                                        \
            for (size_t p = p0; p < k && p < p0 + GEMM_BLOCK; p++) {                                                   \
                volatile T product = a[p * as] * b[p * bs];                                                            \
                sum = sum + product;                                                                                   \
            }                                                                                                          \
            c = how == KERN_SUB ? c - sum : p0 == 0 && how == KERN_SET ? sum : c + sum;                                \
        }                                                                                                              \
        return c;                                                                                                      \
    }
DEFINE(float, define32)
DEFINE(double, define64)

#define TEST(T, PRE, DEF, RANDOMS, KIND, TA, TB)                                                                       \
    static void PRE##test_##KIND(size_t m, size_t n, size_t k, enum kern_store how)                                    \
    {                                                                                                                  \
        size_t lda = (TA ? m : k) + 3, ldb = (TB ? n : k) + 1, ldc = n + 2;                                            \
        T *A = RANDOMS((TA ? k : m) * lda, "A"), *B = RANDOMS((TB ? k : n) * ldb, "B");                                \
        T *C = RANDOMS(m * ldc, "C"), *C0 = RANDOMS(m * ldc, "C");                                                     \
        size_t wrong = 0;                                                                                              \
        PRE##gemm_##KIND(m, n, k, A, lda, B, ldb, C, ldc, how);                                                        \
        for (size_t i = 0; i < m; i++)                                                                                 \
            for (size_t j = 0; j < ldc; j++) {                                                                         \
                T want = j < n ? DEF(TA ? A + i : A + i * lda, TA ? lda : 1, TB ? B + j : B + j * ldb, TB ? ldb : 1,   \
                                     k, C0[i * ldc + j], how)                                                          \
                               : C0[i * ldc + j];                                                                      \
                wrong += want != C[i * ldc + j];                                                                       \
            }                                                                                                          \
        CHECK(wrong == 0);                                                                                             \
        free(A), free(B), free(C), free(C0);                                                                           \
    }
TEST(float, , define32, randoms, nt, 0, 0)
TEST(float, , define32, randoms, nn, 0, 1)
TEST(float, , define32, randoms, tn, 1, 1)
TEST(double, d, define64, doubles, nt, 0, 0)
TEST(double, d, define64, doubles, nn, 0, 1)
TEST(double, d, define64, doubles, tn, 1, 1)

static void is_the_definition(void)
{
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int how = KERN_SET; how <= KERN_SUB; how++) {
            const size_t *z = shapes[s];

            test_nt(z[0], z[1], z[2], how);
            test_nn(z[0], z[1], z[2], how);
            test_tn(z[0], z[1], z[2], how);
            dtest_nt(z[0], z[1], z[2], how);
            dtest_nn(z[0], z[1], z[2], how);
            dtest_tn(z[0], z[1], z[2], how);
        }
}

static void threads_change_nothing(void)
{
    size_t m = 301, n = 500, k = 300;
    float *A = randoms(m * k, "A"), *B = randoms(n * k, "B"), *C = randoms(m * n, "C"), *D = randoms(m * n, "D");

    gemm_nt(m, n, k, A, k, B, k, C, n, KERN_SET);
    par_set_jobs(3);
    gemm_nt(m, n, k, A, k, B, k, D, n, KERN_SET);
    par_set_jobs(1);
    CHECK(memcmp(C, D, m * n * sizeof *C) == 0);
    free(A), free(B), free(C), free(D);
}

/* Every micro-kernel, on the padded panels that the driver would give it. */
static void builds_agree(void)
{
    const char *names[] = {"base", "avx2", "avx512"};
    double *a = doubles(24 * 300, "a"), *b = doubles(24 * 300, "b"), c[24 * 24];
    float *fa = randoms(48 * 300, "a"), *fb = randoms(48 * 300, "b"), fc[48 * 48];

    for (int v = 0; v < 3; v++) {
        const struct kern *kn = kern_find(names[v]);
        size_t wrong = 0, m, n;

        if (!kn)
            continue;
        m = (size_t)kn->mr, n = (size_t)kn->nr;
        kn->gemm32(200, fa, fb, fc, n, KERN_SET);
        for (size_t i = 0; i < m * n; i++)
            wrong += fc[i] != define32(fa + i / n, m, fb + i % n, n, 200, 0, KERN_SET);
        m = (size_t)kn->dmr, n = (size_t)kn->dnr;
        kn->gemm64(200, a, b, c, n, KERN_SET);
        for (size_t i = 0; i < m * n; i++)
            wrong += c[i] != define64(a + i / n, m, b + i % n, n, 200, 0, KERN_SET);
        CHECK(wrong == 0);
    }
    free(a), free(b), free(fa), free(fb);
}

static void triangles(void)
{
    size_t n = 67, k = 300, wrong = 0;
    double *A = doubles(n * k, "A"), *C = doubles(n * n, "C"), *C0 = doubles(n * n, "C"), *F = doubles(n * n, "F");

    dsyrk_nt(n, k, A, k, A, k, C, n, KERN_SUB);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double want = j < i ? C0[i * n + j] : define64(A + i * k, 1, A + j * k, 1, k, C0[i * n + j], KERN_SUB);

            wrong += C[i * n + j] != want;
        }
    CHECK(wrong == 0);
    dgemm_tn(n, n, k, A, n, A, n, F, n, KERN_SET);
    dsyrk_tn(n, k, A, n, A, n, C, n, KERN_SET);
    dsym_mirror(n, C, n);
    CHECK(memcmp(C, F, n * n * sizeof *C) == 0);
    free(A), free(C), free(C0), free(F);
}

/* Blocks of 256 tokens in float, then double: against the same spelled out, and against exact sums. */
static void gram(void)
{
    size_t cols = 131, tokens = 1500, wrong = 0;
    float *X = randoms(tokens * cols, "X");
    double *G = mem_new(cols * cols, sizeof *G), *G2 = mem_new(cols * cols, sizeof *G), worst = 0;

    gram_add(cols, tokens, X, cols, G);
    gram_finish(cols, G, 1);
    for (size_t i = 0; i < cols; i++)
        for (size_t j = 0; j < cols; j++) {
            double want = 0, exact = 0, mass = 0;

            for (size_t p = 0; p < tokens; p += GEMM_BLOCK)
                want += define32(X + p * cols + i, cols, X + p * cols + j, cols,
                                 tokens - p < GEMM_BLOCK ? tokens - p : GEMM_BLOCK, 0, KERN_SET);
            for (size_t p = 0; p < tokens; p++) {
                exact += (double)X[p * cols + i] * X[p * cols + j];
                mass += fabs((double)X[p * cols + i] * X[p * cols + j]);
            }
            wrong += G[i * cols + j] != want;
            worst = fmax(worst, fabs(want - exact) / mass);
        }
    CHECK(wrong == 0);
    CHECK(worst < 2e-6);
    par_set_jobs(2);
    gram_add(cols, 1280, X, cols, G2);
    gram_add(cols, tokens - 1280, X + 1280 * cols, cols, G2);
    par_set_jobs(1);
    gram_finish(cols, G2, 1);
    CHECK(memcmp(G, G2, cols * cols * sizeof *G) == 0);
    free(X), free(G), free(G2);
}

int main(void)
{
    is_the_definition();
    threads_change_nothing();
    builds_agree();
    triangles();
    gram();
    return DONE();
}
