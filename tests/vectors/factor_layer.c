/* Losses of svd, asvd and whiten, and of gptq and rtn with a whitened residual of rank 8, on the synthetic layers,
 * computed in f64 outside. */
#include <stdlib.h>

#include "factor/factor.h"
#include "la/gemm.h"
#include "quant/gram.h"
#include "tests/unit/check.h"
#include "tests/vectors/layer.h"

#define LISTED(got, want, tolerance) CHECK_NEAR(got, want, (want) * (tolerance) + 5.1e-6)

static struct layer l;
static float gram[LAYER * LAYER], absmean[LAYER], q[LAYER * LAYER];

/* q = rest + B A, where B A is the method's product for the layer minus rest. */
static void product(const char *name, uint64_t rank, const float *rest)
{
    static double w[LAYER * LAYER], b[LAYER * LAYER], a[LAYER * LAYER];
    struct factor_job j = {.name = "layer",
                           .rows = LAYER,
                           .cols = LAYER,
                           .rank = rank,
                           .w = w,
                           .absmean = absmean,
                           .gram = gram,
                           .b = b,
                           .a = a};
    struct err e;

    for (int i = 0; i < LAYER * LAYER; i++)
        w[i] = l.w[i] - (rest ? rest[i] : 0);
    CHECK(factor_find(name)->apply(&j, &e) == 0);
    dgemm_nn(LAYER, LAYER, rank, b, rank, a, LAYER, w, LAYER, KERN_SET);
    for (int i = 0; i < LAYER * LAYER; i++)
        q[i] = (float)(w[i] + (rest ? rest[i] : 0));
}

/* The layer as codes in groups of 64, taken back to numbers. */
static void quantized(int bits, int by_gram, float *out)
{
    static uint8_t codes[LAYER * LAYER], zeros[LAYER * LAYER / 64];
    static float scales[LAYER * LAYER / 64];
    const struct quant_method *m = quant_method_find(by_gram ? "gptq" : "rtn");
    struct quant_affine a = {bits, 64, 0, DT_F32};
    struct quant_gram_args args = QUANT_GRAM_ARGS;
    struct quant_gram g;
    struct err e;

    if (by_gram) {
        CHECK(quant_gram_make(&g, &args, gram, LAYER, &e) == 0);
        quant_gram_rows(&g, m, &a, l.w, LAYER, LAYER, codes, scales, zeros);
        quant_gram_free(&g);
    } else {
        quant_rows(m, &a, l.w, LAYER, LAYER, codes, scales, zeros);
    }
    for (int i = 0; i < LAYER * LAYER; i++) {
        unsigned code = 0;

        for (int b = 0; b < bits; b++)
            code |= (codes[(i * bits + b) / 8] >> (i * bits + b) % 8 & 1u) << b;
        out[i] = ((float)code - zeros[i / 64]) * scales[i / 64];
    }
}

/* Of keep 80, 60, 40 and 20 %: svd, asvd, whiten. Of 4, 3 and 2 bits: gptq and rtn with a residual. */
static void compare(double rho, double sigma, const double want[4][3], const double residual[3][2])
{
    static const char *const names[] = {"svd", "asvd", "whiten"};
    static float rest[LAYER * LAYER];

    layer_make(&l, rho, sigma);
    for (int i = 0; i < LAYER; i++) {
        absmean[i] = (float)l.s[i];
        for (int j = 0; j < LAYER; j++)
            gram[i * LAYER + j] = (float)(l.s[i] * l.s[j] * pow(rho, abs(i - j)));
    }
    for (int k = 0; k < 4; k++)
        for (int m = 0; m < 3; m++) {
            product(names[m], factor_rank(LAYER, LAYER, 0.8 - 0.2 * k), NULL);
            LISTED(layer_loss(&l, q), want[k][m], 1e-4);
        }
    for (int bits = 4; bits >= 2; bits--)
        for (int m = 0; m < 2;
             m++) { /* one code of gptq's that rounds the other way sends the rest of its row elsewhere */
            quantized(bits, m == 0, rest);
            product("whiten", 8, rest);
            LISTED(layer_loss(&l, q), residual[4 - bits][m], m ? 1e-3 : 1e-2);
        }
}

int main(void)
{
    factor_exact = 1;
    compare(0.9, 0.7,
            (const double[4][3]){
                {.17371, .06222, .00765}, {.28992, .12003, .01696}, {.43555, .21286, .03939}, {.67998, .41944, .12304}},
            (const double[3][2]){{.00113, .00336}, {.00517, .01549}, {.03041, .08358}});
    compare(0.5, 1,
            (const double[4][3]){
                {.18221, .02541, .01469}, {.29996, .05355, .03410}, {.44876, .10723, .07596}, {.67781, .25813, .21542}},
            (const double[3][2]){{.00332, .00411}, {.01530, .01902}, {.08504, .10280}});
    return DONE();
}
