/*
 * dense-sparse: the kept entries of largest |w_ij| (mean x_j^2)^(alpha / 2) go to a sparse term, the rest stays dense
 * with zeros in their place, so that a quantizer's groups need not span them. Nothing is lost. Kim et al. (2023),
 * SqueezeLLM, section 4.2: alpha 0 takes their outliers; alpha 1 goes by what an entry's removal costs the output on
 * average, where they have the Fisher information.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/pick.h"
#include "factor/factor.h"

static double alpha = 0;
static const struct opt opts[] = {
    {.name = "alpha", .arg = "A", .kind = OPT_F64, .to = &alpha, .hi = INFINITY, .help = "power of the inputs' size"},
    OPT_END};

static int apply(struct factor_job *j, struct err *e)
{
    uint64_t n = j->rows * j->cols;
    double *size = mem_new(j->cols, sizeof *size);
    float *key = mem_new(n, sizeof *key);
    int rc = factor_column_sizes(j, alpha, size, e);

    for (uint64_t i = 0; rc == 0 && i < n; i++)
        key[i] = (float)(-fabs(j->w[i]) * size[i % j->cols]);
    if (rc == 0)
        pick_smallest(key, n, j->kept, j->mask);
    j->lost = 0;
    free(size);
    free(key);
    return rc;
}

const struct factor_method factor_dense_sparse = {.name = "dense-sparse",
                                                  .brief = "outliers to a sparse term, the rest stays dense",
                                                  .opts = opts,
                                                  .needs = FACTOR_NORM2,
                                                  .kind = FACTOR_OUTLIERS,
                                                  .apply = apply,
                                                  .sizes = FACTOR_KEEP,
                                                  .alpha = &alpha};
