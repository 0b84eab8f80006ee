#include "la/fast.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/engine.h"
#include "la/fast_bf16.h"
#include "la/gemm.h"
#include "num/kern_bf16.h"

#define GRAM_BLOCK 512 /* columns, and tokens, of a product that is summed in float */

/* CBLAS's and LAPACK's own numbers and types; a matrix of rows is the transposed of LAPACK's matrix of columns. */
enum { ROWS = 101, PLAIN = 111, TRANSPOSED = 112, UPPER = 121 };
typedef int blas_int;

static struct {
    void (*sgemm)(int order, int ta, int tb, blas_int m, blas_int n, blas_int k, float alpha, const float *A,
                  blas_int lda, const float *B, blas_int ldb, float beta, float *C, blas_int ldc);
    void (*dgemm)(int order, int ta, int tb, blas_int m, blas_int n, blas_int k, double alpha, const double *A,
                  blas_int lda, const double *B, blas_int ldb, double beta, double *C, blas_int ldc);
    void (*ssyrk)(int order, int uplo, int trans, blas_int n, blas_int k, float alpha, const float *A, blas_int lda,
                  float beta, float *C, blas_int ldc);
    void (*potrf)(const char *uplo, const blas_int *n, double *A, const blas_int *lda, blas_int *info);
    void (*trtri)(const char *uplo, const char *diag, const blas_int *n, double *A, const blas_int *lda,
                  blas_int *info);
    void (*syevd)(const char *job, const char *uplo, const blas_int *n, double *A, const blas_int *lda, double *w,
                  double *work, const blas_int *lwork, blas_int *iwork, const blas_int *liwork, blas_int *info);
    void (*set_threads)(int n);
} blas;

/* Threads of OpenBLAS's own: all where nothing else runs. Blocks of products are called with 1. */
static void threads(int all)
{
    if (!par_inside() && par_jobs() > 1)
        blas.set_threads(all ? par_jobs() : 1);
}

/* --- products --- */

/* An operand of rows x k: how it lies and the distance between what lies side by side in memory, which CBLAS wants at
 * least as long as that is, also where there is only one. */
static int lies(struct axes x, size_t rows, size_t k, blas_int *ld)
{
    int plain = x.col == 1;
    size_t width = plain ? k : rows, by = plain ? x.row : x.col;

    *ld = (blas_int)(by > width ? by : width > 0 ? width : 1);
    return plain ? PLAIN : TRANSPOSED;
}

#define X(name) name
#define BLAS_GEMM sgemm
#include "la/fast_body.h"
#undef X
#undef BLAS_GEMM
#define X(name) d##name
#define BLAS_GEMM dgemm
#include "la/fast_body.h"

static void fast_bf16(const struct gemm_job *w, size_t i0, size_t j0, size_t rows, size_t cols)
{
    (w->upper ? fast_gemm : fast_bf16_gemm)(w, i0, j0, rows, cols);
}

struct gram {
    size_t cols, tokens, ldx, across; /* across: blocks of columns */
    const float *x;
    double *g;
};

/* Columns i0 on by columns j0 on, i0 <= j0. */
static void gram_tile(void *ctx, size_t t)
{
    const struct gram *w = ctx;
    size_t i0 = t / w->across * GRAM_BLOCK, j0 = t % w->across * GRAM_BLOCK;
    size_t rows = w->cols - i0 < GRAM_BLOCK ? w->cols - i0 : GRAM_BLOCK;
    size_t cols = w->cols - j0 < GRAM_BLOCK ? w->cols - j0 : GRAM_BLOCK;
    float *c;

    if (j0 < i0)
        return;
    c = mem_resize(NULL, rows * cols, sizeof *c);
    for (size_t p = 0; p < w->tokens; p += GRAM_BLOCK) {
        size_t k = w->tokens - p < GRAM_BLOCK ? w->tokens - p : GRAM_BLOCK;
        const float *x = w->x + p * w->ldx;

        if (i0 == j0)
            blas.ssyrk(ROWS, UPPER, TRANSPOSED, (blas_int)cols, (blas_int)k, 1, x + j0, (blas_int)w->ldx, 0, c,
                       (blas_int)cols);
        else
            blas.sgemm(ROWS, TRANSPOSED, PLAIN, (blas_int)rows, (blas_int)cols, (blas_int)k, 1, x + i0,
                       (blas_int)w->ldx, x + j0, (blas_int)w->ldx, 0, c, (blas_int)cols);
        for (size_t i = 0; i < rows; i++) {
            size_t from = i0 == j0 ? i : 0;

            kern_add64(c + i * cols + from, w->g + (i0 + i) * w->cols + j0 + from, cols - from);
        }
    }
    free(c);
}

static void fast_gram(size_t cols, size_t tokens, const float *X, size_t ldx, double *G)
{
    size_t across = count_of(cols, GRAM_BLOCK);

    par_for(across * across, gram_tile, &(struct gram){cols, tokens, ldx, across, X, G});
}

/* --- factorizations --- */

static int fast_chol(size_t n, double *A, size_t lda, size_t *pivot)
{
    blas_int size = (blas_int)n, ld = (blas_int)lda, info;

    threads(1);
    blas.potrf("L", &size, A, &ld, &info);
    threads(0);
    *pivot = info > 0 ? (size_t)info - 1 : 0;
    while (info == 0 && *pivot < n && isfinite(A[*pivot * lda + *pivot])) /* which OpenBLAS goes on with */
        ++*pivot;
    return info == 0 && *pivot == n ? 0 : -1;
}

static void fast_tri_inverse(size_t n, double *U, size_t ldu)
{
    blas_int size = (blas_int)n, ld = (blas_int)ldu, info;

    threads(1);
    blas.trtri("L", "N", &size, U, &ld, &info);
    threads(0);
}

static int fast_eigh(size_t n, double *A, double *w, size_t top, double *Z, struct err *e)
{
    /* LAPACK's way finds all vectors and reduces without products: doc/decisions/0026. It counts its room in ints. */
    if (2 * top <= n || n > 32000)
        return eigh_own(n, A, w, top, Z, e);
    blas_int size = (blas_int)n, info, lwork = (blas_int)(1 + 6 * n + 2 * n * n), liwork = (blas_int)(3 + 5 * n);
    double *work = mem_resize(NULL, (size_t)lwork, sizeof *work);
    blas_int *iwork = mem_resize(NULL, (size_t)liwork, sizeof *iwork);

    threads(1);
    blas.syevd("V", "L", &size, A, &size, w, work, &lwork, iwork, &liwork, &info);
    threads(0);
    if (info == 0)
        memcpy(Z, A + (n - top) * n, top * n * sizeof *Z);
    free(work), free(iwork);
    return info == 0 ? 0 : err_set(e, "LAPACK's dsyevd ends with %d for %zu rows", info, n);
}

static const struct engine la_fast = {
    .rows = 1 << 16,
    .cols = 1 << 16,
    .gemm = fast_gemm,
    .dgemm = dfast_gemm,
    .gram = fast_gram,
    .chol = fast_chol,
    .tri_inverse = fast_tri_inverse,
    .eigh = fast_eigh,
};

/* --- opening --- */

/* With one thread: products are cut by gemm.c. OpenBLAS reads the variable once; what a child process sees stays. */
static void *open_library(void)
{
    const char *had = getenv("OPENBLAS_NUM_THREADS");
    char *kept = had ? mem_strdup(had) : NULL;
    void *lib;

    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    lib = dlopen(FAST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (kept)
        setenv("OPENBLAS_NUM_THREADS", kept, 1);
    else
        unsetenv("OPENBLAS_NUM_THREADS");
    free(kept);
    return lib;
}

static int find_symbols(void *lib, struct err *e)
{
    const struct {
        const char *name;
        void *to;
    } wanted[] = {{"cblas_sgemm", &blas.sgemm},
                  {"cblas_dgemm", &blas.dgemm},
                  {"cblas_ssyrk", &blas.ssyrk},
                  {"dpotrf_", &blas.potrf},
                  {"dtrtri_", &blas.trtri},
                  {"dsyevd_", &blas.syevd},
                  {"openblas_set_num_threads", &blas.set_threads}};

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *found = dlsym(lib, wanted[i].name);

        if (!found)
            return err_set(e, "%s has no %s (Debian's package is %s)", FAST_LIBRARY, wanted[i].name, FAST_PACKAGE);
        memcpy(wanted[i].to, &found, sizeof found);
    }
    return 0;
}

int fast_use(struct err *e)
{
    static void *lib;

    if (!lib && !(lib = open_library())) {
        err_set(e, "%s (Debian's package is %s)", dlerror(), FAST_PACKAGE);
        return OPT_REFUSED;
    }
    if (find_symbols(lib, e) < 0)
        return OPT_REFUSED;
    la_engine = &la_fast;
    return 0;
}

int fast_run_option(const char *arg, struct err *e)
{
    static struct engine bf16;

    if (arg && strcmp(arg, "bf16") != 0)
        return err_set(e, "'%s' is not bf16", arg);
    if (arg && !kern_bf16()) {
        err_set(e, "this processor has no products of bf16 (AVX512_BF16)");
        return OPT_REFUSED;
    }
    if (fast_use(e) < 0)
        return OPT_REFUSED;
    bf16 = la_fast;
    bf16.rows = 3072;
    bf16.cols = 960;
    bf16.gemm = fast_bf16;
    if (arg)
        la_engine = &bf16;
    return 0;
}

int fast_option(const char *arg, struct err *e)
{
    (void)arg;
    return fast_use(e);
}
