/* Superblocks of 256 elements: sub-blocks of 16 or 32 with short scales, scaled by one or two halves. Layouts: ggml's.
 * */
#include "num/ggml_blocks.h"

#include "num/half_bits.h"

/* scales[16] (low nibble scale, high nibble min), qs[64], d, dmin. Per 128 elements 32 bytes: two bits each of l, l+32,
 * l+64, l+96. */
void ggml_q2_k_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 256, b += 84, dst += 256) {
        float d = half_at(b + 80), dmin = half_at(b + 82);

        for (int s = 0; s < 16; s++) {
            float scale = d * (float)(b[s] & 15), min = dmin * (float)(b[s] >> 4);
            const uint8_t *q = b + 16 + s / 8 * 32 + s % 2 * 16;

            for (int l = 0; l < 16; l++)
                dst[s * 16 + l] = scale * (float)(q[l] >> s % 8 / 2 * 2 & 3) - min;
        }
    }
}

/* hmask[32], qs[64], scales[12], d. The third bit of element j is bit j/32 of hmask[j%32]. */
void ggml_q3_k_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 256, b += 110, dst += 256) {
        float d = half_at(b + 108);

        for (int s = 0; s < 16; s++) {
            float scale = d * (float)ggml_q3_scale(b + 96, s);
            const uint8_t *q = b + 32 + s / 8 * 32 + s % 2 * 16, *h = b + s % 2 * 16;

            for (int l = 0; l < 16; l++)
                dst[s * 16 + l] = scale * (float)((q[l] >> s % 8 / 2 * 2 & 3) + (h[l] >> s / 2 & 1) * 4 - 4);
        }
    }
}

/* d, dmin, scales[12], qs[128]. Per 64 elements 32 bytes, the low nibbles the first 32. */
void ggml_q4_k_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 256, b += 144, dst += 256) {
        float d = half_at(b), dmin = half_at(b + 2);

        for (int s = 0; s < 8; s++) {
            int sc, m;

            ggml_scale_min(b + 4, s, &sc, &m);
            float scale = d * (float)sc, min = dmin * (float)m;
            const uint8_t *q = b + 16 + s / 2 * 32;
            for (int l = 0; l < 32; l++)
                dst[s * 32 + l] = scale * (float)(q[l] >> s % 2 * 4 & 15) - min;
        }
    }
}

/* d, dmin, scales[12], qh[32], qs[128]. The fifth bit of element j is bit j/32 of qh[j%32]. */
void ggml_q5_k_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 256, b += 176, dst += 256) {
        float d = half_at(b), dmin = half_at(b + 2);

        for (int s = 0; s < 8; s++) {
            int sc, m;

            ggml_scale_min(b + 4, s, &sc, &m);
            float scale = d * (float)sc, min = dmin * (float)m;
            const uint8_t *h = b + 16, *q = b + 48 + s / 2 * 32;
            for (int l = 0; l < 32; l++)
                dst[s * 32 + l] = scale * (float)((q[l] >> s % 2 * 4 & 15) + (h[l] >> s & 1) * 16) - min;
        }
    }
}

/* ql[128], qh[64], i8 scales[16], d. Per 128 elements: ql[l] holds l and l+64, ql[l+32] holds l+32 and l+96, qh[l] the
 * tops of the four. */
void ggml_q6_k_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 256, b += 210, dst += 256) {
        float d = half_at(b + 208);

        for (int s = 0; s < 16; s++) {
            int quarter = s % 8 / 2, at = s % 2 * 16;
            float scale = d * (float)(int8_t)b[192 + s];
            const uint8_t *l4 = b + s / 8 * 64 + quarter % 2 * 32 + at, *h2 = b + 128 + s / 8 * 32 + at;

            for (int l = 0; l < 16; l++)
                dst[s * 16 + l] =
                    scale * (float)((l4[l] >> quarter / 2 * 4 & 15) + (h2[l] >> quarter * 2 & 3) * 16 - 32);
        }
    }
}

/* d, u16 scales_h, scales_l[4], qs[128]: 8 sub-blocks of 32 with 6-bit scales less 32; 16 bytes each, low nibbles
 * first. */
void ggml_iq4_xs_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 256, b += 136, dst += 256) {
        float d = half_at(b);

        for (int s = 0; s < 8; s++) {
            float scale = d * (float)ggml_iq4_xs_scale(b, s);
            const uint8_t *q = b + 8 + s * 16;

            for (int j = 0; j < 16; j++) {
                dst[s * 32 + j] = scale * (float)ggml_iq4_values[q[j] & 15];
                dst[s * 32 + j + 16] = scale * (float)ggml_iq4_values[q[j] >> 4];
            }
        }
    }
}
