/*
 * isa: the inner loops of quant, one text (isa_body.h and what it includes) compiled for each instruction set. Every
 * build gives the same bytes: see lanes.h. Which one runs is num/kern.h's choice, WEIR_KERNEL too.
 */
#ifndef WEIR_QUANT_ISA_H
#define WEIR_QUANT_ISA_H

#include <stdint.h>

#include "quant/lattice.h"
#include "quant/levels.h"
#include "quant/superblock.h"

struct quant_isa {
    void (*superblock)(const struct superblock_type *, const float *x, const float *importance, uint64_t rows,
                       uint64_t cols, uint8_t *out); /* superblock.h */
    void (*sym32)(int nmax, const float *x, const float *importance, uint64_t rows, uint64_t cols,
                  uint8_t *out); /* block32.h */
    void (*asym32)(int nmax, const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out);
    void (*iq4)(int subs, const float *x, const float *importance, uint64_t rows, uint64_t cols,
                uint8_t *out); /* iq4_body.h */
    void (*lattice)(const struct lattice_type *, const float *x, const float *importance, uint64_t rows, uint64_t cols,
                    uint8_t *out); /* lattice.h */
    void (*iq1)(int parts, const float *x, const float *importance, uint64_t rows, uint64_t cols,
                uint8_t *out);                                         /* iq1_body.h */
    void (*range)(const float *w, uint64_t n, float *min, float *max); /* group.h */
    void (*code)(const float *w, uint64_t n, float scale, float zero, int top, uint8_t *codes);
    void (*code_each)(const float *w, const float *scale, const float *zero, int top, uint8_t *codes, float *values);
    void (*code_shifted)(const float *w, uint64_t n, float scale, float zero, int top, uint8_t *codes);
    float (*turn)(const float *w, uint64_t n, float scale, float zero, float top, float beta, float *next);
    void (*code_levels)(const struct levels *, int top, const float *w, uint8_t *code, float *q); /* levels_body.h */
    void (*lose_levels)(const struct levels *, int top, const float *w, size_t n, const struct metric *, float *room,
                        float *loss);
};

const struct quant_isa *quant_isa(void);

#endif
