#include "num/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One measure: a name and an expression over a (struct acc_stats *) and s (struct measured *). */
#define MEASURE(name, expression)                                                                                      \
    static double name(const struct measured *s)                                                                       \
    {                                                                                                                  \
        const struct acc_stats *a = s->st;                                                                             \
        (void)a;                                                                                                       \
        return expression;                                                                                             \
    }
MEASURE(n, (double)a->m.n)
MEASURE(zeros, (double)a->zeros)
MEASURE(bad, (double)a->nonfinite)
MEASURE(least, a->min)
MEASURE(most, a->max)
MEASURE(mean, a->m.n ? a->m.mean : NAN)
MEASURE(std, sqrt(moments_variance(&a->m)))
MEASURE(skew, moments_skewness(&a->m))
MEASURE(kurt, moments_kurtosis(&a->m))
MEASURE(l1, a->l1)
MEASURE(l2, sqrt(a->squares))
MEASURE(rms, sqrt(a->squares / (double)a->m.n))
MEASURE(absmean, a->l1 / (double)a->m.n)
MEASURE(row_norm, sqrt(s->row_squares))

const struct measure measures[] = {{"n", "finite values; only these count below", n},
                                   {"zeros", "values that are 0 or -0", zeros},
                                   {"nonfinite", "infinities and NaNs", bad},
                                   {"min", "least value", least},
                                   {"max", "largest value", most},
                                   {"mean", "mean", mean},
                                   {"std", "standard deviation, of the population", std},
                                   {"skew", "skewness: third standardized moment", skew},
                                   {"kurt", "kurtosis: fourth standardized moment, 3 for a normal distribution", kurt},
                                   {"l1", "sum of |x|", l1},
                                   {"l2", "square root of the sum of x^2", l2},
                                   {"rms", "square root of the mean of x^2", rms},
                                   {"absmean", "mean of |x|", absmean},
                                   {"rownorm", "largest l2 of a row", row_norm},
                                   {"qP", "quantile of |x|, 0 < P <= 1: q0.5, q0.999", NULL},
                                   {NULL, NULL, NULL}};

static int is_quantile(const char *word, double *p)
{
    char *end;

    if (*word != 'q' || word[1] == '\0' || strspn(word + 1, "0123456789.e-") != strlen(word + 1))
        return 0;
    *p = strtod(word + 1, &end);
    return *end == '\0' && *p > 0 && *p <= 1;
}

int measure_choose(const char *word, struct chosen *c)
{
    for (c->m = measures; c->m->name; c->m++)
        if (c->m->of ? strcmp(word, c->m->name) == 0 : is_quantile(word, &c->p))
            return 0;
    return -1;
}

double measure_value(const struct chosen *c, const struct measured *s)
{
    return c->m->of ? c->m->of(s) : acc_abs_quantile(s->acc, c->p);
}

void measured_add(struct measured *s, const float *w, uint64_t rows, uint64_t cols)
{
    acc_add(s->acc, w, rows * cols);
    for (uint64_t r = 0; r < rows; r++)
        s->row_squares = fmax(s->row_squares, acc_squares(w + r * cols, cols));
}

void measured_finish(struct measured *s)
{
    s->st = acc_finish(s->acc);
}

void measured_move(struct measured *s, struct measured *all)
{
    if (all) {
        acc_merge(all->acc, s->acc);
        all->row_squares = fmax(all->row_squares, s->row_squares);
    }
    acc_reset(s->acc);
    s->row_squares = 0;
}
