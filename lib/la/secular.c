#include "la/secular.h"

#include <float.h>
#include <math.h>

#include "num/kern.h"

/* f near a root between two poles; x is measured from the nearer one, and gap, the place of the other, has x's sign. */
struct here {
    double f, size; /* the value; the sum of its terms' magnitudes */
    double a, b, c; /* c + a / (-x) + b / (gap - x) has f's value and first two derivatives; a and b are positive */
};

struct poles {
    size_t i, near, far; /* near and far are i and i+1 */
    double gap;          /* d[far] - d[near] */
};

static struct here value_at(const struct secular *s, const struct poles *p, double x)
{
    double below[3], above[3], to_near = -x, to_far = p->gap - x, zn = s->z2[p->near], zf = s->z2[p->far], flat_n,
                               flat_f;
    size_t j = p->i + 2 < s->n ? p->i + 2 : s->n;
    struct here h;

    kern_secular64(s->d, s->z2, p->i, s->d[p->near], s->d[p->far], x, below);
    kern_secular64(s->d + j, s->z2 + j, s->n - j, s->d[p->near], s->d[p->far], x, above);
    flat_n = x * x / p->gap * (below[2] + above[2]);
    flat_f = to_far * to_far / p->gap * (below[1] + above[1]);
    h.a = zn + x * flat_n;
    h.b = zf + to_far * flat_f;
    h.c = 1 / s->rho + (below[0] + above[0]) + flat_n - flat_f;
    h.f = 1 / s->rho + (below[0] + above[0]) + zn / to_near + zf / to_far;
    h.size = 1 / s->rho + (above[0] - below[0]) + zn / fabs(to_near) + zf / fabs(to_far);
    return h;
}

/* The root of c + a / (-x) + b / (gap - x) that lies between 0 and gap. */
static double model_root(double a, double b, double c, double gap)
{
    double cg = c * gap, sum = cg + a + b, root = sqrt((cg - a + b) * (cg - a + b) + 4 * a * b);

    return gap * (sum > 0 ? 2 * a / (sum + root) : (sum - root) / (2 * cg));
}

/* The same as a step from x: what is left of f, not the rounding in c, bounds its error, so the last steps are exact to
 * eps. */
static double model_step(const struct here *h, double gap, double x)
{
    double to_near = -x, to_far = gap - x, slope = h->a / (to_near * to_near) + h->b / (to_far * to_far);
    double both = to_near * to_far, linear = (to_near + to_far) * h->f - both * slope, flat = both * h->f;
    double root = sqrt(fmax(linear * linear - 4 * flat * h->c, 0));

    return linear > 0 ? 2 * flat / (linear + root) : (linear - root) / (2 * h->c);
}

static double between(double lo, double hi)
{
    return lo == 0 ? hi / 16 : hi > 4 * lo ? sqrt(lo) * sqrt(hi) : lo + (hi - lo) / 2;
}

/* f rises from pole to pole: its sign at the middle tells the nearer pole, and the first guess takes all other terms as
 * there. */
void secular_root(const struct secular *s, size_t i, size_t *near, double *off)
{
    struct poles p = {i, i, i + 1, s->d[i + 1] - s->d[i]};
    double lo = 0, hi = p.gap / 2, x = hi, enough = DBL_EPSILON / 2 * (16 + (double)s->n / 16), rest;
    struct here h = value_at(s, &p, x);

    rest = h.f + (s->z2[i] - s->z2[i + 1]) / x;
    if (h.f < 0 && i + 1 < s->n)
        p = (struct poles){i, i + 1, i, -p.gap}, x = -x;
    if (fabs(h.f) > enough * h.size) {
        double next = fabs(model_root(s->z2[p.near], s->z2[p.far], rest, p.gap));

        for (int turn = 0;; turn++) {
            if (turn > 20 || !(lo < next && next < hi))
                next = between(lo, hi);
            if (!(lo < next && next < hi))
                break;
            x = copysign(next, p.gap);
            h = value_at(s, &p, x);
            if (fabs(h.f) <= enough * h.size)
                break;
            if ((h.f < 0) == (p.gap > 0))
                lo = next;
            else
                hi = next;
            next = copysign(1, p.gap) * (x + model_step(&h, p.gap, x));
        }
    }
    *near = p.near;
    *off = x;
}

/* z[j]^2 = (x_n-1 - d_j) prod of (x_i - d_j) / (d_i - d_j) for i < j, and of (x_i - d_j) / (d_i+1 - d_j) for j <= i <
 * n-1. */
void secular_weights(const struct secular *s, const size_t *near, const double *off, size_t from, size_t to, double *z)
{
    const double *d = s->d;
    double w[SECULAR_RUN];

    for (size_t j = from; j < to; j++)
        w[j - from] = d[near[s->n - 1]] - d[j] + off[s->n - 1];
    for (size_t i = 0; i + 1 < s->n; i++) {
        double pole = d[near[i]], x = off[i];
        size_t split = i + 1 < from ? from : i + 1 < to ? i + 1 : to;

        for (size_t j = from; j < split; j++)
            w[j - from] *= (pole - d[j] + x) / (d[i + 1] - d[j]);
        for (size_t j = split; j < to; j++)
            w[j - from] *= (pole - d[j] + x) / (d[i] - d[j]);
    }
    for (size_t j = from; j < to; j++)
        z[j] = copysign(sqrt(fabs(w[j - from])), z[j]);
}

void secular_vector(size_t n, const double *d, const double *z, double pole, double off, double *u)
{
    double scale;

    for (size_t j = 0; j < n; j++)
        u[j] = z[j] / (d[j] - pole - off);
    scale = 1 / sqrt(kern_dot64(u, u, n));
    for (size_t j = 0; j < n; j++)
        u[j] *= scale;
}
