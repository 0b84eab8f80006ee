/* ggml_blocks: decoders for the table in ggml.c. n is a multiple of 256 but where it says so; arithmetic as ggml's,
 * f32. */
#ifndef WEIR_NUM_GGML_BLOCKS_H
#define WEIR_NUM_GGML_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "num/ggml.h"

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

/* The 6-bit scale and min of sub-block j of q4_K and q5_K. */
static inline void ggml_scale_min(const uint8_t *p, int j, int *scale, int *min)
{
    if (j < 4) {
        *scale = p[j] & 63;
        *min = p[j + 4] & 63;
    } else {
        *scale = (p[j + 4] & 15) | p[j - 4] >> 6 << 4;
        *min = p[j + 4] >> 4 | p[j] >> 6 << 4;
    }
}

/* The scale of sub-block s of q3_K: its low 4 bits in a nibble of bytes 0 to 7, its high 2 in bytes 8 to 11; less 32.
 */
static inline int ggml_q3_scale(const uint8_t *p, int s)
{
    int low = p[s % 8] >> s / 8 * 4 & 15, high = p[8 + s % 4] >> s / 4 * 2 & 3;

    return (low | high << 4) - 32;
}

/* The scale of sub-block s of a block of iq4_xs. */
static inline int ggml_iq4_xs_scale(const uint8_t *b, int s)
{
    int high = b[2] | b[3] << 8;

    return ((b[4 + s / 2] >> s % 2 * 4 & 15) | (high >> 2 * s & 3) << 4) - 32;
}

/* The 16 values that codes of iq4_nl and iq4_xs stand for. */
extern const int8_t ggml_iq4_values[16];

#endif
