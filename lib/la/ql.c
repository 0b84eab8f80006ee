#include "la/ql.h"

#include <float.h>
#include <math.h>
#include <string.h>

struct ql {
    size_t n, ld;
    double *d, *e, *Z, zero;
};

/* Rows i and i + 1 of Z: (c row_i - s row_i+1, s row_i + c row_i+1). */
static void turn(const struct ql *q, size_t i, double c, double s)
{
    double *low = q->Z + i * q->ld, *high = low + q->ld;

    for (size_t k = 0; k < q->n; k++) {
        double a = low[k], b = high[k];

        low[k] = c * a - s * b;
        high[k] = s * a + c * b;
    }
}

/* One implicit sweep over rows l .. m. */
static void sweep(const struct ql *q, size_t l, size_t m)
{
    double *d = q->d, *e = q->e, s = 1, c = 1, p = 0;
    double g = (d[l + 1] - d[l]) / (2 * e[l]), r = sqrt(g * g + 1);

    g = d[m] - d[l] + e[l] / (g + copysign(r, g));
    for (size_t i = m; i-- > l;) {
        double f = s * e[i], b = c * e[i];

        e[i + 1] = r = sqrt(f * f + g * g);
        if (r == 0) { /* splits here; the sweep ends early */
            d[i + 1] -= p;
            e[m] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        if (q->Z)
            turn(q, i, c, s);
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0;
}

/* An off-diagonal that changes no eigenvalue by more than zero, or by more than eps of it. */
static int negligible(const struct ql *q, size_t m)
{
    double e = fabs(q->e[m]);

    return e <= q->zero || e <= DBL_EPSILON / 2 * (fabs(q->d[m]) + fabs(q->d[m + 1]));
}

/* Ascending, equal ones in the order they came; rows of Z along. */
static void order(const struct ql *q)
{
    for (size_t i = 1; i < q->n; i++)
        for (size_t j = i; j > 0 && q->d[j] < q->d[j - 1]; j--) {
            double t = q->d[j], *row = q->Z + j * q->ld;

            q->d[j] = q->d[j - 1], q->d[j - 1] = t;
            for (size_t k = 0; q->Z && k < q->n; k++)
                t = row[k], row[k] = (row - q->ld)[k], (row - q->ld)[k] = t;
        }
}

size_t ql(size_t n, double *d, double *e, double zero, double *Z, size_t ld)
{
    struct ql q = {n, ld, d, e, Z, zero};

    for (size_t i = 0; Z && i < n; i++) {
        memset(Z + i * ld, 0, n * sizeof *Z);
        Z[i * ld + i] = 1;
    }
    for (size_t l = 0; l < n; l++) {
        int sweeps = 0;

        for (;;) {
            size_t m = l;

            while (m + 1 < n && !negligible(&q, m))
                m++;
            if (m == l)
                break;
            if (sweeps++ == 60)
                return l;
            sweep(&q, l, m);
        }
    }
    order(&q);
    return n;
}
