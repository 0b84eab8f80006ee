/*
 * lattice: what iq2_xxs to iq3_s have in common: 256 weights whose magnitudes stand, 8 or 4 at a time, at points of a
 * grid (num/ggml_grids.h), with signs beside, a short scale for each 16 or 32 weights and a half for all. A type says
 * which grid, how wide, how far to search and how the bytes lie.
 */
#ifndef WEIR_QUANT_LATTICE_H
#define WEIR_QUANT_LATTICE_H

#include <stdint.h>

#include "num/ggml_grids.h"

/* Eight points that lie near a place outside the grid. A list of them goes on to the next where last is 0; what is over
 * repeats the list's first. */
struct lattice_near {
    uint16_t point[8];
    uint8_t code[8][8]; /* [dim][8] */
    uint8_t last;
};

/* A grid with, for each number outside it, its points at the `rings` least distances, in order of distance and then of
 * place. */
struct lattice {
    const struct ggml_grid *grid;
    int32_t *at; /* [numbers]: the point, or below 0 ~(first of near) */
    struct lattice_near *near;
    float *value; /* [points][dim]: 2 * code + 1 */
};

/* Made at first use, 10 to 40 ms and up to 4 MB; kept. Any thread. */
const struct lattice *lattice_get(enum ggml_grid_name name);

/* One superblock found, before its bytes are packed. */
struct lattice_block {
    uint16_t point[64]; /* of each 8 or 4 weights */
    uint8_t signs[32];  /* of each 8 */
    uint8_t scale[16];
    uint16_t d; /* half */
};

enum lattice_again { AGAIN_OUTSIDE, AGAIN_IF_ANY, AGAIN_ALWAYS };

struct lattice_type {
    enum ggml_grid_name grid;
    int sub;          /* weights that share a scale: 16 or 32 */
    int even_signs;   /* the signs of 8 weights multiply to 1: the least of an odd number is turned */
    int spread;       /* with importance w = importance * sqrt(spread * mean(x^2) + x^2) */
    float plain_mean; /* without: w = plain_mean * mean(x^2) + x^2 */
    int steps;        /* step s = -steps .. steps tries the inverse scale (2 levels - 1 + step * s) / top */
    float step;
    int fitted_top; /* top is levels * the scale of a fit of codes 0 .. levels + 1; else the largest magnitude */
    float least;    /* sub-blocks all below are zeros */
    enum lattice_again
        again;   /* which groups are placed once more by the scale found: those outside the grid, all if any is, all */
    float swell; /* on the half d */
    uint32_t bytes;
    void (*pack)(const struct lattice_block *s, uint8_t *block);
};

/* Encode as quant.h says. */
void lattice_encode(const struct lattice_type *t, const float *x, const float *importance, uint64_t rows, uint64_t cols,
                    uint8_t *out);

#endif
