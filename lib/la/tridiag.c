#include "la/tridiag.h"

#include <math.h>

#include "la/band.h"
#include "la/chase.h"

int tridiag_scale(size_t n, double *A, double *scale, struct err *e)
{
    double most = 0;
    int power;

    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) {
            if (!isfinite(A[i * n + j]))
                return err_set(e, "value %zu, %zu is %g", i, j, A[i * n + j]);
            most = fmax(most, fabs(A[i * n + j]));
        }
    *scale = 1;
    if (most == 0)
        return 0;
    frexp(most, &power);
    power = power < -1000 ? -1000 : power > 1000 ? 1000 : power;
    *scale = ldexp(1, power);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++)
            A[i * n + j] *= ldexp(1, -power);
    return 0;
}

void tridiag(size_t n, double *A, double *d, double *e, double *tau)
{
    band_make(n, A, tau);
    chase_make(n, A, d, e);
}

void tridiag_back(size_t n, const double *A, const double *tau, size_t rows, double *Z)
{
    chase_back(n, A, rows, Z);
    band_back(n, A, tau, rows, Z);
}
