/*
 * asvd: S = diag(mean |x|)^alpha, so that columns with large inputs are kept better. Yuan et al. (2023), ASVD, eq. 5 to
 * 7, alpha 0.5. A channel that is never active would make S singular: its scale is at least 1e-6 of the largest.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/real.h"
#include "factor/factor.h"

static double alpha = 0.5;
static const struct opt opts[] = {
    {.name = "alpha", .arg = "A", .kind = OPT_F64, .to = &alpha, .hi = INFINITY, .help = "power of the inputs' size"},
    FACTOR_EXACT,
    OPT_END};

static int scales(const struct factor_job *j, double *s, struct err *e)
{
    double most = 0;

    for (uint64_t c = 0; c < j->cols; c++)
        most = j->absmean[c] > most ? j->absmean[c] : most;
    if (most == 0)
        return err_set(e, "absmean is 0 in all %llu columns", (unsigned long long)j->cols);
    for (uint64_t c = 0; c < j->cols; c++) {
        if (!(j->absmean[c] >= 0))
            return err_set(e, "absmean[%llu] is %g, not a mean of sizes", (unsigned long long)c, j->absmean[c]);
        s[c] = real_pow(j->absmean[c] > 1e-6 * most ? j->absmean[c] : 1e-6 * most, alpha);
    }
    return 0;
}

static int apply(struct factor_job *j, struct err *e)
{
    double *s = mem_new(j->cols, sizeof *s), *p = mem_new(j->rows * j->cols, sizeof *p);
    int rc = scales(j, s, e);

    for (uint64_t i = 0; rc == 0 && i < j->rows * j->cols; i++)
        p[i] = j->w[i] * s[i % j->cols];
    if (rc == 0)
        rc = factor_triples(j, p, j->w, e);
    for (uint64_t i = 0; rc == 0 && !factor_of_w(j) && i < j->rank * j->cols; i++)
        j->a[i] /= s[i % j->cols];
    free(s);
    free(p);
    return rc;
}

const struct factor_method factor_asvd = {.name = "asvd",
                                          .brief = "SVD with columns scaled by (mean |x|)^alpha",
                                          .opts = opts,
                                          .needs = FACTOR_ABSMEAN,
                                          .kind = FACTOR_REPLACE,
                                          .apply = apply};
