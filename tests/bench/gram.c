/*
 * GPTQ, SparseGPT, the refit and whitened SVD of a layer, in seconds, from weight and gram to codes or zeros: gram [n
 * [threads [LAYER]]]. With a file name the layer (n x n weights, then the gram, F32) is written there for gram.sh,
 * which gives it to torch.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/rng.h"
#include "factor/factor.h"
#include "la/gemm.h"
#include "la/obs.h"
#include "prune/prune.h"
#include "prune/refit.h"
#include "quant/gram.h"

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void report(const char *what, double seconds, const float *w, const float *q, const float *gram, size_t n)
{
    double lost = 0, whole = 0;
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    obs_loss(n, n, w, q, gram, &lost, &whole);
    printf("weir\t%s\t%.2f\t%.6f\t%ld\n", what, seconds, lost / whole, u.ru_maxrss / 1024);
    fflush(stdout);
}

/* Inputs that are mixtures of their neighbours, of log-normal strength; 2n tokens. */
static float *make_gram(size_t n)
{
    float *x = mem_new(256 * n, sizeof *x), *gram = mem_new(n * n, sizeof *gram);
    double *sums = mem_new(n * n, sizeof *sums);
    struct rng r = rng_make(3, "bench", 5);
    uint64_t at = 0;

    for (size_t t = 0; t < 2 * n; t += 256) {
        for (size_t i = 0; i < 256; i++) {
            float last = 0;

            for (size_t c = 0; c < n; c++)
                last = x[i * n + c] = 0.8f * last + (float)(rng_unit(r, at++) - 0.5) * (c % 64 == 0 ? 8 : 1);
        }
        gram_add(n, 256, x, n, sums);
    }
    gram_finish(n, sums, 1.0 / (double)(2 * n));
    for (size_t i = 0; i < n * n; i++)
        gram[i] = (float)sums[i];
    free(sums);
    free(x);
    return gram;
}

static void save(const char *path, const float *w, const float *gram, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(w, sizeof *w, n * n, f) != n * n || fwrite(gram, sizeof *gram, n * n, f) != n * n ||
        fclose(f) != 0) {
        printf("%s: cannot be written\n", path);
        exit(1);
    }
}

static void bench_gptq(const float *w, const float *gram, size_t n)
{
    struct quant_affine a = {4, 128, 0, DT_F32};
    struct quant_gram_args args = QUANT_GRAM_ARGS;
    const struct quant_method *m = quant_method_find("gptq");
    size_t groups = quant_groups(&a, n), bytes = quant_code_bytes(&a, n);
    uint8_t *codes = mem_new(n, bytes), *zeros = mem_new(n, groups);
    float *scales = mem_new(n, groups * sizeof *scales), *q;
    double start = now();
    struct quant_gram g;
    struct err e;

    if (quant_gram_make(&g, &args, gram, n, &e) < 0) {
        printf("%s\n", e.msg);
        exit(1);
    }
    for (size_t r = 0, some; r < n; r += some) {
        some = n - r < 512 ? n - r : 512;
        quant_gram_rows(&g, m, &a, w + r * n, some, n, codes + r * bytes, scales + r * groups, zeros + r * groups);
    }
    start = now() - start;
    quant_gram_free(&g);
    q = mem_new(n * n, sizeof *q);
    for (size_t i = 0; i < n * n; i++) {
        size_t group = i / n * groups + i % n / 128;

        q[i] = ((float)(codes[i / 2] >> i % 2 * 4 & 15) - zeros[group]) * scales[group];
    }
    report("gptq 4 bits g128", start, w, q, gram, n);
    free(codes);
    free(zeros);
    free(scales);
    free(q);
}

static void bench_sparsegpt(const float *w, const float *gram, size_t n, const char *sparsity, int refit)
{
    float *q = mem_new(n * n, sizeof *q);
    uint8_t *mask = mem_new(n, n);
    struct pattern p;
    struct prune_job j = {.pattern = &p, .rows = n, .cols = n, .w = q, .gram = gram, .mask = mask};
    char name[40];
    double start;
    struct err e;

    memcpy(q, w, n * n * sizeof *q);
    if (pattern_parse(&p, sparsity, NULL, NULL, &e) < 0 || (start = now(), prune_sparsegpt.apply(&j, &e)) < 0) {
        printf("%s\n", e.msg);
        exit(1);
    }
    start = now() - start;
    for (size_t i = 0; i < n * n; i++)
        q[i] = mask[i] ? 0 : q[i];
    snprintf(name, sizeof name, "sparsegpt %s", sparsity);
    report(name, start, w, q, gram, n);
    if (refit) {
        start = now();
        prune_refit(n, n, w, mask, gram, q);
        report("refit of it", now() - start, w, q, gram, n);
    }
    free(mask);
    free(q);
}

/* From weight and gram to B and A. */
static void bench_whiten(const float *w, const float *gram, size_t n, size_t rank, int exact)
{
    double *wide = mem_new(n * n, sizeof *wide), *b = mem_new(n, rank * sizeof *b), *a = mem_new(rank, n * sizeof *a);
    struct factor_job j = {
        .name = "bench", .rows = n, .cols = n, .rank = rank, .w = wide, .gram = gram, .b = b, .a = a};
    float *q = mem_new(n * n, sizeof *q);
    char name[60];
    double start;
    struct err e;

    for (size_t i = 0; i < n * n; i++)
        wide[i] = w[i];
    factor_exact = exact;
    start = now();
    if (factor_find("whiten")->apply(&j, &e) < 0) {
        printf("%s\n", e.msg);
        exit(1);
    }
    start = now() - start;
    dgemm_nn(n, n, rank, b, rank, a, n, wide, n, KERN_SET);
    for (size_t i = 0; i < n * n; i++)
        q[i] = (float)wide[i];
    snprintf(name, sizeof name, "whiten rank %zu%s", rank, exact ? " exact" : "");
    report(name, start, w, q, gram, n);
    free(wide), free(b), free(a), free(q);
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 4096;
    float *w = mem_new(n * n, sizeof *w), *gram;
    struct rng r = rng_make(4, "bench", 5);

    par_set_jobs(argc > 2 ? atoi(argv[2]) : 2);
    for (uint64_t i = 0; i < n * n; i++)
        w[i] = (float)(0.02 * rng_normal(r, i));
    gram = make_gram(n);
    if (argc > 3)
        save(argv[3], w, gram, n);
    bench_gptq(w, gram, n);
    bench_sparsegpt(w, gram, n, "2:4", 0);
    bench_sparsegpt(w, gram, n, "0.5", 1);
    bench_whiten(w, gram, n, n / 32, 0);
    bench_whiten(w, gram, n, n / 32, 1);
    bench_whiten(w, gram, n, n / 8, 0);
    bench_whiten(w, gram, n, n * 2 / 5, 0); /* four fifths of the numbers */
    free(gram);
    free(w);
    return 0;
}
