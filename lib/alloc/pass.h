/* pass: the tensors of a stream through a method, and what it decided as a table. */
#ifndef WEIR_ALLOC_PASS_H
#define WEIR_ALLOC_PASS_H

#include "alloc/alloc.h"
#include "tensor/select.h"
#include "tensor/stream.h"

struct alloc_pass {
    const struct alloc_method *method;
    struct alloc_job job;
    int64_t layer; /* the layer that is coming, and its angle */
    double angle;
    double others; /* bytes of the values of tensors that are not chosen */
};

/* What a method can share out, as "sparsity,type,rank"; room for 30 bytes in out. */
const char *alloc_kinds(const struct alloc_method *m, char *out);

/* -1: a kind that the method does not share out. */
int alloc_check(const struct alloc_pass *p, struct err *e);

/*
 * All tensors of in: the method sees those that are chosen, but for vectors and matrices of nothing.
 * -1: a companion that the method needs and that is missing or of another size, a weight that is not finite; the
 * tensor's name comes first. Memory: the tensor as it is stored and as F32, its companions, and what the method holds.
 */
int alloc_stream(struct alloc_pass *p, const struct select *sel, struct reader *in, struct err *e);

/* When all have been seen: with types the target becomes what size (bytes for all values of the stream; 0: none) or
 * bits (of a weight) leave to the chosen; then the method decides. -1: a size that the others exceed; what the method
 * says. */
int alloc_decide(struct alloc_pass *p, double bits, double size, struct err *e);

/* Append the budget (tensor/budget.h): tensor; sparsity, type or rank, "-" for what stays dense; weights; with types
 * bytes; the predicted loss, "-" where there is none. */
void alloc_table_put(const struct alloc_pass *p, struct buf *out);

/* Write what was measured, to the file that the method's `losses` names, if it names one: tensor; sparsity, type or
 * rank; weights; what it costs; loss, a share, and of what energy: a line for each point. */
int alloc_losses_put(const struct alloc_pass *p, struct err *e);

#endif
