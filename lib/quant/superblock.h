/*
 * superblock: what q2_K to q6_K have in common: 256 elements, sub-blocks of 16 or 32, each with a short scale (and
 * low), which superblock-wide halves scale. A type says how wide, how many bits and how the bytes lie; the search is
 * here.
 */
#ifndef WEIR_QUANT_SUPERBLOCK_H
#define WEIR_QUANT_SUPERBLOCK_H

#include <stdint.h>

/* One superblock found, before its bytes are packed. */
struct superblock {
    uint8_t q[256];    /* codes from 0 */
    int16_t scale[16]; /* of sub-blocks, as stored before packing */
    int16_t low[16];   /* asymmetric types only */
    uint16_t d, dmin;  /* halves */
};

struct fit_grid {
    int nmax;           /* largest code */
    float rmin, rdelta; /* step s tries the inverse scale (rmin + rdelta * s + nmax) / (max - min) */
    int steps;          /* s = 0 .. steps */
    int absolute;       /* weigh |difference|, else its square */
};

struct superblock_type {
    int symmetric; /* q3_K, q6_K; the others are asymmetric */
    int sub;       /* elements in a sub-block */
    int nmax;      /* asymmetric: largest code; symmetric: codes are -nmax .. nmax - 1 */
    int scale_max; /* asymmetric: largest scale code; symmetric: scales are -scale_max .. scale_max - 1, less offset */
    struct fit_grid plain; /* asymmetric, without importance */
    float least;           /* symmetric: superblocks whose scales are all below this count as zeros */
    int zero_scale;        /* symmetric: the scale code of a superblock of zeros */
    int spread;            /* with importance w = importance * sqrt(spread * mean(x^2) + x^2); 0: w = importance */
    int mean_weight; /* asymmetric, without importance: w = sqrt(mean of the sub-block's x^2) + |x|, else w = |x| */
    uint32_t bytes;  /* of a packed superblock */
    void (*pack)(const struct superblock *s, uint8_t *block);
};

/* Encode as quant.h says. */
void superblock_encode(const struct superblock_type *t, const float *x, const float *importance, uint64_t rows,
                       uint64_t cols, uint8_t *out);

/* The 12 bytes of eight 6-bit scales and lows that q4_K and q5_K share. */
void superblock_pack_scales(const struct superblock *s, uint8_t *p);

#endif
