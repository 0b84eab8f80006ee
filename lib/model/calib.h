/*
 * calib: statistics of the inputs of linears, gathered by taps, given to bundles as companions.
 *
 *   norm2    F32 [cols]        mean of x^2
 *   mean     F32 [cols]        mean of x
 *   absmean  F32 [cols]        mean of |x|
 *   gram     F32 [cols][cols]  X'X / n
 *   and the bundle's key "count": tokens seen
 *
 * Sums run in double in token order (gram: f32 products of 256 tokens summed in f32, those in double), so they do not depend on threads.
 */
#ifndef WEIR_MODEL_CALIB_H
#define WEIR_MODEL_CALIB_H

#include "model/block.h"

enum { CALIB_NORM2 = 1, CALIB_MEAN = 2, CALIB_ABSMEAN = 4, CALIB_GRAM = 8 };

struct calib_sums {
    double *sum2, *sum, *sumabs; /* [cols] or NULL */
    double *gram;                /* [cols][cols] or NULL */
    int64_t cols, n;
};

struct calib {
    unsigned parts;
    struct calib_sums at[TAPS];
};

/* "norm2,gram" to a set of parts. -1 quotes an unknown name and lists the known ones. */
int calib_parse(const char *list, unsigned *parts, struct err *e);

/* For struct taps: ctx is a struct calib; x: float[rows][cols]. */
void calib_see(void *ctx, enum tap at, const float *x, int64_t rows, int64_t cols);

/* Set the companions of a linear whose input is seen at a tap; the gram of an input that several linears see is shared (bundle_share). -1 when the widths differ or a sum is not finite. Nothing is done for TAP_NONE. */
int calib_attach(const struct calib *c, enum tap at, struct bundle *b, struct err *e);

void calib_reset(struct calib *c); /* sums gone, parts kept: before each layer */

#endif
