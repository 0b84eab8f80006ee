/*
 * quant: floats to few bits. Two tables: blocks (ggml's types, one encoder each) and methods (how affine codes are
 * chosen). A new one is one file here and one row in blocks.def or quant.def.
 */
#ifndef WEIR_QUANT_QUANT_H
#define WEIR_QUANT_QUANT_H

#include <stddef.h>
#include <stdint.h>

#include "num/dtype.h"
#include "num/ggml.h"

struct opt;
struct quant_gram_args;
struct levels_kind; /* levels.h */

/*
 * One of ggml's types.
 * encode: whole rows to blocks, the bytes that ggml's own quantizer gives, on the calling thread.
 *   x           in: float[rows][cols], finite; cols a multiple of the type's block
 *   importance  in: float[cols], >= 0, the mean square of each input channel, or NULL (not where without says so)
 *   out         out: rows * ggml_row_bytes
 * Deterministic: the same bytes however rows are cut. No memory but the stack (under 128 KiB) and a type's tables.
 */
struct quant_block {
    const char *type;     /* name in ggml_types */
    const char *fallback; /* the type that takes rows whose columns are no multiple of the block; "" ends in f16 */
    const char
        *without; /* NULL; or importance is needed, and this is the type of an embedding or a head that has none */
    void (*encode)(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out);
    const struct levels_kind *levels; /* how levels are placed, for methods that choose them themselves; NULL: they do
                                       * not go into this type */
};

extern const struct quant_block *const quant_blocks[]; /* ends with NULL */
const struct quant_block *quant_block_find(const char *type);

/* As b->encode, rows shared among threads. */
void quant_encode(const struct quant_block *b, const float *x, const float *importance, uint64_t rows, uint64_t cols,
                  uint8_t *out);

/*
 * Codes with a scale and a zero for each group of columns: value = (code - zero) * scale, form "affine".
 * Scales and zeros are chosen as they will be stored: codes belong to the rounded numbers.
 */
struct quant_affine {
    int bits;          /* 2 to 8 */
    uint64_t group;    /* columns; 0: the whole row; the last group may be shorter */
    int sym;           /* zero is 2^(bits - 1) and is not stored */
    enum dtype scales; /* F16, BF16 or F32: of scales, and of zeros that are not whole; with a table F8_E8M0, F8_E4M3 */
    const struct quant_table *table; /* NULL, or levels that are no even steps (table.h), of as many bits; sym */
    float divisor;                   /* with a table: of all scales */
    uint64_t tall;                   /* with a table: rows that share a scale; 0: each has its own */
};

uint64_t quant_groups(const struct quant_affine *a, uint64_t cols);
uint64_t quant_code_bytes(const struct quant_affine *a, uint64_t cols); /* of a row, packed */

/* As bits: the gram is needed; each column is made up for by those behind (quant_gram_rows); a layer is changed before
 * it is rounded (awq_layer). */
enum { QUANT_GRAM = 1, QUANT_SWEEP = 2, QUANT_LAYER = 4 };

/*
 * How scales, zeros and codes are chosen.
 * row: one row, without any knowledge of inputs: what a method that goes by the gram does where inputs are alike and
 * independent; on the calling thread, deterministic, no memory but the stack.
 *   w       in: float[cols], finite
 *   codes   out: uint8_t[cols], 0 .. 2^bits - 1
 *   scales  out: float[groups], exact in the type a->scales
 *   zeros   out: float[groups], exact in the type a->scales, or 2^(bits - 1) when sym
 */
struct quant_method {
    const char *name, *brief;
    const struct opt *opts;
    int takes_sym;   /* 0: asymmetric only */
    int whole_zeros; /* zeros are 0 .. 2^bits - 1 and are stored as U8 */
    unsigned needs;  /* QUANT_*; these methods have whole zeros */
    void (*row)(const struct quant_affine *a, const float *w, uint64_t cols, uint8_t *codes, float *scales,
                float *zeros);
    const struct quant_gram_args *gram; /* of methods that sweep: what its options say */
    int takes_table; /* goes into types of floats, too (table.h), whose levels it then does not place by row */
};

extern const struct quant_method *const quant_methods[]; /* ends with NULL */
const struct quant_method *quant_method_find(const char *name);

/*
 * Rows by a method, shared among threads.
 * codes          out: uint8_t[rows][quant_code_bytes], packed low bits first
 * scales         out: [rows][quant_groups] of type a->scales
 * zeros          out: likewise of quant_zeros_type; NULL when sym
 */
void quant_rows(const struct quant_method *m, const struct quant_affine *a, const float *w, uint64_t rows,
                uint64_t cols, uint8_t *codes, void *scales, void *zeros);

/* One row's codes, scales and zeros, as row gives them, packed to where quant_rows would put row `at`. */
void quant_store_row(const struct quant_method *m, const struct quant_affine *a, uint64_t at, uint64_t cols,
                     const uint8_t *code, const float *scale, const float *zero, uint8_t *codes, void *scales,
                     void *zeros);

enum dtype quant_zeros_type(const struct quant_method *m, const struct quant_affine *a);

/* v rounded to a type of scales. */
float quant_round_scale(enum dtype t, float v);

#endif
