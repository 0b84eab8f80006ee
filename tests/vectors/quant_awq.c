/* Losses of awq's scales, groups of 64, activity the root of H's diagonal, ranges not clipped, computed in f64 outside.
 */
#include "quant/awq.h"
#include "tests/unit/check.h"
#include "tests/vectors/layer.h"

#include <stdlib.h>

static struct layer l;
static float gram[LAYER * LAYER], q[LAYER * LAYER], activity[LAYER], s[LAYER];

/* The columns times s, rounded, and back. */
static double rounded(const struct quant_method *m, const struct quant_affine *a, const float *w)
{
    for (int r = 0; r < LAYER; r++) {
        uint8_t codes[LAYER];
        float scales[LAYER / 64], zeros[LAYER / 64], v[LAYER];

        for (int j = 0; j < LAYER; j++)
            v[j] = w[r * LAYER + j] * s[j];
        m->row(a, v, LAYER, codes, scales, zeros);
        for (int j = 0; j < LAYER; j++)
            q[r * LAYER + j] = ((float)codes[j] - zeros[j / 64]) * scales[j / 64] / s[j];
    }
    return layer_loss(&l, q);
}

static void compare(double rho, double sigma, const double want[3])
{
    const struct quant_method *m = quant_method_find("awq");

    layer_make(&l, rho, sigma);
    for (int i = 0; i < LAYER; i++) {
        for (int j = 0; j < LAYER; j++)
            gram[i * LAYER + j] = (float)(l.s[i] * l.s[j] * pow(rho, abs(i - j)));
        activity[i] = (float)l.s[i];
    }
    for (int b = 0; b < 3; b++) {
        struct quant_affine a = {4 - b, 64, 0, DT_F32};
        double loss;

        awq_scales(m, &a, &(struct awq_linear){l.w, LAYER}, 1, LAYER, gram, activity, s);
        loss = rounded(m, &a, l.w);
        CHECK_NEAR(loss, want[b], want[b] * 1e-3 + 5.1e-6);
    }
}

int main(void)
{
    compare(0.9, 0.7, (const double[3]){.00617, .02962, .15944});
    compare(0.5, 1, (const double[3]){.00501, .02350, .12693});
    return DONE();
}
