/* group: methods over several layers: what they compute, and the walk that gathers the layers. */
#ifndef WEIR_FACTOR_GROUP_H
#define WEIR_FACTOR_GROUP_H

#include "factor/pass.h"
#include "tensor/select.h"
#include "tensor/stream.h"

struct factor_atoms {
    uint64_t layers, n, count; /* matrices, numbers in each, atoms: 1 <= count <= layers */
    const float *const *w;     /* in: [layers][n] */
    double *atoms;             /* out: [count][n] */
    double *coefficients;      /* out: [layers][count] */
    double *lost;              /* out: [layers], predicted share of |w|^2 that is left out */
};

/*
 * The atoms whose combinations are nearest to all matrices together in the Frobenius norm: matrix PCA. With G_ij =
 * <W_i, W_j> and v_s its eigenvectors of largest eigenvalue, descending, atom s is sum over l of v_sl W_l, and the
 * coefficient of layer l is v_sl: the truncated SVD of [vec W_1 ... vec W_L].
 * -1: eigh's error. Cost layers (layers + 2 count) n. Memory: layers^2. Any thread count, instruction set and compiler:
 * same bits. Source: Zhussip et al. (2025), Share your attention (MASA), the closed form for trained models; their
 * grouping and refinement are not here.
 */
int factor_masa_fit(struct factor_atoms *f, struct err *e);

/* Layers that share atoms, as the option --span says; 0: all. */
uint64_t factor_masa_span(void);

/*
 * Read the whole stream; every factor_masa_span() layers the chosen weights of one role become combinations of common
 * atoms, as many as p->rank or p->keep of the layers, at least one. A role whose atoms would be larger, or of which the
 * group has one weight, stays as it was.
 * out     or NULL: nothing is written
 * report  a line is appended for each chosen matrix
 * -1: weights of a role that differ in shape, as factor_loaded, or reading or writing failed. Memory: the layers of a
 * group as they are stored, and of one role at a time the weights in f32, the atoms in double and a gram.
 */
int factor_groups(struct factor_pass *p, const struct select *sel, struct reader *in, struct writer *out,
                  struct buf *report, struct err *e);

#endif
