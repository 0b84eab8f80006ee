/* flow: a whole stream through plans, each tensor by its own. */
#ifndef WEIR_QUANT_FLOW_H
#define WEIR_QUANT_FLOW_H

#include "quant/pass.h"
#include "quant/want.h"

struct quant_flow {
    struct quant_want *want; /* which tensors, and how; quant_plan_for is applied here */
    int importance;          /* as quant_pass */
    int measures;            /* 1: lines of the report say what was lost */

    struct buf report;   /* out: a line for each tensor chosen, and the total; owned by the caller */
    struct buf fallback; /* out: a line for each tensor that took a fallback; likewise */
    uint64_t chosen, fallbacks;
};

/* What to say of fallbacks at the end, a line at a time: each by name, or how many. */
void quant_flow_tell(const struct quant_flow *f, int by_name, void (*tell)(const char *line));

/* out NULL: headers are read, sizes are told. -1: what the reader, the writer and quant_pass say. Memory: quant_pass's;
 * by layer, a layer. */
int quant_flow(struct quant_flow *f, struct reader *in, struct writer *out, struct err *e);

#endif
