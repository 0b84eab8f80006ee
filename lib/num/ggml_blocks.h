/* ggml_blocks: decoders for the table in ggml.c. n is a multiple of 256 but where it says so; arithmetic as ggml's,
 * f32. */
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
void ggml_mxfp4_up(const uint8_t *blocks, float *dst, size_t n); /* n: a multiple of 32 */
void ggml_nvfp4_up(const uint8_t *blocks, float *dst, size_t n); /* ... of 64 */
void ggml_iq2_xxs_up(const uint8_t *blocks, float *dst, size_t n);
void ggml_iq2_xs_up(const uint8_t *blocks, float *dst, size_t n);
void ggml_iq2_s_up(const uint8_t *blocks, float *dst, size_t n);
void ggml_iq3_xxs_up(const uint8_t *blocks, float *dst, size_t n);
void ggml_iq3_s_up(const uint8_t *blocks, float *dst, size_t n);
void ggml_iq1_s_up(const uint8_t *blocks, float *dst, size_t n);
void ggml_iq1_m_up(const uint8_t *blocks, float *dst, size_t n);
void ggml_tq1_0_up(const uint8_t *blocks, float *dst, size_t n);
void ggml_tq2_0_up(const uint8_t *blocks, float *dst, size_t n);
void ggml_q1_0_up(const uint8_t *blocks, float *dst, size_t n); /* n: a multiple of 128 */
void ggml_q2_0_up(const uint8_t *blocks, float *dst, size_t n); /* ... of 64 */

/* The 16 values that codes of iq4_nl and iq4_xs stand for. */
extern const int8_t ggml_iq4_values[16];

#endif
