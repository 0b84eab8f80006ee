#include "la/eigh.h"

#include <stdlib.h>

#include "base/mem.h"
#include "la/dc.h"
#include "la/engine.h"
#include "la/ql.h"
#include "la/tridiag.h"

#define ZERO 0x1p-55 /* beside a matrix whose largest element is between 1/2 and 1 */

int eigh_own(size_t n, double *A, double *w, size_t top, double *Z, struct err *e)
{
    double *off = mem_new(2 * n, sizeof *off), *tau = off + n;
    size_t found;
    int got = -1;

    tridiag(n, A, w, off, tau);
    if (top > 0)
        got = dc(n, w, off, top, Z, e);
    else if ((found = ql(n, w, off, ZERO, NULL, 0)) == n)
        got = 0;
    else
        err_set(e, "eigenvalue %zu of %zu is not found in 60 sweeps", found, n);
    if (got == 0 && top > 0)
        tridiag_back(n, A, tau, top, Z);
    free(off);
    return got;
}

int eigh(size_t n, double *A, double *w, size_t top, double *Z, struct err *e)
{
    double scale;

    if (tridiag_scale(n, A, &scale, e) < 0 || la_engine->eigh(n, A, w, top, Z, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        w[i] *= scale;
    return 0;
}
