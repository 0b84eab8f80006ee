/* svd: the best product in the plain Frobenius norm (Eckart and Young 1936): S = I. */
#include "factor/factor.h"

static int apply(struct factor_job *j, struct err *e)
{
    return factor_triples(j, j->w, j->w, e);
}

const struct factor_method factor_svd = {"svd", "truncated SVD of the weights", 0, FACTOR_REPLACE, apply, 0, 0};
