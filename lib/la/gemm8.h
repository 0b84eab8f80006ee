/*
 * gemm8: products of ggml's quantized weights with activations that are rounded to 8 bits, as llama.cpp computes them:
 * in blocks of 32 with a scale rounded to a half for q4_0, q4_1, q5_0, q5_1, q8_0 and iq4_nl (its q8_0), in blocks of
 * 256 with an f32 scale for q2_K to q6_K and iq4_xs (its q8_K).
 *
 * The definition, for every thread count, instruction set and compiler: a sub-block's sum of products of codes is an
 * integer; over sub-blocks in ascending order, in f32 and each operation rounded,
 *     y += sum * (scale * d), and where the type has mins y -= min * (d * sum of the activations' codes).
 */
#ifndef WEIR_LA_GEMM8_H
#define WEIR_LA_GEMM8_H

#include "num/ggml.h"

struct gemm8 {
    const struct ggml_split *type;
    size_t rows, cols;
    uint8_t *code; /* panels of num/int8.h; rows are padded with zeros */
    float *scale, *min;
};

/* Weights of a type that ggml_split knows, rows of row_bytes each. Memory: a byte a weight, and 4 (or, with mins, 8)
 * for each sub-block. */
void gemm8_take(struct gemm8 *w, const struct ggml_type *t, size_t rows, size_t cols, const uint8_t *blocks,
                size_t row_bytes);
void gemm8_free(struct gemm8 *w); /* back to {0} */

/* Is a scale or a min NaN? Its row, and the first of its columns. */
int gemm8_find_nan(const struct gemm8 *w, size_t *row, size_t *col);

/*
 * Y[m][rows] = X[m][cols] W'. A NaN or an infinity in a row of X makes every value of that row of Y one.
 * Cost: 2 m rows cols operations at two to four times the speed of gemm_nt. Memory: some 6 bytes for each
 * value of 480 rows of X.
 */
void gemm8_nt(size_t m, const float *X, size_t ldx, const struct gemm8 *w, float *Y, size_t ldy);

#endif
