/* compare: two bundles of one name, bit for bit and by how far their values are apart. */
#ifndef WEIR_TENSOR_COMPARE_H
#define WEIR_TENSOR_COMPARE_H

#include "tensor/bundle.h"

/* What differs between two bundles, bit for bit. They are loaded; or their companions and fixed parts are, and the rest
 * went by with bundle_digest: then its 128-bit digests are compared. Of another shape, values need not be here. */
enum difference {
    DIFF_SHAPE = 1,      /* of the weight */
    DIFF_TYPE = 2,       /* forms, their attributes, element types */
    DIFF_VALUE = 4,      /* bytes of the value's parts */
    DIFF_COMPANIONS = 8, /* which there are, and what they hold */
    DIFF_HEADER = 16     /* role, layer, further keys */
};
int bundle_differences(const struct bundle *a, const struct bundle *b);

/* Those in words, between commas, or "same". */
#define DIFFERENCE_TEXT 64
const char *difference_text(int differences, char text[DIFFERENCE_TEXT]);

/* How far values are apart. a is the reference. {0} is empty; sums are in double, in the order of the rows. */
struct distance {
    uint64_t n;
    double aa, bb, ab, dd; /* sums of a^2, b^2, ab, (a - b)^2 */
    double max;            /* largest |a - b|; infinity where one of them is not finite and they differ */
};
void distance_add(struct distance *d, const float *a, const float *b, float *diff,
                  uint64_t n); /* diff: out, float[n], a - b; may be b */

double distance_relative(const struct distance *d); /* |a - b| / |a| (Frobenius); 0 when both are 0 */
double distance_cosine(const struct distance *d);   /* NaN when one is 0 */
double distance_snr(const struct distance *d);      /* 20 log10(|a| / |a - b|), in dB; infinity when equal */

#endif
