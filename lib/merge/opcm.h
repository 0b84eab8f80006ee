/* opcm: the sequential part, for tests and for the method. */
#ifndef WEIR_MERGE_OPCM_H
#define WEIR_MERGE_OPCM_H

#include "merge/merge.h"

/*
 * delta = sum over models t of P_t(m_t - base), P_1 the identity, P_t what keeps away from the greatest directions of
 * the sum so far.
 * delta   out: double[rows][cols]
 * norm2   in and out: double[models], to which |m_t - base|^2 is added
 * matrix  0: every P_t is the identity (vectors, embeddings)
 * -1: svd's error. Memory: the tensor four times in double, its singular vectors.
 */
int opcm_sum(const struct merge_job *j, int matrix, double *delta, double *norm2, struct err *e);

/* The last factor: mean of the norms of the models' changes over the norm of the sum; 1 for one model or where the sum
 * is 0. */
double opcm_factor(int models, const double *norm2, double sum2);

#endif
