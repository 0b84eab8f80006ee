/* Blocks of one scale and codes of one or two bits: signs, three levels, four. Layouts: ggml's. */
#include "num/ggml_blocks.h"

#include "num/half_bits.h"

/* Five digits of base 3 in a byte: it is 256/243 of their number, rounded up, so that times 3 the next digit is what
 * overflows. */
static float trit(unsigned byte, int digit)
{
    static const uint8_t power[] = {1, 3, 9, 27, 81};

    return (float)((int)((uint8_t)(byte * power[digit]) * 3u >> 8) - 1);
}

/* qs[48], qh[4], d. 32 bytes of five digits, byte j having elements j, j + 32 ..; then 16 likewise; then 4 of four
 * digits. */
void ggml_tq1_0_up(const uint8_t *b, float *dst, size_t n)
{
    static const struct {
        int at, bytes, digits;
    } run[] = {{0, 32, 5}, {32, 16, 5}, {48, 4, 4}};

    for (; n > 0; n -= 256, b += 54)
        for (int r = 0; r < 3; r++)
            for (int digit = 0; digit < run[r].digits; digit++)
                for (int j = 0; j < run[r].bytes; j++)
                    *dst++ = half_at(b + 52) * trit(b[run[r].at + j], digit);
}

/* qs[64], d. Byte j of 32 has elements j, j + 32, j + 64, j + 96. */
void ggml_tq2_0_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 256, b += 66)
        for (int i = 0; i < 256; i++)
            *dst++ = half_at(b + 64) * (float)((b[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3) - 1);
}

/* d, qs[16]: 128 signs. */
void ggml_q1_0_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 128, b += 18)
        for (int i = 0; i < 128; i++)
            *dst++ = b[2 + i / 8] >> i % 8 & 1 ? half_at(b) : -half_at(b);
}

/* d, qs[16]: 64 codes, less 1. */
void ggml_q2_0_up(const uint8_t *b, float *dst, size_t n)
{
    for (; n > 0; n -= 64, b += 18)
        for (int i = 0; i < 64; i++)
            *dst++ = (float)((b[2 + i / 4] >> i % 4 * 2 & 3) - 1) * half_at(b);
}
