/*
 * int8: the inner loops of products of 8-bit integers: weights of 8 bits without sign times activations of 8 bits with
 * one. One text (int8_body.h) compiled for each instruction set. Sums of a sub-block are integers and so exact; the
 * sums of sub-blocks are f32 in ascending order, multiplied and added apart: every build gives the same bits. Which one
 * runs is num/kern.h's choice, WEIR_KERNEL too; where that is avx512, the processor's own 8-bit products (VNNI) are
 * taken where it has them.
 */
#ifndef WEIR_NUM_INT8_H
#define WEIR_NUM_INT8_H

#include <stddef.h>
#include <stdint.h>

#define INT8_PANEL 16 /* rows of a panel of weights */
#define INT8_ROWS 32  /* rows of weights are padded to a multiple of this, which every tile's rows divide */

/* Weights: value = scale * (code - zero) - min. The zero is in the packed activations. */
struct int8_weights {
    size_t cols, sub;    /* columns; columns that share a scale: 16 or 32 */
    const uint8_t *code; /* [panels][cols / 4][INT8_PANEL][4] */
    const float *scale;  /* [panels][cols / sub][INT8_PANEL] */
    const float *min;    /* likewise, or NULL: all 0 */
};

/* Activations of one tile: value = d * code. */
struct int8_rows {
    size_t n, block;    /* rows, at most the tile's; columns that share a d: 32 or 256 */
    const int8_t *code; /* [n][cols] */
    const float *d;     /* [n][cols / block] */
};

struct int8_kern {
    const char *name;
    int tokens, rows; /* of a tile */
    int words;        /* 32-bit words for four codes of activations */

    /* x[n] as codes from -127 to 127, the nearest to x 127 / absmax (ties to even), of blocks; d: absmax / 127, rounded
     * to a half where the block is 32. A block with a NaN or an infinity has a d that is none of the numbers. */
    void (*round)(const float *x, size_t n, size_t block, int8_t *code, float *d);

    /* out: INT8_ROOM(this, cols, sub) words, for tile */
    void (*pack)(const struct int8_rows *x, size_t cols, size_t sub, int zero, int32_t *out);

    /* y[tokens][ldy] = the tile's tokens times rows [first, first + rows) */
    void (*tile)(const struct int8_weights *w, size_t first, const int32_t *x, float *y, size_t ldy);
};
#define INT8_ROOM(k, cols, sub) ((size_t)(k)->tokens * ((cols) / 4 * (size_t)(k)->words + (cols) / (sub)*3))

const struct int8_kern *int8_get(void);

/* base, avx2, avx512, vnni; NULL: unknown, or not in this CPU. For tests. */
const struct int8_kern *int8_find(const char *name);

#endif
