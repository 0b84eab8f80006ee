/*
 * order: which rows of which parts have passed. One rule for readers and writers. Private to tensor; weir(5), TENSOR.
 * Companions come whole and in order, then the fixed parts of all terms likewise, then the parts that follow the
 * weight's rows, which may take turns; within a part rows ascend without gaps.
 */
#ifndef WEIR_TENSOR_ORDER_H
#define WEIR_TENSOR_ORDER_H

#include "tensor/bundle.h"

struct order_part {
    char *name;
    uint64_t rows, row_bytes; /* as cut in the stream; 0 rows when nothing is sent */
    uint64_t done;            /* rows that have passed */
    int shared;
};

struct order {
    struct order_part part[PARTS_MAX];
    int parts;
    int gate[PARTS_MAX]; /* parts that must be whole before others begin, in order; companions first */
    int gates, companions, at;
};

void order_begin(struct order *o, const struct bundle *b);
void order_free(struct order *o); /* back to no parts */

/* Rows [row, row + n) of a part pass now. 0, or -1 with both values in e. */
int order_take(struct order *o, uint32_t part, uint64_t row, uint64_t n, struct err *e);

int order_whole(const struct order *o, int part);    /* 1 when all its rows have passed */
int order_companions_left(const struct order *o);    /* 1 while some companion is not whole */
int order_fixed_left(const struct order *o);         /* ... or some fixed part */
int order_left(const struct order *o);               /* ... or any part */
int order_end(const struct order *o, struct err *e); /* -1 names the first part that is not whole */

#endif
