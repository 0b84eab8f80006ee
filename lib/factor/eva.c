/*
 * eva: an adapter that begins at 0 (B = 0) and whose A spans the inputs' directions of most variance: the top
 * eigenvectors of H - m m', the covariance, as the incremental SVD of the released code, which centres, has them.
 * Paischer et al. (2024), EVA, §3. lost is the share of the inputs' variance that A leaves out (1 - explained
 * variance).
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "factor/factor.h"
#include "la/eigh.h"

static int apply(struct factor_job *j, struct err *e)
{
    double *h = mem_new(j->cols * j->cols, sizeof *h), *value = mem_new(j->cols, sizeof *value);
    double *z = mem_new(j->rank * j->cols, sizeof *z), all = 0, kept = 0;
    int rc;

    factor_moment(j, h);
    rc = eigh(j->cols, h, value, j->rank, z, e);
    for (uint64_t i = 0; rc == 0 && i < j->cols; i++)
        all += value[i] > 0 ? value[i] : 0;
    for (uint64_t k = 0; rc == 0 && k < j->rank; k++) { /* largest first */
        kept += value[j->cols - 1 - k];
        memcpy(j->a + k * j->cols, z + (j->rank - 1 - k) * j->cols, j->cols * sizeof *z);
    }
    memset(j->b, 0, j->rows * j->rank * sizeof *j->b);
    j->lost = all > kept ? (all - kept) / all : 0;
    free(h);
    free(value);
    free(z);
    return rc;
}

const struct factor_method factor_eva = {.name = "eva",
                                         .brief = "adapter of zero whose A spans the inputs' main directions",
                                         .needs = FACTOR_GRAM | FACTOR_MEAN,
                                         .kind = FACTOR_BESIDE,
                                         .apply = apply};
