/* cut: which tensor of a model goes to which shard. */
#ifndef WEIR_CKPT_CUT_H
#define WEIR_CKPT_CUT_H

#include "ckpt/plan.h"

/*
 * A shard for each step of a plan, balanced by bytes (shard_cut). by_layer: no layer is cut.
 * Returns count = p->n numbers, 1 to n, ascending; the caller frees them.
 */
int64_t *cut_plan(const struct plan *p, int64_t n, int by_layer);

/*
 * The same for a stream at its head: sizes from the manifest; where the head has none the stream is read once more,
 * which needs a file. *count (out): tensors. NULL: it is a shard already, path is "-" and there is no manifest, or
 * reading failed. by_layer: parts that the tensors of a layer share (norm2 and gram of q, k and v) then stay with those
 * that refer to them.
 */
int64_t *cut_stream(const struct reader *in, const char *path, int64_t n, int by_layer, size_t *count, struct err *e);

#endif
