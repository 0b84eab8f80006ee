/*
 * The products and factorizations of la/ against LAPACK: OpenBLAS's, called here directly, so that neither engine is
 * its own judge. Skipped where the library is not. Bounds: of a backward stable method on each side, c n eps |A|, made
 * a forward bound by the condition of what is asked for; c is 4 and stands in each check.
 */
#include <dlfcn.h>
#include <float.h>

#include "la/chol.h"
#include "la/eigh.h"
#include "la/engine.h"
#include "la/fast.h"
#include "la/qr.h"
#include "la/svd.h"
#include "tests/unit/la.h"

typedef void gemm_fn(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *,
                     int);
typedef void sgemm_fn(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
typedef void potrf_fn(const char *, const int *, double *, const int *, int *);
typedef void trtri_fn(const char *, const char *, const int *, double *, const int *, int *);
typedef void syevd_fn(const char *, const char *, const int *, double *, const int *, double *, double *, const int *,
                      int *, const int *, int *);
typedef void geqrf_fn(const int *, const int *, double *, const int *, double *, double *, const int *, int *);
typedef void gesdd_fn(const char *, const int *, const int *, double *, const int *, double *, double *, const int *,
                      double *, const int *, double *, const int *, int *, int *);

static void *lib;

/* FN *NAME of the library. */
#define LAPACK(FN, VAR, NAME)                                                                                          \
    FN *VAR;                                                                                                           \
    {                                                                                                                  \
        void *found = dlsym(lib, NAME);                                                                                \
        CHECK(found != NULL);                                                                                          \
        memcpy(&VAR, &found, sizeof found);                                                                            \
    }

/* Q diag(s) Q', Q random orthogonal. */
static double *of_spectrum(size_t n, const double *s)
{
    double *Q = mat(n, n, "Q"), *P = mem_new(n * n, 8), *A = mem_new(n * n, 8);

    CHECK(qr(n, n, Q, NULL, NULL) == 0);
    for (size_t i = 0; i < n * n; i++)
        P[i] = Q[i] * s[i % n];
    dgemm_nt(n, n, n, P, n, Q, n, A, n, KERN_SET);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            A[i * n + j] = A[j * n + i];
    free(Q), free(P);
    return A;
}

/* Of a product: (256 + k / 256) eps on our side, k eps on theirs, times |A||B|, here at most k max |A| max |B|. */
static void products(size_t m, size_t n, size_t k)
{
    double *A = mat(m, k, "A"), *B = mat(n, k, "B"), *C = mem_new(m * n, 8), *D = mem_new(m * n, 8);
    float *a = mem_new(m * k, 4), *b = mem_new(n * k, 4), *c = mem_new(m * n, 4), *d = mem_new(m * n, 4);
    double worst = 0, room = 4 * ((double)k + 256) * (double)k;
    LAPACK(gemm_fn, dgemm, "cblas_dgemm")
    LAPACK(sgemm_fn, sgemm, "cblas_sgemm")

    for (size_t i = 0; i < m * k; i++)
        a[i] = (float)A[i];
    for (size_t i = 0; i < n * k; i++)
        b[i] = (float)B[i];
    dgemm_nt(m, n, k, A, k, B, k, C, n, KERN_SET);
    dgemm(101, 111, 112, (int)m, (int)n, (int)k, 1, A, (int)k, B, (int)k, 0, D, (int)n);
    CHECK(apart(m * n, C, D) <= room * DBL_EPSILON);
    gemm_nt(m, n, k, a, k, b, k, c, n, KERN_SET);
    sgemm(101, 111, 112, (int)m, (int)n, (int)k, 1, a, (int)k, b, (int)k, 0, d, (int)n);
    for (size_t i = 0; i < m * n; i++)
        worst = fmax(worst, fabs((double)c[i] - (double)d[i]));
    CHECK(worst <= room * FLT_EPSILON && worst == worst);
    free(A), free(B), free(C), free(D), free(a), free(b), free(c), free(d);
}

/* Condition 1e3: the factor is right to cond n eps, its inverse and the factor of A^-1 to cond^2. */
static void cholesky(size_t n)
{
    double *s = mem_new(n, 8), *A, *U, *V, bound = 4 * (double)n * DBL_EPSILON;
    int size = (int)n, info;
    LAPACK(potrf_fn, potrf, "dpotrf_")
    LAPACK(trtri_fn, trtri, "dtrtri_")

    for (size_t i = 0; i < n; i++)
        s[i] = pow(10, -3.0 * (double)i / (double)n);
    A = of_spectrum(n, s);
    U = copy_of(n * n, A), V = copy_of(n * n, A);
    CHECK(chol(n, U, n, NULL, NULL) == 0);
    potrf("L", &size, V, &size, &info);
    CHECK(info == 0);
    CHECK(apart(n * n, U, V) <= 1e3 * bound); /* the lower triangles too: both leave A's */
    tri_inverse_u(n, U, n);
    trtri("L", "N", &size, V, &size, &info);
    CHECK(info == 0);
    CHECK(apart(n * n, U, V) <= 1e6 * bound);
    free(s), free(A), free(U), free(V);
}

/* Eigenvalues to n eps |A| (Weyl); vectors, gaps being 1: 1 - |cos| to the square of n eps |A|, and n eps. */
static void eigenvalues(size_t n)
{
    double *s = mem_new(n, 8), *A, *B, *C, *w = mem_new(n, 8), *v = mem_new(n, 8), *Z = mem_new(n * n, 8), worst = 0;
    int size = (int)n, info, lwork = 1 + 6 * size + 2 * size * size, liwork = 3 + 5 * size;
    double *work = mem_new((size_t)lwork, 8), bound = 4 * (double)n * DBL_EPSILON * (double)n;
    int *iwork = mem_new((size_t)liwork, 4);
    LAPACK(syevd_fn, syevd, "dsyevd_")

    for (size_t i = 0; i < n; i++)
        s[i] = (double)i - (double)(n / 3);
    A = of_spectrum(n, s), B = copy_of(n * n, A), C = copy_of(n * n, A);
    CHECK(eigh(n, B, w, n, Z, NULL) == 0);
    syevd("V", "L", &size, C, &size, v, work, &lwork, iwork, &liwork, &info);
    CHECK(info == 0);
    CHECK(apart(n, w, v) <= bound);
    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, fabs(1 - fabs(kern_dot64(Z + i * n, C + i * n, n))));
    CHECK(worst <= 4 * (double)n * DBL_EPSILON + bound * bound && worst == worst);
    B = memcpy(B, A, n * n * 8);
    CHECK(eigh(n, B, w, 0, NULL, NULL) == 0);
    CHECK(apart(n, w, v) <= bound);
    free(s), free(A), free(B), free(C), free(w), free(v), free(Z), free(work), free(iwork);
}

/* Values to 1e-11 s[0], as svd.h has it; vectors to that beside a gap of about 3. */
static void singular_values(size_t m, size_t n)
{
    size_t r = m < n ? m : n;
    double *A = mat(m, n, "A"), *B = copy_of(m * n, A), *U = mem_new(m * r, 8), *s = mem_new(r, 8);
    double *Vt = mem_new(r * n, 8), *t = mem_new(r, 8), *P = mem_new(m * r, 8), *Q = mem_new(r * n, 8);
    int im = (int)m, in = (int)n, ir = (int)r, info, lwork = 4 * ir * ir + 7 * ir + 64 * (im + in), *iwork;
    double *work = mem_new((size_t)lwork, 8);
    LAPACK(gesdd_fn, gesdd, "dgesdd_")

    for (size_t i = 0; i < r; i++)
        A[i * n + i] = B[i * n + i] += 3 * (double)i; /* values apart */
    iwork = mem_new(8 * r, 4);
    CHECK(svd(m, n, A, r, U, s, Vt, NULL) == 0);
    gesdd("S", &in, &im, B, &in, t, Q, &in, P, &ir, work, &lwork, iwork, &info); /* of A', so U and V change places */
    CHECK(info == 0);
    CHECK(apart(r, s, t) <= 1e-11 * s[0]);
    for (size_t j = 0; j < r; j++) { /* up to sign */
        double cosine = 0;

        for (size_t i = 0; i < m; i++)
            cosine += U[i * r + j] * P[i * r + j];
        CHECK_NEAR(fabs(cosine), 1, 1e-9);
        CHECK_NEAR(fabs(kern_dot64(Vt + j * n, Q + j * n, n)), 1, 1e-9);
    }
    free(A), free(B), free(U), free(s), free(Vt), free(t), free(P), free(Q), free(work), free(iwork);
}

/* R is one up to the signs of its rows: |R| to cond m n eps. */
static void triangles(size_t m, size_t n)
{
    double *A = mat(m, n, "A"), *At = mem_new(m * n, 8), *R = mem_new(n * n, 8), *S = mem_new(n * n, 8);
    double *tau = mem_new(n, 8), work[4096];
    int im = (int)m, in = (int)n, lwork = 4096, info;
    LAPACK(geqrf_fn, geqrf, "dgeqrf_")

    transpose(m, n, A, At);
    CHECK(qr(m, n, A, R, NULL) == 0);
    geqrf(&im, &in, At, &im, tau, work, &lwork, &info);
    CHECK(info == 0);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            R[i * n + j] = fabs(R[i * n + j]);
            S[i * n + j] = j < i ? 0 : fabs(At[j * m + i]);
        }
    CHECK(apart(n * n, R, S) <= 4 * (double)(m * n) * DBL_EPSILON * 10);
    free(A), free(At), free(R), free(S), free(tau);
}

static void all(void)
{
    products(3, 5, 7);
    products(130, 97, 600);
    cholesky(1);
    cholesky(33);
    cholesky(200);
    eigenvalues(2);
    eigenvalues(50); /* one leaf and two of divide and conquer */
    eigenvalues(300);
    singular_values(20, 20);
    singular_values(150, 90);
    singular_values(60, 140);
    triangles(40, 40);
    triangles(150, 70);
}

int main(void)
{
    struct err e;

    if (!(lib = dlopen(FAST_LIBRARY, RTLD_NOW))) {
        printf("needs " FAST_PACKAGE ": %s\n", dlerror());
        return 77;
    }
    all();
    CHECK(fast_use(&e) == 0 && la_engine != &la_own);
    all();
    return DONE();
}
