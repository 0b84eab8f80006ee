/* attach: companions kept in a stream of their own, put back on the tensors of those names. */
#ifndef WEIR_MERGE_ATTACH_H
#define WEIR_MERGE_ATTACH_H

#include "merge/operand.h"

/*
 * Copy every tensor of `to` to out with the companions that `from`, a stream, has for it (operand_key); one of the same
 * name is replaced. Those that go by the rows of q and k (score, mask) take the order these have in `to`.
 * The values of `from` are not looked at, its shapes must be those of `to`. Tensors that `from` lacks pass as they are.
 * Where `from` is a folder of peft's, its products become terms of the values instead: merge_adapter.
 * -1: `from` is another checkpoint; a tensor of `from` that is not in `to`, comes twice or has another shape (both are
 * named); reading or writing failed. Memory: the companions of one tensor, of a layer those that are shared; 2 MiB of
 * the value.
 */
int merge_attach(struct operand *to, struct operand *from, struct writer *out, struct err *e);

#endif
