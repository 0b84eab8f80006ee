#include "la/eigh.h"

#include <stdlib.h>

#include "base/mem.h"
#include "la/dc.h"
#include "la/ql.h"
#include "la/tridiag.h"

#define ZERO 0x1p-55 /* beside a matrix whose largest element is between 1/2 and 1 */

/* Eigenvectors of the tridiagonal matrix, in double, to z. */
static int vectors_of(size_t n, double *w, double *off, const struct vectors *z, struct err *e)
{
    double *Z = z->d ? z->d : mem_resize(NULL, z->rows * n, sizeof *Z);
    int got = dc(n, w, off, z->rows, Z, e);

    if (z->f) {
        for (size_t i = 0; i < z->rows * n; i++)
            z->f[i] = (float)Z[i];
        free(Z);
    }
    return got;
}

static int decompose(size_t n, double *A, double *w, const struct vectors *z, struct err *e)
{
    double *off = mem_new(2 * n, sizeof *off), *tau = off + n, scale = 0;
    size_t found;
    int got = -1;

    if (tridiag_scale(n, A, &scale, e) < 0)
        goto end;
    tridiag(n, A, w, off, tau);
    if (z->rows > 0)
        got = vectors_of(n, w, off, z, e);
    else if ((found = ql(n, w, off, ZERO, NULL, 0)) == n)
        got = 0;
    else
        err_set(e, "eigenvalue %zu of %zu is not found in 60 sweeps", found, n);
    for (size_t i = 0; i < n; i++)
        w[i] *= scale;
    if (got == 0 && z->rows > 0)
        tridiag_back(n, A, tau, z);
end:
    free(off);
    return got;
}

int eigh(size_t n, double *A, double *w, size_t top, double *Z, struct err *e)
{
    return decompose(n, A, w, &(struct vectors){top, n, Z, NULL}, e);
}

int eighf(size_t n, double *A, double *w, size_t top, float *Z, struct err *e)
{
    return decompose(n, A, w, &(struct vectors){top, n, NULL, Z}, e);
}
