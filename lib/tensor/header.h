/* header: the body of a tensor record to and from a bundle. Private to tensor; weir(5), TENSOR. */
#ifndef WEIR_TENSOR_HEADER_H
#define WEIR_TENSOR_HEADER_H

#include "tensor/bundle.h"

#define ROW_MAX ((uint64_t)64 << 20) /* bytes of one row of a part: a chunk holds whole rows */

/*
 * Read a body into b (which is {0}; bundle_free it also after -1). Nothing is loaded; part[i].wire is i.
 * Every limit, the sizes of all parts, their order, and the forms that this program knows are checked.
 */
int header_read(struct bundle *b, const void *body, size_t n, struct err *e);

/* Append the body of b to out. -1 when a row is larger than ROW_MAX or a name is too long or no UTF-8. */
int header_put(struct buf *out, const struct bundle *b, struct err *e);

#endif
