/* pass: a score over the tensors of a stream: the companion, and a report's line. */
#ifndef WEIR_SCORE_PASS_H
#define WEIR_SCORE_PASS_H

#include "score/score.h"
#include "tensor/select.h"
#include "tensor/unseen.h"

struct score_pass {
    const struct score_method *method;
    const struct select *sel;
    struct buf *report;    /* in/out: or NULL */
    int dry;               /* 1: no companion is set */
    struct unseen *unseen; /* in/out: those that were scored by magnitude */
    uint64_t done;         /* out: tensors scored */
};

/* Titles and line: name, rows, columns of the tensor; zeros among its scores, their sum, the least and the greatest. */
#define SCORE_TITLES "tensor\trows\tcols\tzeros\tsum\tleast\tmost\n"

/*
 * Score the chosen ones of b[n]: loaded bundles of one layer or, when the method needs no pool, a single one.
 * model  in: the head's keys
 * -1: what score_known_get, score_pool_make and score_values say, with the tensor's name.
 * Memory: 4 bytes a weight and what the method needs: the whole tensor as f32, or 4 MiB of it.
 */
int score_bundles(struct score_pass *p, const struct attrs *model, struct bundle *b, int n, struct err *e);

#endif
