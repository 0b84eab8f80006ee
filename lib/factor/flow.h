/* flow: a whole stream through a method, each chosen matrix by itself or, of methods over layers, in groups. */
#ifndef WEIR_FACTOR_FLOW_H
#define WEIR_FACTOR_FLOW_H

#include "factor/pass.h"
#include "tensor/budget.h"
#include "tensor/select.h"

struct factor_flow {
    struct factor_pass *pass;
    const struct select *sel;
    struct budget *budget; /* each tensor's own size, or NULL; not of methods over layers */
    struct buf report;     /* out: titles, and a line for each chosen matrix; owned by the caller */
    struct err poor; /* out: the first gram of fewer tokens than columns, which says nothing of some directions; or
                      * empty */
};

/* out NULL: nothing is written. A bundle that follows a weight and is its bias goes with it (factor_is_bias). -1: as
 * factor_loaded and factor_groups, or reading or writing failed. Memory: factor_loaded's. */
int factor_flow(struct factor_flow *f, struct reader *in, struct writer *out, struct err *e);

#endif
