/* ggml_blocks: decoders of the superblock types, for the table in ggml.c. n is a multiple of 256; arithmetic as ggml's, f32. */
#ifndef WEIR_NUM_GGML_BLOCKS_H
#define WEIR_NUM_GGML_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

void ggml_q2_k_up(const uint8_t *blocks, float *dst, size_t n);
void ggml_q3_k_up(const uint8_t *blocks, float *dst, size_t n);
void ggml_q4_k_up(const uint8_t *blocks, float *dst, size_t n);
void ggml_q5_k_up(const uint8_t *blocks, float *dst, size_t n);
void ggml_q6_k_up(const uint8_t *blocks, float *dst, size_t n);
void ggml_iq4_xs_up(const uint8_t *blocks, float *dst, size_t n);

/* The 16 values that codes of iq4_nl and iq4_xs stand for. */
extern const int8_t ggml_iq4_values[16];

#endif
