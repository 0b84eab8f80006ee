/* writer_bundle: what the writing of whole bundles and of rows share. Private to tensor. */
#ifndef WEIR_TENSOR_WRITER_BUNDLE_H
#define WEIR_TENSOR_WRITER_BUNDLE_H

#include "tensor/stream_parts.h"

int element_width(const struct part *p); /* bytes that SPLIT and BITMASK cut by */
uint64_t
value_slab_rows(const struct bundle *b); /* rows of a turn: the widest part that follows the rows fills a chunk */

/* Decide which shared parts are sent and which refer: equal bytes written in this layer (of parts of values: this
 * segment) are referred to, and a reference to what was not written is replaced by the bytes. in: where b is being
 * read, or NULL. Changes b's header. */
int settle_shared(struct writer *out, struct reader *in, struct bundle *b, struct err *e);

int put_header(struct writer *out, const struct bundle *b, struct err *e);

/* Rows [row, row + n) of part i as chunks. */
int put_rows(struct writer *out, const struct bundle *b, int i, uint64_t row, uint64_t n, const uint8_t *data,
             struct err *e);

#endif
