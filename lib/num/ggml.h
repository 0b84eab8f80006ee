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

/* Bytes of a row of cols elements, or 0 when cols is not a multiple of the block. */
uint64_t ggml_row_bytes(const struct ggml_type *t, uint64_t cols);

#endif
