/* factor: the table, and what the methods share. */
#include "factor/factor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/real.h"
#include "la/svd.h"

#define POWER 3 /* power rounds of the randomized decomposition */

#define METHOD(n) &factor_##n,
const struct factor_method *const factor_table[] = {
#include "factor/factor.def"
    NULL};
#undef METHOD

const struct factor_method *factor_find(const char *name)
{
    for (int i = 0; factor_table[i]; i++)
        if (strcmp(factor_table[i]->name, name) == 0)
            return factor_table[i];
    return NULL;
}

uint64_t factor_rank(uint64_t rows, uint64_t cols, double keep)
{
    uint64_t rank = (uint64_t)floor(keep * (double)rows * (double)cols / (double)(rows + cols));

    return rank ? rank : 1;
}

int factor_column_sizes(const struct factor_job *j, double *s, struct err *e)
{
    double most = 0;

    for (uint64_t c = 0; j->norm2 && c < j->cols; c++) {
        if (!(j->norm2[c] >= 0 && isfinite(j->norm2[c])))
            return err_set(e, "norm2[%llu] is %g, not a mean of squares", (unsigned long long)c, j->norm2[c]);
        most = j->norm2[c] > most ? j->norm2[c] : most;
    }
    if (j->norm2 && most == 0)
        return err_set(e, "norm2 is 0 in all %llu columns", (unsigned long long)j->cols);
    for (uint64_t c = 0; c < j->cols; c++)
        s[c] = j->norm2 ? real_pow(j->norm2[c] > 1e-12 * most ? j->norm2[c] : 1e-12 * most, j->alpha / 2) : 1;
    return 0;
}

/* b = U s^1/2 in place of U, a = s^1/2 V' in place of V'; the sum of s^2. */
static double scale_by_roots(struct factor_job *j, const double *s)
{
    double sum = 0;

    for (uint64_t k = 0; k < j->rank; k++) {
        double root = sqrt(s[k]);

        sum += s[k] * s[k];
        for (uint64_t r = 0; r < j->rows; r++)
            j->b[r * j->rank + k] *= root;
        for (uint64_t c = 0; c < j->cols; c++)
            j->a[k * j->cols + c] *= root;
    }
    return sum;
}

int factor_triples(struct factor_job *j, const double *P, struct err *e)
{
    uint64_t small = j->rows < j->cols ? j->rows : j->cols, over = j->rank / 2 < 8 ? 8 : j->rank / 2;
    double *s = mem_new(j->rank, sizeof *s), all = 0, kept;
    int rc;

    if (j->exact || j->rank * 6 > small)
        rc = svd(j->rows, j->cols, P, j->rank, j->b, s, j->a, e);
    else
        rc = rsvd(j->rows, j->cols, P, j->rank, over, POWER, rng_make(0, j->name, strlen(j->name)), j->b, s, j->a, e);
    if (rc == 0) {
        for (uint64_t i = 0; i < j->rows * j->cols; i++)
            all += P[i] * P[i];
        kept = scale_by_roots(j, s);
        j->lost = all > kept ? (all - kept) / all : 0;
    }
    free(s);
    return rc;
}
