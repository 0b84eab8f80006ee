/* pass: one tensor of all operands through a method, in slabs. */
#ifndef WEIR_MERGE_PASS_H
#define WEIR_MERGE_PASS_H

#include "base/hash.h"
#include "merge/merge.h"
#include "merge/operand.h"
#include "merge/vocab.h"
#include "merge/zeros.h"

struct merge_pass {
    const struct merge_method *method;
    struct merge_args args;
    struct operand *operand; /* the first one leads: order, blobs, types; it is the base of a method that has one */
    int operands;
    const struct select *sel;
    const struct merge_vocab *vocab; /* or NULL: all vocabularies are one */
    struct merge_zeros zeros;        /* in: keep; out: counts; of methods without a run */
    int left;     /* the tensor at hand is not chosen: it passes from the first, whatever the others have */
    int type;     /* to write, or -1: operand_type of the first */
    float **rows; /* buffers of operands, the last that of the result; grown to `room` elements each */
    uint64_t room;
    struct hash128 *name; /* names of the first operand that have passed: a set with room for names_cap */
    size_t names, names_cap;
    uint64_t segment; /* of the first operand, to which they belong */
};

/* Shards are merged shard by shard: do streams among the operands bear the same mark? -1 names two that do not. */
int merge_same_shard(struct merge_pass *p, struct err *e);

/*
 * Once for each tensor of the first operand: find the one it stands at in all others. -1 names the operand that lacks
 * it, has it in another shape, or twice. A size of the vocabulary that differs is said to be one. 1: an operand lacks
 * it, as -1 says, but it is one that readers compute anew (operand_computed) or that is left as it is.
 */
int merge_align(struct merge_pass *p, struct err *e);

/*
 * Merge it and write it. Companions of the first operand are dropped: they tell of a model that is no more. Whole
 * numbers (I64, BOOL ...) are no weights: they pass from the first operand, and must be equal in all.
 * Memory: 1 MiB of f32 or one row for each operand and one more, and the survey's. A survey reads a tensor of a stream
 * again from an unlinked file.
 */
int merge_tensor(struct merge_pass *p, struct writer *out, struct err *e);

/* For methods with a run: the next n rows of every operand into p->rows; buffers are grown to n rows of the first's
 * columns. */
int merge_read(struct merge_pass *p, uint64_t n, struct err *e);

/* The header that goes out for the tensor at hand: no companions, one dense term of that type and shape. */
void merge_header(struct merge_pass *p, enum dtype t, const struct shape *shape, struct bundle *o);

/* What the tensor at hand is written as. */
enum dtype merge_type(const struct merge_pass *p);

/* Rows as a bundle that has begun: f32 to its type. row0 and n count rows of its one part. */
int merge_put(struct writer *out, struct bundle *o, uint64_t row0, uint64_t n, const float *w, struct err *e);

/* The models in turn, tensor by tensor, each selected one through merge_tensor: what methods without a run do. */
int merge_all(struct merge_pass *p, struct writer *out, struct err *e);

/* After the last: does an operand hold tensors that the first does not? -1 names one. */
int merge_leftover(struct merge_pass *p, struct err *e);
void merge_pass_free(struct merge_pass *p); /* buffers; operands are closed too */

#endif
