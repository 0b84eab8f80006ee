/* quant_layer: a method of affine codes on the synthetic layer against the losses listed for it. */
#include <stdint.h>
#include <stdlib.h>

#include "quant/quant.h"
#include "tests/unit/check.h"
#include "tests/vectors/layer.h"

/* The loss of method m at bits, groups of 64, scales in F32 as in the reference. */
static double quant_loss(const struct layer *l, const char *method, int bits)
{
    static float q[LAYER * LAYER];
    struct quant_affine a = {bits, 64, 0, DT_F32};
    const struct quant_method *m = quant_method_find(method);

    for (int r = 0; r < LAYER; r++) {
        uint8_t codes[LAYER];
        float scales[LAYER / 64], zeros[LAYER / 64];

        m->row(&a, l->w + r * LAYER, LAYER, codes, scales, zeros);
        for (int j = 0; j < LAYER; j++)
            q[r * LAYER + j] = ((float)codes[j] - zeros[j / 64]) * scales[j / 64];
    }
    return layer_loss(l, q);
}

/* want[0..2]: 4, 3 and 2 bits at rho .9 sigma .7; want[3..5]: rho .5 sigma 1. Listed to five decimals. */
static void quant_compare(const char *method, const double want[6], double tolerance)
{
    static struct layer l;

    layer_make(&l, 0.9, 0.7);
    for (int b = 0; b < 3; b++)
        CHECK_NEAR(quant_loss(&l, method, 4 - b), want[b], want[b] * tolerance + 5.1e-6);
    layer_make(&l, 0.5, 1);
    for (int b = 0; b < 3; b++)
        CHECK_NEAR(quant_loss(&l, method, 4 - b), want[3 + b], want[3 + b] * tolerance + 5.1e-6);
}
