/* Tridiagonal eigenvectors by divide and conquer: hard spectra, sizes about the leaf's, a part of the vectors, threads.
 * */
#include "base/par.h"
#include "la/dc.h"
#include "la/ql.h"
#include "la/qr.h"
#include "tests/unit/la.h"

enum kind {
    RANDOM,
    SECOND_DIFFERENCE,
    GRADED,
    STEEP,
    DEFICIENT,
    EQUAL,
    WILKINSON,
    ZEROS,
    CLUSTERED,
    TINY_OFF,
    NOTHING,
    TWINS,
    KINDS
};

/* T of a kind, its largest element near 1. */
static void make(enum kind kind, size_t n, double *d, double *off)
{
    struct rng r = rng_make(5, "T", 1);

    for (size_t i = 0; i < n; i++) {
        double x = rng_normal(r, 2 * i), y = rng_normal(r, 2 * i + 1), t = (double)i / (double)n;

        d[i] = x, off[i] = y;
        if (kind == SECOND_DIFFERENCE)
            d[i] = 2, off[i] = -1;
        if (kind == GRADED)
            d[i] = pow(10, -14 * t), off[i] = 0.3 * d[i];
        if (kind == STEEP) /* from the small end, below the smallest square in range */
            d[i] = ldexp(1, -(int)(600 * (1 - t))), off[i] = d[i] / 2;
        if (kind == DEFICIENT) /* L'L of a bidiagonal L whose last rows vanish */
            d[i] = i < n / 3 ? 1 + y * y : i == n / 3 ? y * y : 0, off[i] = i < n / 3 ? y : 0;
        if (kind == EQUAL)
            d[i] = 1.5, off[i] = 0;
        if (kind == WILKINSON) /* copies of W21+, glued */
            d[i] = fabs((double)(i % 21) - 10) / 10, off[i] = i % 21 == 20 ? 1e-12 : 0.1;
        if (kind == ZEROS)
            off[i] = i % 5 == 2 || i % 7 == 0 ? 0 : y;
        if (kind == CLUSTERED)
            d[i] = 1 + 1e-10 * x, off[i] = 1e-11 * y;
        if (kind == TINY_OFF)
            off[i] = 1e-15 * y;
        if (kind == NOTHING)
            d[i] = off[i] = 0;
        if (kind == TWINS) { /* both halves alike: every eigenvalue of one is met by the other's */
            size_t k = i < n / 2 ? i : n - 1 - i, o = i + 1 < n / 2 ? i : n - 2 - i;

            d[i] = rng_normal(r, 2 * k), off[i] = i + 1 == n / 2 ? 1e-3 : i + 1 < n ? rng_normal(r, 2 * o + 1) : 0;
        }
    }
}

/* (T z - w z)'s largest element, and the largest of |T|. */
static double residual(size_t n, const double *d, const double *off, const double *w, const double *Z, double *most)
{
    double worst = 0;

    *most = 0;
    for (size_t i = 0; i < n; i++) {
        *most = fmax(*most, fmax(fabs(d[i]), i + 1 < n ? fabs(off[i]) : 0));
        for (size_t j = 0; j < n; j++) {
            const double *z = Z + i * n + j;
            double r = (d[j] - w[i]) * z[0] + (j > 0 ? off[j - 1] * z[-1] : 0) + (j + 1 < n ? off[j] * z[1] : 0);

            if (!(fabs(r) <= worst))
                worst = fabs(r);
        }
    }
    return worst;
}

static double worst_residual, worst_skewness;

static void one(enum kind kind, size_t n)
{
    double *d = mem_new(n, 8), *off = mem_new(n, 8), *w, *v, *x, *copy, *Z = mem_new(n * n, 8), *Y = mem_new(n * n, 8),
           most, r, s;
    size_t top = 1 + n / 3;
    struct err e;

    make(kind, n, d, off);
    w = copy_of(n, d), v = copy_of(n, d), x = copy_of(n, d), copy = copy_of(n, off);
    CHECK(dc(n, w, off, n, Z, &e) == 0);
    CHECK(memcmp(off, copy, n * sizeof *off) == 0);
    for (size_t i = 1; i < n; i++)
        CHECK(w[i] >= w[i - 1]);
    r = residual(n, d, off, w, Z, &most);
    transpose(n, n, Z, Y);
    s = skewness(n, n, Y);
    if (!(r <= 1e-14 * most && s <= 1e-14))
        printf("kind %d, n %zu: residual %.3g of %.3g, skewness %.3g\n", kind, n, r, most, s);
    CHECK(r <= 1e-14 * most);
    CHECK(s <= 1e-14);
    worst_residual = fmax(worst_residual, most > 0 ? r / most : r), worst_skewness = fmax(worst_skewness, s);
    CHECK(ql(n, x, copy, 1e-17 * most, NULL, 0) == n);
    CHECK(apart(n, w, x) <= 2e-14 * most);
    par_set_jobs(3);
    CHECK(dc(n, v, off, top, Y, &e) == 0);
    par_set_jobs(1);
    CHECK(memcmp(w, v, n * sizeof *w) == 0);
    CHECK(memcmp(Z + (n - top) * n, Y, top * n * sizeof *Y) == 0);
    free(d), free(off), free(w), free(v), free(x), free(copy), free(Z), free(Y);
}

/* The second difference matrix: eigenvalue k is 2 - 2 cos t, t = k pi / (n+1), with eigenvector sin t, sin 2t, ... */
static void closed_form(void)
{
    size_t n = 333;
    double *d = mem_new(n, 8), *off = mem_new(n, 8), *Z = mem_new(n * n, 8);

    make(SECOND_DIFFERENCE, n, d, off);
    CHECK(dc(n, d, off, n, Z, NULL) == 0);
    for (size_t k = 0; k < n; k++) {
        double t = (double)(k + 1) * 3.141592653589793 / (double)(n + 1), unit = sqrt(2 / (double)(n + 1)), with = 0;

        CHECK_NEAR(d[k], 2 - 2 * cos(t), 1e-14);
        for (size_t j = 0; j < n; j++)
            with += unit * sin((double)(j + 1) * t) * Z[k * n + j];
        CHECK_NEAR(fabs(with), 1, 1e-12);
    }
    free(d), free(off), free(Z);
}

static void not_found(void)
{
    double d[60] = {0}, off[60] = {0}, Z[60];
    struct err e;

    d[40] = NAN, off[40] = 1;
    CHECK(dc(60, d, off, 1, Z, &e) == -1);
    CHECK_STR(e.msg, "eigenvalue 40 of 60 is not found in 60 sweeps");
}

int main(void)
{
    const size_t sizes[] = {1, 2, 3, 4, 31, 47, 48, 49, 50, 95, 96, 97, 98, 193, 300, 420};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int kind = 0; kind < KINDS; kind++)
            one((enum kind)kind, sizes[i]);
    one(RANDOM, 1201);
    one(TWINS, 1026);
    printf("worst: residual %.3g of T's largest element, skewness %.3g\n", worst_residual, worst_skewness);
    closed_form();
    not_found();
    return DONE();
}
