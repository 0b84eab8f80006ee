/* pissa: the largest singular triples become the adapter, the rest stays dense. Meng et al. (2024), PiSSA, eq. 2 to 4.
 * */
#include "factor/factor.h"

static int apply(struct factor_job *j, struct err *e)
{
    return factor_triples(j, j->w, j->w, e);
}

const struct factor_method factor_pissa = {
    "pissa", "adapter of the largest singular triples; the rest stays dense", 0, FACTOR_SPLIT, apply, 0, 0};
