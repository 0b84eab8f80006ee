/*
 * ggml: the block types of ggml as they lie in GGUF files: sizes, and blocks to f32.
 * Encoders are methods of quantization and live in lib/quant; a bundle of form "ggml" needs only this.
 */
#ifndef WEIR_NUM_GGML_H
#define WEIR_NUM_GGML_H

#include <stddef.h>
#include <stdint.h>

struct ggml_type {
    const char *name; /* ggml's own spelling: "q4_K", "q8_0", "f16" */
    uint32_t number;  /* in GGUF */
    uint32_t block;   /* elements in a block (1 for plain types) */
    uint32_t bytes;   /* bytes of a block */
    void (*to_f32)(const uint8_t *blocks, float *dst,
                   size_t n); /* n elements, a multiple of block; NULL: carried only */
};

extern const struct ggml_type ggml_types[];          /* ends with name NULL */
const struct ggml_type *ggml_find(const char *name); /* NULL when unknown; upper and lower case are the same */
const struct ggml_type *ggml_by_number(uint32_t number);

/* How a type's values are made of codes: value = scale * (code - zero) - min, scale and min those of a sub-block. */
struct ggml_split {
    const char *name;
    int sub;   /* elements of a sub-block: 16 or 32 */
    int block; /* activations that share a scale in ggml's products with this type: 32 (q8_0) or 256 (q8_K) */
    int zero, has_min;
    /* code[n], scale[n / sub] and, where it has them, min[n / sub]; n is a multiple of the type's block */
    void (*split)(const uint8_t *blocks, size_t n, uint8_t *code, float *scale, float *min);
};

/* NULL: a type whose values are not made so. */
const struct ggml_split *ggml_split(const struct ggml_type *t);

/* Bytes of a row of cols elements, or 0 when cols is not a multiple of the block. */
uint64_t ggml_row_bytes(const struct ggml_type *t, uint64_t cols);

#endif
