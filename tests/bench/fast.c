/*
 * Both engines of la/ on the same numbers, in CPU seconds (all threads together) and seconds, in one run by turns, the
 * least of each: fast [THREADS [N]...], without N 512 1024 2048 4096. Behind them GPTQ, and whitened SVD, of a layer of
 * the largest N. Without OpenBLAS its columns are 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/rng.h"
#include "factor/factor.h"
#include "la/chol.h"
#include "la/eigh.h"
#include "la/engine.h"
#include "la/fast.h"
#include "la/gemm.h"
#include "la/qr.h"
#include "la/svd.h"
#include "num/dtype.h"
#include "quant/gram.h"

#define TURNS 2

static const struct engine *engine[2] = {&la_own, NULL};

/* What the work is done on: made once for a size. */
static struct {
    size_t n;
    float *x, *f; /* random; room */
    float *gram;  /* as float */
    double *spd, *y, *room[3], *w;
} at;

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fresh(void)
{
    memcpy(at.room[0], at.spd, at.n * at.n * sizeof *at.spd);
}

static void run_sgemm(void)
{
    gemm_nt(at.n, at.n, at.n, at.x, at.n, at.gram, at.n, at.f, at.n, KERN_SET);
}

static void run_dgemm(void)
{
    dgemm_nt(at.n, at.n, at.n, at.y, at.n, at.spd, at.n, at.room[1], at.n, KERN_SET);
}

static void run_gram(void)
{
    gram_add(at.n, at.n, at.x, at.n, at.room[0]);
}

static void run_chol(void)
{
    chol(at.n, at.room[0], at.n, NULL, NULL);
}

static void run_inverse(void)
{
    chol_inverse_upper(at.n, at.room[0], NULL, NULL);
}

static void run_qr(void)
{
    qr(at.n, at.n, at.room[0], at.room[1], NULL);
}

static void run_eigh(void)
{
    eigh(at.n, at.room[0], at.w, at.n, at.room[1], NULL);
}

static void run_few(void)
{
    eigh(at.n, at.room[0], at.w, at.n / 16, at.room[1], NULL);
}

static void run_values(void)
{
    eigh(at.n, at.room[0], at.w, 0, NULL, NULL);
}

static void run_svd(void)
{
    svd(at.n, at.n, at.y, at.n, at.room[0], at.w, at.room[1], NULL);
}

static void run_gptq(void)
{
    struct quant_affine a = {4, 128, 0, DT_F32};
    struct quant_gram_args args = QUANT_GRAM_ARGS;
    size_t n = at.n, groups = quant_groups(&a, n), bytes = quant_code_bytes(&a, n);
    uint8_t *codes = mem_new(n, bytes), *zeros = mem_new(n, groups);
    float *scales = mem_new(n, groups * sizeof *scales);
    struct quant_gram g;

    if (quant_gram_make(&g, &args, at.gram, n, NULL) < 0)
        exit(1);
    for (size_t r = 0; r < n; r += 512)
        quant_gram_rows(&g, quant_method_find("gptq"), &a, at.x + r * n, n - r < 512 ? n - r : 512, n,
                        codes + r * bytes, scales + r * groups, zeros + r * groups);
    quant_gram_free(&g);
    free(codes), free(zeros), free(scales);
}

static void whiten(int exact)
{
    size_t n = at.n, rank = n / 8;
    struct factor_job j = {.name = "bench",
                           .rows = n,
                           .cols = n,
                           .rank = rank,
                           .w = at.y,
                           .gram = at.gram,
                           .b = mem_new(n, rank * 8),
                           .a = mem_new(rank, n * 8)};

    factor_exact = exact;
    factor_find("whiten")->apply(&j, NULL);
    free(j.b), free(j.a);
}

static void run_whiten(void)
{
    whiten(1);
}

static const struct row {
    const char *name;
    void (*run)(void);
    int largest; /* only of the largest size */
} rows[] = {{"sgemm", run_sgemm, 0},
            {"dgemm", run_dgemm, 0},
            {"gram of n tokens", run_gram, 0},
            {"Cholesky", run_chol, 0},
            {"factor of the inverse", run_inverse, 0},
            {"QR", run_qr, 0},
            {"eigh, all vectors", run_eigh, 0},
            {"eigh, n/16 vectors", run_few, 0},
            {"eigh, values", run_values, 0},
            {"svd", run_svd, 0},
            {"gptq, 4 bits", run_gptq, 1},
            {"whiten, exact, n/8", run_whiten, 1}};

static void measure(const struct row *r)
{
    double cpu[2] = {0}, wall[2] = {0};

    for (int turn = 0; turn < 2 * TURNS; turn++) {
        int k = turn % 2;
        double c, w;

        if (!(la_engine = engine[k]))
            continue;
        fresh();
        c = now(CLOCK_PROCESS_CPUTIME_ID), w = now(CLOCK_MONOTONIC);
        r->run();
        c = now(CLOCK_PROCESS_CPUTIME_ID) - c, w = now(CLOCK_MONOTONIC) - w;
        cpu[k] = turn < 2 || c < cpu[k] ? c : cpu[k];
        wall[k] = turn < 2 || w < wall[k] ? w : wall[k];
    }
    printf("%-24s %5zu %9.4f %9.4f %6.2f %9.4f %9.4f %6.2f\n", r->name, at.n, cpu[0], cpu[1], cpu[1] / cpu[0], wall[0],
           wall[1], wall[1] / wall[0]);
    fflush(stdout);
}

static void size(size_t n, int largest)
{
    struct rng rng = rng_make(1, "bench", 5);

    at.n = n;
    at.x = mem_new(2 * n * n, 4), at.f = mem_new(n * n, 4), at.gram = mem_new(n * n, 4);
    at.spd = mem_new(n * n, 8), at.y = mem_new(n * n, 8), at.w = mem_new(n, 8);
    for (int i = 0; i < 3; i++)
        at.room[i] = mem_new(n * n, 8);
    for (size_t i = 0; i < 2 * n * n; i++)
        at.x[i] = (float)rng_normal(rng, i);
    la_engine = &la_own;
    gram_add(n, 2 * n, at.x, n, at.spd);
    gram_finish(n, at.spd, 0.5 / (double)n);
    for (size_t i = 0; i < n * n; i++)
        at.gram[i] = (float)at.spd[i], at.y[i] = at.x[i];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (largest || !rows[i].largest)
            measure(&rows[i]);
    free(at.x), free(at.f), free(at.gram), free(at.spd), free(at.y), free(at.w);
    for (int i = 0; i < 3; i++)
        free(at.room[i]);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {512, 1024, 2048, 4096};
    struct err e;

    par_set_jobs(argc > 1 ? atoi(argv[1]) : 1);
    if (fast_use(&e) < 0)
        printf("%s\n", e.msg);
    else
        engine[1] = la_engine;
    printf("%d threads, own kernels %s\n%-24s %5s %9s %9s %6s %9s %9s %6s\n", par_jobs(), kern_get()->name, "", "n",
           "own cpu", "fast cpu", "ratio", "own s", "fast s", "ratio");
    for (int i = 2; i < argc; i++)
        size((size_t)atoi(argv[i]), i + 1 == argc);
    for (int i = 0; i < 4 && argc < 3; i++)
        size(sizes[i], i == 3);
    return 0;
}
