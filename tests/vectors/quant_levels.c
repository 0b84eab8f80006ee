/* Losses with levels that are searched for, rounded to the nearest and by gptq's sweep, as a script of numpy has them
 * (quant_levels_make.py): affine codes and every block type that has levels. */
#include <stdio.h>
#include <stdlib.h>

#include "quant/gram.h"
#include "tests/unit/check.h"
#include "tests/vectors/layer.h"

enum { N = LAYER * LAYER };

static struct layer l;
static float gram[N], q[N], scales[N / 64];
static uint8_t codes[2 * N], zeros[N / 64];

static void decode_affine(int bits)
{
    for (int i = 0; i < N; i++) {
        unsigned code = 0;

        for (int b = 0; b < bits; b++)
            code |= (codes[(i * bits + b) / 8] >> (i * bits + b) % 8 & 1u) << b;
        q[i] = ((float)code - zeros[i / 64]) * scales[i / 64];
    }
}

static double loss(const char *type, int sweep)
{
    struct quant_affine a = {type[0] == 'i' ? type[3] - '0' : 0, 64, 0, DT_F32};
    struct levels_kind kind = a.bits ? units_affine(&a, LAYER) : *quant_block_find(type)->levels;
    struct quant_into into = {.kind = &kind,
                              .search = 1,
                              .choose = {METRIC_GRAM, gram, LAYER},
                              .method = quant_method_find("rtn"),
                              .affine = a.bits ? &a : NULL,
                              .codes = codes,
                              .scales = scales,
                              .zeros = zeros,
                              .row_bytes = a.bits ? 0 : ggml_row_bytes(ggml_find(type), LAYER)};
    struct quant_gram_args args = QUANT_GRAM_ARGS;
    struct quant_gram g;
    struct err e;

    if (sweep) {
        CHECK(quant_gram_make(&g, &args, gram, LAYER, &e) == 0);
        quant_sweep_rows(&g, &into, l.w, LAYER, LAYER, NULL);
        quant_gram_free(&g);
    } else {
        quant_units_rows(&into, l.w, LAYER, LAYER);
    }
    if (a.bits)
        decode_affine(a.bits);
    else
        ggml_find(type)->to_f32(codes, q, N);
    return layer_loss(&l, q);
}

int main(void)
{
    FILE *f = fopen("tests/vectors/quant_levels.tsv", "r");
    double rho, sigma, want, was = 0;
    char type[16];
    int sweep, n = 0;

    CHECK(f != NULL);
    for (; f && fscanf(f, "%lf %lf %15s %d %lf", &rho, &sigma, type, &sweep, &want) == 5; n++) {
        if (rho != was) {
            layer_make(&l, rho, sigma);
            for (int i = 0; i < N; i++)
                gram[i] = (float)(l.s[i / LAYER] * l.s[i % LAYER] * pow(rho, abs(i / LAYER - i % LAYER)));
        }
        was = rho;
        CHECK_NEAR(loss(type, sweep) / want, 1,
                   sweep ? 1e-2 : 2e-3); /* a code that rounds the other way moves a sweep */
    }
    CHECK(n == 52);
    if (f)
        fclose(f);
    return DONE();
}
