/* put: what a method found, as terms of the value. */
#ifndef WEIR_FACTOR_PUT_H
#define WEIR_FACTOR_PUT_H

#include "factor/factor.h"
#include "tensor/bundle.h"

/* Bytes of the terms that j will become, in elements of that type; of adapters those of the product. */
uint64_t factor_put_bytes(enum factor_kind kind, enum dtype type, const struct factor_job *j);

/*
 * Put the terms in place of the value, or of its one term `term` (-1: all of it; an adapter that stays beside adds
 * one), behind those that stay. Returns the index of the first of them. Numbers are rounded to type; what stands beside
 * a product (the rest of pissa, the sparse term) makes up for the rounding of the product.
 * w  in: float[rows][cols], what was factored
 */
int factor_put(struct bundle *b, enum factor_kind kind, int term, enum dtype type, const struct factor_job *j,
               const float *w);

#endif
