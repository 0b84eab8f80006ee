/* differ: how far one tensor of two operands is apart: its bytes, its values, and what that does to the layer's output.
 * */
#ifndef WEIR_MERGE_DIFFER_H
#define WEIR_MERGE_DIFFER_H

#include "merge/operand.h"
#include "tensor/compare.h"

struct differ {
    struct distance d;
    double out; /* relative error of the layer's output, squared: tr(E H E') / tr(W H W'); NaN without a companion */
    const char *by; /* the companion that told it, that of a or else of b: "gram", "norm2", or "-" */
};

/*
 * a, b     in: their current tensors are one, b follows a (operand_follow); no row was read. a is the reference
 * always   0: where nothing differs r need not be set
 * Returns the enum difference bits (of another shape r is not set), or -1 and a sentence that names the tensor.
 * Memory: 1 MiB of f32 of each, or a row, their companions and the one that tells as f32; where it is a gram, rows of a
 * stream are read again from an unlinked file. Both tensors whole where b's rows move (q and k of a GGUF against a
 * folder), where a form does not hold row by row or is not known.
 */
int differ_by(struct operand *a, struct operand *b, int always, struct differ *r, struct err *e);

#endif
