/* flow: a whole stream through plans, each tensor by its own. */
#ifndef WEIR_QUANT_FLOW_H
#define WEIR_QUANT_FLOW_H

#include "quant/pass.h"

struct quant_flow {
    /* Is b (header read) to be quantized? 1: *p is how; quant_plan_for is applied here. 0: it passes. -1: an error. */
    int (*choose)(const struct bundle *b, struct quant_plan *p, struct err *e);
    int by_layer; /* 1: methods that change a layer before it is rounded (QUANT_LAYER): layers are read whole; all
                   * chosen tensors have the plan `layer` */
    struct quant_plan layer;
    int importance; /* as quant_pass */
    int measures;   /* 1: lines of the report say what was lost */

    struct buf report;   /* out: a line for each tensor chosen, and the total; owned by the caller */
    struct buf fallback; /* out: a line for each tensor that took a fallback; likewise */
    uint64_t chosen, fallbacks;
};

/* out NULL: headers are read, sizes are told. -1: what the reader, the writer and quant_pass say. Memory: quant_pass's;
 * by layer, a layer. */
int quant_flow(struct quant_flow *f, struct reader *in, struct writer *out, struct err *e);

#endif
