/*
 * gemm against OpenBLAS (opened at run time; OPENBLAS_CORETYPE and the number of threads set before it starts), in one
 * run. make build/tests/bench/gemm && build/tests/bench/gemm [threads [coretype]]
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/gemm.h"

typedef void sgemm_fn(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
                      const float *b, int ldb, float beta, float *c, int ldc);
typedef void dgemm_fn(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a, int lda,
                      const double *b, int ldb, double beta, double *c, int ldc);
static sgemm_fn *blas_s;
static dgemm_fn *blas_d;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Best of five, in GFLOP/s. */
#define RATE(FLOP, CALL)                                                                                               \
    ({                                                                                                                 \
        double best = 1e9;                                                                                             \
        for (int turn = 0; turn < 5; turn++) {                                                                         \
            double start = now(), took;                                                                                \
            CALL;                                                                                                      \
            took = now() - start;                                                                                      \
            best = took < best ? took : best;                                                                          \
        }                                                                                                              \
        (FLOP) / best / 1e9;                                                                                           \
    })

static void compare(size_t m, size_t n, size_t k)
{
    float *a = mem_new(m * k, 4), *b = mem_new(n * k, 4), *c = mem_new(m * n, 4);
    double *da = mem_new(m * k, 8), *db = mem_new(n * k, 8), *dc = mem_new(m * n, 8);
    double flop = 2.0 * (double)m * (double)n * (double)k, ours, theirs = 0, ours_d, theirs_d = 0;
    int im = (int)m, in = (int)n, ik = (int)k;

    for (size_t i = 0; i < m * k; i++)
        da[i] = a[i] = (float)(i % 17) - 8;
    for (size_t i = 0; i < n * k; i++)
        db[i] = b[i] = (float)(i % 13) - 6;
    ours = RATE(flop, gemm_nt(m, n, k, a, k, b, k, c, n, KERN_SET));
    ours_d = RATE(flop, dgemm_nt(m, n, k, da, k, db, k, dc, n, KERN_SET));
    if (blas_s)
        theirs = RATE(flop, blas_s(101, 111, 112, im, in, ik, 1, a, ik, b, ik, 0, c, in));
    if (blas_d)
        theirs_d = RATE(flop, blas_d(101, 111, 112, im, in, ik, 1, da, ik, db, ik, 0, dc, in));
    printf("%5zu %5zu %5zu  f32 %6.1f / %6.1f = %.2f   f64 %6.1f / %6.1f = %.2f\n", m, n, k, ours, theirs,
           ours / theirs, ours_d, theirs_d, ours_d / theirs_d);
    free(a), free(b), free(c), free(da), free(db), free(dc);
}

static void gram(size_t cols, size_t tokens)
{
    float *x = mem_new(tokens * cols, 4);
    double *g = mem_new(cols * cols, 8);

    for (size_t i = 0; i < tokens * cols; i++)
        x[i] = (float)(i % 17) - 8;
    printf("gram %zu columns, %zu tokens: %.1f GFLOP/s of n^2 t\n", cols, tokens,
           RATE((double)cols * (double)cols * (double)tokens, gram_add(cols, tokens, x, cols, g)));
    free(x), free(g);
}

int main(int argc, char **argv)
{
    const char *threads = argc > 1 ? argv[1] : "1", *core = argc > 2 ? argv[2] : "SkylakeX";
    void *lib;

    setenv("OPENBLAS_CORETYPE", core, 1);
    setenv("OPENBLAS_NUM_THREADS", threads, 1);
    if ((lib = dlopen("libopenblas.so.0", RTLD_NOW))) {
        blas_s = (sgemm_fn *)dlsym(lib, "cblas_sgemm");
        blas_d = (dgemm_fn *)dlsym(lib, "cblas_dgemm");
    } else {
        printf("no OpenBLAS here: its column is 0\n");
    }
    par_set_jobs(atoi(threads));
    printf("%s threads, kernels %s, OpenBLAS as %s; weir / OpenBLAS in GFLOP/s\n", threads, kern_get()->name, core);
    compare(2048, 2048, 2048);
    compare(4096, 1024, 1024);
    compare(256, 1024, 1024);
    compare(256, 512, 256);
    compare(64, 256, 256);
    compare(1, 1024, 1024);
    gram(1024, 4096);
    gram(4096, 1024);
    return 0;
}
