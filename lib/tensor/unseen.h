/*
 * unseen: experts that no token of the calibration text went to. mcalib gives their weights the key count 0 and no
 * statistics; a method that needs statistics leaves such a weight to one that needs none, and its filter says how many
 * there were.
 */
#ifndef WEIR_TENSOR_UNSEEN_H
#define WEIR_TENSOR_UNSEEN_H

#include "tensor/bundle.h"

struct unseen {
    uint64_t n;
    struct buf names;
    struct buf line;
};

/* Is b an expert's weight with the key count 0 and no companion that tells of inputs? Only the header is looked at. */
int bundle_unseen(const struct bundle *b);

/* Count b, u may be NULL. */
void unseen_add(struct unseen *u, const struct bundle *b);

/*
 * What a filter says at its end: "N weights of experts that saw no token HOW; -v names them", or with verbose their
 * names behind a colon. u->n is not 0.
 * how  in: "were pruned by magnitude"
 */
const char *unseen_line(struct unseen *u, const char *how, int verbose);
void unseen_free(struct unseen *u);

#endif
