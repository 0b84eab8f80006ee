/*
 * units: rows on their way to affine codes or ggml's blocks with levels chosen by what errors cost (levels.h): choose a
 * sub-block's levels, code its columns, pack the row. The sweep of gptq.c goes through columns and comes back to it;
 * quant_units_rows is the same without making up for anything.
 */
#ifndef WEIR_QUANT_UNITS_H
#define WEIR_QUANT_UNITS_H

#include "quant/levels.h"
#include "quant/quant.h"

/* What rows become. */
struct quant_into {
    const struct levels_kind *kind;
    int search;           /* levels_choose's */
    struct metric choose; /* what levels are chosen by where they come from the weights as they came */

    const struct quant_method *method; /* affine: quant_store_row's */
    const struct quant_affine *affine; /* NULL: blocks */
    uint8_t *codes;                    /* out: as quant_rows; or blocks, [rows][row_bytes] */
    void *scales, *zeros;
    uint64_t row_bytes;
};

/* The kind of affine codes with whole zeros. */
struct levels_kind units_affine(const struct quant_affine *a, uint64_t cols);

struct units {
    const struct quant_into *into;
    uint64_t cols, subs, units; /* of a row */
    struct {
        float scale, zero, low;
        int16_t scale_code, low_code;
    } * level;       /* [rows][subs] */
    float *d, *dmin; /* [rows][units] */
    uint8_t *code;   /* [rows][cols] */
};

/* Memory: a byte a weight, 16 for each sub-block, 8 for each unit. */
void units_open(struct units *u, const struct quant_into *into, uint64_t rows, uint64_t cols);
void units_close(struct units *u);

/* Where a unit begins its d and dmin, where a sub-block begins its levels, of rows row0 .. row0 + rows - 1 (at most
 * LEVELS_ROWS). w: float[n][LEVELS_ROWS], the columns from col to the unit's end, in any order; m: of these,
 * in that order. */
void units_unit(struct units *u, size_t row0, size_t rows, uint64_t col, const float *w, const struct metric *m);
void units_sub(struct units *u, size_t row0, size_t rows, uint64_t col, const float *w, const struct metric *m);

/* One column coded: w, q as levels_code. */
void units_code(struct units *u, size_t row0, size_t rows, uint64_t col, const float w[LEVELS_ROWS],
                float q[LEVELS_ROWS]);

/* All levels of rows row0 .. from the weights as they came, w: float[rows][cols], by into->choose. */
void units_levels(struct units *u, size_t row0, size_t rows, const float *w);

void units_put(const struct units *u, size_t row); /* the row packed */

/* Rows to the nearest of their levels. Threads: par_for's; how rows are cut changes no byte. Memory: units_open's. */
void quant_units_rows(const struct quant_into *into, const float *w, uint64_t rows, uint64_t cols);

#endif
