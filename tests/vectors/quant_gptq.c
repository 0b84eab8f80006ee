/* Losses of gptq, groups of 64, in order and by activity with static groups, computed in f64 outside. */
#include "quant/gram.h"
#include "tests/unit/check.h"
#include "tests/vectors/layer.h"

#include <stdlib.h>

static struct layer l;
static float gram[LAYER * LAYER], q[LAYER * LAYER], scales[LAYER * LAYER / 64];
static uint8_t codes[LAYER * LAYER / 2], zeros[LAYER * LAYER / 64];

static double loss(int bits, int act_order)
{
    struct quant_affine a = {bits, 64, 0, DT_F32};
    struct quant_gram_args args = QUANT_GRAM_ARGS;
    struct quant_gram g;
    struct err e;

    args.act_order = act_order;
    CHECK(quant_gram_make(&g, &args, gram, LAYER, &e) == 0 && g.damp == 0.01);
    quant_gram_rows(&g, quant_method_find("gptq"), &a, l.w, LAYER, LAYER, codes, scales, zeros);
    quant_gram_free(&g);
    for (int i = 0; i < LAYER * LAYER; i++) {
        unsigned code = 0;

        for (int b = 0; b < bits; b++)
            code |= (codes[(i * bits + b) / 8] >> (i * bits + b) % 8 & 1u) << b;
        q[i] = ((float)code - zeros[i / 64]) * scales[i / 64];
    }
    return layer_loss(&l, q);
}

static void compare(double rho, double sigma, const double want[3], const double act[3])
{
    layer_make(&l, rho, sigma);
    for (int i = 0; i < LAYER; i++)
        for (int j = 0; j < LAYER; j++)
            gram[i * LAYER + j] = (float)(l.s[i] * l.s[j] * pow(rho, abs(i - j)));
    for (int b = 0; b < 3; b++) { /* one code that rounds the other way sends the rest of its row elsewhere */
        CHECK_NEAR(loss(4 - b, 0), want[b], want[b] * 5e-3 + 5.1e-6);
        CHECK_NEAR(loss(4 - b, 1), act[b], act[b] * 5e-3 + 5.1e-6);
    }
}

int main(void)
{
    compare(0.9, 0.7, (const double[3]){.00165, .00757, .04433}, (const double[3]){.00111, .00514, .02993});
    compare(0.5, 1, (const double[3]){.00632, .02893, .16043}, (const double[3]){.00534, .02458, .13645});
    return DONE();
}
