/* svd: the best product in the plain Frobenius norm (Eckart and Young 1936): S = I. */
#include "factor/factor.h"

static int apply(struct factor_job *j, struct err *e)
{
    return factor_triples(j, j->w, j->w, e);
}

const struct factor_method factor_svd = {.name = "svd",
                                         .brief = "truncated SVD of the weights",
                                         .opts = factor_exact_opts,
                                         .kind = FACTOR_REPLACE,
                                         .apply = apply};
