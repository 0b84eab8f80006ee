/*
 * Factorizations against OpenBLAS's LAPACK (opened at run time), in one run, each once.
 * make build/tests/bench/la && build/tests/bench/la [n [threads [coretype]]]
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/chol.h"
#include "la/eigh.h"
#include "la/gemm.h"
#include "la/qr.h"
#include "la/svd.h"

static void *lib;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void report(const char *what, double ours, double theirs)
{
    printf("%-28s weir %7.2f s   LAPACK %7.2f s   %.2fx\n", what, ours, theirs, theirs / ours);
    fflush(stdout);
}

#define TIME(CALL)                                                                                                     \
    ({                                                                                                                 \
        double start = now();                                                                                          \
        CALL;                                                                                                          \
        now() - start;                                                                                                 \
    })

static double lapack_chol(int n, double *A)
{
    void (*f)(const char *, int *, double *, int *, int *) =
        (void (*)(const char *, int *, double *, int *, int *))dlsym(lib, "dpotrf_");
    int info;

    return f ? TIME(f("L", &n, A, &n, &info)) : 0;
}

static double lapack_inverse(int n, double *A)
{
    void (*f)(const char *, int *, double *, int *, int *) =
        (void (*)(const char *, int *, double *, int *, int *))dlsym(lib, "dpotri_");
    int info;

    return f ? TIME(f("L", &n, A, &n, &info)) : 0;
}

static double lapack_eigh(int n, double *A, double *w)
{
    typedef void syevd(const char *, const char *, int *, double *, int *, double *, double *, int *, int *, int *,
                       int *);
    syevd *f = (syevd *)dlsym(lib, "dsyevd_");
    int info, lw = 1 + 6 * n + 2 * n * n, li = 3 + 5 * n;
    double *work = mem_new((size_t)lw, 8), took;
    int *iwork = mem_new((size_t)li, 4);

    took = f ? TIME(f("V", "L", &n, A, &n, w, work, &lw, iwork, &li, &info)) : 0;
    free(work), free(iwork);
    return took;
}

static double lapack_svd(int n, float *A)
{
    typedef void gesdd(const char *, int *, int *, float *, int *, float *, float *, int *, float *, int *, float *,
                       int *, int *, int *);
    gesdd *f = (gesdd *)dlsym(lib, "sgesdd_");
    size_t nn = (size_t)n * (size_t)n;
    int info, lw = 4 * n * n + 7 * n + 64 * n, *iwork = mem_new(8 * (size_t)n, 4);
    float *U = mem_new(nn, 4), *V = mem_new(nn, 4), *s = mem_new((size_t)n, 4), *work = mem_new((size_t)lw, 4);
    double took = f ? TIME(f("S", &n, &n, A, &n, s, U, &n, V, &n, work, &lw, iwork, &info)) : 0;

    free(U), free(V), free(s), free(work), free(iwork);
    return took;
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? (size_t)atoi(argv[1]) : 1024;
    const char *threads = argc > 2 ? argv[2] : "1", *core = argc > 3 ? argv[3] : "SkylakeX";
    float *X = mem_new(2 * n * n, 4);
    double *A = mem_new(n * n, 8), *B = mem_new(n * n, 8), *w = mem_new(n, 8), *Z = mem_new(n * n, 8),
           *U = mem_new(n * n, 8), ours;
    struct rng r = rng_make(1, "bench", 5);
    struct err e = {""};

    setenv("OPENBLAS_CORETYPE", core, 1);
    setenv("OPENBLAS_NUM_THREADS", threads, 1);
    lib = dlopen("libopenblas.so.0", RTLD_NOW);
    par_set_jobs(atoi(threads));
    printf("n %zu, %s threads, kernels %s, LAPACK of OpenBLAS as %s\n", n, threads, kern_get()->name,
           lib ? core : "none");
    for (size_t i = 0; i < 2 * n * n; i++)
        X[i] = (float)rng_normal(r, i);
    gram_add(n, 2 * n, X, n, A);
    gram_finish(n, A, 0.5 / (double)n);

    memcpy(B, A, n * n * 8);
    ours = TIME(chol(n, B, n, NULL, &e));
    memcpy(B, A, n * n * 8);
    report("Cholesky", ours, lapack_chol((int)n, B));
    ours = lapack_inverse((int)n, B) + lapack_chol((int)n, B);
    memcpy(B, A, n * n * 8);
    memcpy(Z, A, n * n * 8);
    ours += lapack_chol((int)n, Z);
    report("chol_inverse_upper", TIME(chol_inverse_upper(n, B, NULL, &e)), ours);
    memcpy(B, A, n * n * 8);
    ours = TIME(eigh(n, B, w, n, Z, &e));
    memcpy(B, A, n * n * 8);
    report("eigh, all vectors", ours, lapack_eigh((int)n, B, w));
    for (size_t i = 0; i < n * n; i++)
        B[i] = X[i];
    ours = TIME(svd(n, n, B, n, U, w, Z, &e));
    double some = TIME(rsvd(n, n, B, n / 16, 16, 1, r, U, w, Z, &e));
    double full = lapack_svd((int)n, X);
    report("svd (LAPACK in float)", ours, full);
    report("rsvd, rank n/16, one power", some, full);
    if (e.msg[0])
        printf("error: %s\n", e.msg);
    free(X), free(A), free(B), free(w), free(Z), free(U);
    return 0;
}
