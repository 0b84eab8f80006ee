/* pissa: the largest singular triples become the adapter, the rest stays dense. Meng et al. (2024), PiSSA, eq. 2 to 4.
 * */
#include "factor/factor.h"

static int apply(struct factor_job *j, struct err *e)
{
    return factor_triples(j, j->w, j->w, e);
}

const struct factor_method factor_pissa = {.name = "pissa",
                                           .brief = "adapter of the largest singular triples; the rest stays dense",
                                           .opts = factor_exact_opts,
                                           .kind = FACTOR_SPLIT,
                                           .apply = apply};
