/* Superblocks of 256 whose weights stand, 8 or 4 at a time, at a point of a grid (ggml_grids.h); signs lie beside.
 * Layouts: ggml's. Where a group of 8 has 7 sign bits, the eighth makes their number even. */
#include "num/ggml_blocks.h"

#include "num/ggml_grids.h"
#include "num/half_bits.h"

static const float threes[] = {8, 25, 43}, eights[] = {4, 12, 20, 28, 36, 44, 52, 62},
                   odd[] = {1, 3, 5, 7, 9, 11, 13, 15};

static unsigned short_at(const uint8_t *p)
{
    return (unsigned)(p[0] | p[1] << 8);
}

static uint32_t word_at(const uint8_t *p)
{
    return short_at(p) | (uint32_t)short_at(p + 2) << 16;
}

static unsigned even_signs(unsigned seven)
{
    seven &= 127;
    return seven | (unsigned)__builtin_parity(seven) << 7;
}

/* A point's values; bit i of signs is weight i's. */
static float *put(float *dst, const struct ggml_grid *g, unsigned point, const float *value, float scale,
                  unsigned signs)
{
    const uint8_t *code = g->code + point * (unsigned)g->dim;

    for (int i = 0; i < g->dim; i++)
        dst[i] = scale * value[code[i]] * (signs >> i & 1 ? -1.0f : 1.0f);
    return dst + g->dim;
}

/* d; for each 32: 4 bytes of points, a word of four times 7 signs and 4 bits of scale. */
void ggml_iq2_xxs_up(const uint8_t *b, float *dst, size_t n)
{
    const struct ggml_grid *g = ggml_grid(GRID_IQ2_XXS);

    for (; n > 0; n -= 256, b += 66)
        for (int s = 0; s < 8; s++) {
            const uint8_t *q = b + 2 + 8 * s;
            uint32_t word = word_at(q + 4);
            float scale = half_up((uint16_t)short_at(b)) * (0.5f + (float)(word >> 28)) * 0.25f;

            for (int k = 0; k < 4; k++)
                dst = put(dst, g, q[k], threes, scale, even_signs(word >> 7 * k));
        }
}

/* Scale i of 16, of a nibble. */
static float quarter_scale(float d, const uint8_t *nibbles, int i)
{
    return d * (0.5f + (float)(nibbles[i / 2] >> i % 2 * 4 & 15)) * 0.25f;
}

/* d; u16 qs[32], 9 bits of point and 7 signs; scales[8]. */
void ggml_iq2_xs_up(const uint8_t *b, float *dst, size_t n)
{
    const struct ggml_grid *g = ggml_grid(GRID_IQ2_XS);

    for (; n > 0; n -= 256, b += 74)
        for (int k = 0; k < 32; k++) {
            unsigned q = short_at(b + 2 + 2 * k);

            dst = put(dst, g, q & 511, threes, quarter_scale(half_up((uint16_t)short_at(b)), b + 66, k / 2),
                      even_signs(q >> 9));
        }
}

/* d; points' low bytes [32]; signs [32]; their high 2 bits [8]; scales[8]. */
void ggml_iq2_s_up(const uint8_t *b, float *dst, size_t n)
{
    const struct ggml_grid *g = ggml_grid(GRID_IQ2_S);

    for (; n > 0; n -= 256, b += 82)
        for (int k = 0; k < 32; k++) {
            unsigned point = b[2 + k] | (unsigned)(b[66 + k / 4] >> k % 4 * 2 & 3) << 8;

            dst = put(dst, g, point, threes, quarter_scale(half_up((uint16_t)short_at(b)), b + 74, k / 2), b[34 + k]);
        }
}

/* d; points [64]; for each 32 a word as of iq2_xxs. */
void ggml_iq3_xxs_up(const uint8_t *b, float *dst, size_t n)
{
    const struct ggml_grid *g = ggml_grid(GRID_IQ3_XXS);

    for (; n > 0; n -= 256, b += 98)
        for (int s = 0; s < 8; s++) {
            uint32_t word = word_at(b + 66 + 4 * s);
            float scale = half_up((uint16_t)short_at(b)) * (0.5f + (float)(word >> 28)) * 0.5f;

            for (int k = 0; k < 8; k++)
                dst = put(dst, g, b[2 + 8 * s + k], eights, scale, even_signs(word >> k / 2 * 7) >> k % 2 * 4);
        }
}

/* d; points' low bytes [64]; their ninth bits [8]; signs [32]; scales[4]. */
void ggml_iq3_s_up(const uint8_t *b, float *dst, size_t n)
{
    const struct ggml_grid *g = ggml_grid(GRID_IQ3_S);

    for (; n > 0; n -= 256, b += 110)
        for (int k = 0; k < 64; k++) {
            unsigned point = b[2 + k] | (unsigned)(b[66 + k / 8] >> k % 8 & 1) << 8;
            float scale = half_up((uint16_t)short_at(b)) * (float)(1 + 2 * (b[106 + k / 16] >> k / 8 % 2 * 4 & 15));

            dst = put(dst, g, point, odd, scale, (unsigned)b[74 + k / 2] >> k % 2 * 4);
        }
}

/* A point of -1, 0, 1, all moved by an eighth. */
static float *put_ternary(float *dst, unsigned point, float scale, int minus)
{
    const uint8_t *code = ggml_grid(GRID_IQ1)->code + 8 * point;

    for (int i = 0; i < 8; i++)
        dst[i] = scale * ((float)(code[i] - 1) + (minus ? -0.125f : 0.125f));
    return dst + 8;
}

/* d; points' low bytes [32]; for each 32 a u16: four times 3 high bits, 3 of scale, the direction. */
void ggml_iq1_s_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 256, b += 50)
        for (int k = 0; k < 32; k++) {
            unsigned h = short_at(b + 34 + k / 4 * 2);
            float scale = half_up((uint16_t)short_at(b)) * (float)(2 * (h >> 12 & 7) + 1);

            dst = put_ternary(dst, b[2 + k] | (h >> k % 4 * 3 & 7) << 8, scale, (int)(h >> 15));
        }
}

/* Points' low bytes [32]; a nibble each [16]: 3 high bits, the direction; u16 scales[4]: four times 3 bits, and a
 * nibble of the half d. */
void ggml_iq1_m_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 256, b += 56) {
        unsigned d = 0;

        for (int i = 0; i < 4; i++)
            d |= short_at(b + 48 + 2 * i) >> 12 << 4 * i;
        for (int k = 0; k < 32; k++) {
            unsigned h = b[32 + k / 2] >> k % 2 * 4 & 15u;
            unsigned scale = short_at(b + 48 + k / 8 * 2) >> k / 2 % 4 * 3 & 7;

            dst = put_ternary(dst, b[k] | (h & 7) << 8, half_up((uint16_t)d) * (float)(2 * scale + 1), (int)(h >> 3));
        }
    }
}
