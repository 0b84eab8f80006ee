/* describe: a bundle in a few words, for lists and tables. */
#ifndef WEIR_TENSOR_DESCRIBE_H
#define WEIR_TENSOR_DESCRIBE_H

#include "tensor/stream.h"

/* A name as it may stand in a table: in quotes with escapes where it holds blanks or control characters. Valid until
 * the next call. */
const char *describe_name(const char *name);

/* Append how the value is stored: "BF16", "q4_K", "int4/g32", "F16+lowrank/16", a term after a '+'. */
void describe_type(struct buf *out, const struct bundle *b);

/* Append the names of the companions, between commas; "-" when there are none. */
void describe_companions(struct buf *out, const struct bundle *b);

/* Bytes of the parts of the value; or of the companions. */
uint64_t describe_bytes(const struct bundle *b, int companions);

/* Append a record's line of a list: name, shape, type, bytes, role, layer, companions, between tabs. */
void describe_item(struct buf *out, const struct item *it);

#endif
