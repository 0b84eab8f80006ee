/* zeros: where the merged models are 0: whether they agree in that, and which of these places stay 0. */
#ifndef WEIR_MERGE_ZEROS_H
#define WEIR_MERGE_ZEROS_H

#include <stdint.h>

#include "base/err.h"

/* Which zeros stay: none but by chance; the first operand's; those of all operands; those of any. */
enum merge_mask { MERGE_MASK_NONE, MERGE_MASK_FIRST, MERGE_MASK_ALL, MERGE_MASK_ANY };

#define MERGE_SPARSE 10 /* a tensor of which one in so many is 0, in some operand, is sparse */

struct merge_zeros { /* of matrices */
    enum merge_mask keep;
    uint64_t tensors, sparse, differ; /* out: merged; sparse; of these, where operands are not 0 in the same places */
    /* of the tensor at hand: */
    uint64_t n, *zero, unlike; /* elements; zeros of each operand; places that are 0 in some and not in others */
    uint8_t *mask;             /* [room], of the rows at hand */
    uint64_t room;
};

int merge_mask_parse(const char *word, enum merge_mask *m, struct err *e); /* first, intersection, union */

/* For each tensor: begin; for its rows in order: see, before the method may write over them, and apply to what came
 * out; end. */
void merge_zeros_begin(struct merge_zeros *z, int operands);
void merge_zeros_see(struct merge_zeros *z, float *const *rows, int operands, uint64_t n);
void merge_zeros_apply(const struct merge_zeros *z, float *out, uint64_t n);
void merge_zeros_end(struct merge_zeros *z, int operands);
void merge_zeros_free(struct merge_zeros *z);

#endif
