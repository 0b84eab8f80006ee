/* cut: some rows or columns of a bundle stay, the others are gone from its shape. */
#ifndef WEIR_SHRINK_CUT_H
#define WEIR_SHRINK_CUT_H

#include "tensor/bundle.h"

/* Units of an axis that stay: unit[i] stands for the indices [unit[i] * width, (unit[i] + 1) * width). */
struct cut {
    const uint64_t *unit; /* ascending */
    uint64_t n, width;
};

/* float[rows][cut->n * cut->width] of w's columns; or the rows, each of cols. Owned by the caller. */
float *cut_columns(const float *w, uint64_t rows, uint64_t cols, const struct cut *c);

/*
 * Cut a loaded bundle.
 * b     inout: its value becomes dense, of the checkpoint's type. Companions of the inputs (norm2, mean, absmean, gram)
 *       are cut along when columns go, and stay when rows go; others told of the old weight and are dropped.
 * rows  or NULL; of a vector there is one row
 * cols  or NULL
 * w     values to put in place of its own, float[rows left][cols left]; or NULL
 * -1: a form that is not known, a companion of another size. Memory: the value in f32 twice, the gram twice.
 */
int cut_bundle(struct bundle *b, const struct cut *rows, const struct cut *cols, const float *w, struct err *e);

#endif
