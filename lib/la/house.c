#include "la/house.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "la/gemm.h"

double house_make(size_t n, double *x, double *beta)
{
    double rest = kern_dot64(x + 1, x + 1, n - 1), head = x[0];

    x[0] = 1;
    *beta = head;
    if (rest == 0)
        return 0;
    *beta = -copysign(sqrt(head * head + rest), head);
    for (size_t i = 1; i < n; i++)
        x[i] /= head - *beta;
    return (*beta - head) / *beta;
}

void house_block(size_t b, size_t len, const double *V, size_t ldv, const double *tau, double *T)
{
    dgemm_nt(b, b, len, V, ldv, V, ldv, T, b, KERN_SET);
    for (size_t j = 0; j < b; j++) {
        double *dots = T + j * b; /* left of the diagonal */

        for (size_t i = 0; i < j; i++) {
            double sum = 0;

            for (size_t p = i; p < j; p++)
                sum += T[i * b + p] * dots[p];
            T[i * b + j] = -tau[j] * sum;
        }
        for (size_t i = 0; i < j; i++)
            dots[i] = 0;
        T[j * b + j] = tau[j];
    }
}

void house_apply(size_t rows, size_t len, double *X, size_t ldx, size_t b, const double *V, size_t ldv, const double *T,
                 int inverse)
{
    double *P = mem_resize(NULL, 2 * rows * b + 1, sizeof *P), *Q = P + rows * b;

    dgemm_nt(rows, b, len, X, ldx, V, ldv, P, b, KERN_SET);
    (inverse ? dgemm_nn : dgemm_nt)(rows, b, b, P, b, T, b, Q, b, KERN_SET);
    dgemm_nn(rows, len, b, Q, b, V, ldv, X, ldx, KERN_SUB);
    free(P);
}
