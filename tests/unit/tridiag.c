/* A = Q T Q' by the band: residuals over sizes around the band's width, and graded and zero matrices. */
#include "base/par.h"
#include "la/tridiag.h"
#include "tests/unit/la.h"

/* Rows of Q' from those of I; A Q = Q T. */
static void residual(size_t n, const double *A)
{
    double *C = copy_of(n * n, A), *d = mem_new(3 * n + 1, 8), *e = d + n, *Z = mem_new(n * n + 1, 8),
           *AZ = mem_new(n * n + 1, 8);
    double *ZT = mem_new(n * n + 1, 8), big = 1e-300;

    tridiag(n, C, d, e, e + n);
    for (size_t i = 0; i < n; i++)
        Z[i * n + i] = 1;
    tridiag_back(n, C, e + n, n, Z);
    CHECK(skewness(n, n, Z) < 1e-13);
    dgemm_nn(n, n, n, Z, n, A, n, AZ, n, KERN_SET);
    CHECK(e[n - 1] == 0);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            ZT[i * n + j] = d[i] * Z[i * n + j] + (i > 0 ? e[i - 1] * Z[(i - 1) * n + j] : 0) +
                            (i + 1 < n ? e[i] * Z[(i + 1) * n + j] : 0);
            big = fmax(big, fabs(A[i * n + j]));
        }
    CHECK(apart(n * n, AZ, ZT) < 1e-14 * (double)n * big + 1e-14 * big * 20);
    free(C), free(d), free(Z), free(AZ), free(ZT);
}

static void size(size_t n)
{
    double *A = mat(n, n, "A");

    for (int kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++) {
                if (kind == 1)
                    A[i * n + j] *= pow(2, -(double)((i + j) % 60));
                if (kind == 2)
                    A[i * n + j] = i == j ? 0 : A[i * n + j] * (i % 7 == 0);
                A[j * n + i] = A[i * n + j];
            }
        residual(n, A);
    }
    memset(A, 0, n * n * sizeof *A);
    residual(n, A);
    free(A);
}

int main(void)
{
    const size_t sizes[] = {1, 2, 3, 4, 47, 48, 49, 50, 51, 95, 96, 97, 98, 143, 144, 145, 200, 385};

    for (int jobs = 1; jobs <= 3; jobs += 2) {
        par_set_jobs(jobs);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            size(sizes[i]);
    }
    return DONE();
}
