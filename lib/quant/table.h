/*
 * table: number forms that are a list of levels: short floats, NormalFloat. value = level[code] * scale, form "table".
 * A new one is one row of table.c.
 */
#ifndef WEIR_QUANT_TABLE_H
#define WEIR_QUANT_TABLE_H

#include "base/mem.h"
#include "num/dtype.h"

struct quant_affine;

struct quant_table {
    const char *name, *brief;
    int bits;
    enum dtype stored; /* of the form's part "table" */
    float value[256];  /* by code; of codes that stand for no number (NaN) 0 */
    float level[256];  /* ascending, each once; the first of equal codes */
    uint8_t code[256]; /* of each level */
    float middle[256]; /* between a level and the next */
    int levels;
    float top; /* the largest magnitude */
};

/* The row of that name (any case), or NULL; the i-th row, or NULL behind the last. The first call makes them: before
 * threads. */
const struct quant_table *quant_table_find(const char *name);
const struct quant_table *quant_table_row(int i);

uint64_t quant_table_bytes(const struct quant_table *t); /* of the part "table" */
void quant_table_put(const struct quant_table *t, void *out);

/* The code of the level nearest to x; of two the one whose code is even, as floats are rounded. */
unsigned quant_table_code(const struct quant_table *t, float x);

/* A scale such that `most` is the largest magnitude, in the type that scales have: F8_E8M0 rounds up to a power of two,
 * F8_E4M3 rounds what is multiplied by the divisor, others to nearest. Where most is 0 the scale is 1. */
float quant_table_scale(const struct quant_affine *a, float most);

/* What codes are multiplied with. */
float quant_table_unit(const struct quant_affine *a, float scale);

/* The divisor for a tensor whose largest magnitude is `most`: the largest scale is then 448. */
float quant_table_divisor(const struct quant_table *t, float most);

/*
 * Rows to the nearest level, a->tall rows and a->group columns having one scale.
 * codes, scales  out: as quant_rows
 * Rows begin a block; the last may be lower.
 */
void quant_table_blocks(const struct quant_affine *a, const float *w, uint64_t rows, uint64_t cols, uint8_t *codes,
                        void *scales);

#endif
