/* lent: bytes that several bundles hold: a companion that travels once for q, k and v. Private to tensor. Not for
 * threads. */
#ifndef WEIR_TENSOR_LENT_H
#define WEIR_TENSOR_LENT_H

#include "base/hash.h"
#include "tensor/bundle.h"

struct lent {
    int holders;
    uint8_t *data;
    uint64_t bytes;
    struct hash128 hash;
};

struct lent *lent_new(uint8_t *data, uint64_t bytes); /* takes data over; one holder */
struct lent *lent_hold(struct lent *l);
void lent_drop(struct lent *l); /* NULL is fine */

/* Give p the bytes of l instead of its own. */
void part_lend(struct part *p, struct lent *l);

/* Free p's data, be it lent or its own. */
void part_drop_data(struct part *p);

/* Set rows and row_bytes from dtype and shape. -1 when the sizes overflow or rows do not fill whole bytes. */
int part_set_size(struct part *p, struct err *e);

/* How a part is cut in the stream: rows, but elements where it is a vector of elements of whole bytes. 0 rows when it
 * has no bytes. */
void part_wire_size(const struct part *p, uint64_t *rows, uint64_t *row_bytes);

#endif
