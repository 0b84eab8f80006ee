/* q8_0: 8.5 bits. d, i8 qs[32]; d = (largest magnitude) / 127, codes round half away from zero. Importance changes
 * nothing. */
#include <string.h>

#include "base/wide.h"
#include "num/half_bits.h"
#include "quant/levels.h"
#include "quant/quant.h"
#include "quant/superblock.h"

/* roundf without a call: exact for |v| < 2^23. */
static inline int round_away(float v)
{
    float a = float_of(bits_of(v) & 0x7fffffff);
    int whole = (int)a, up = whole + (a - (float)whole >= 0.5f);

    return v < 0 ? -up : up;
}

WIDE static void encode(const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    (void)importance;
    for (uint64_t b = 0; b < rows * cols / 32; b++, x += 32, out += 34) {
        int32_t most = 0;

        for (int j = 0; j < 32; j++) {
            int32_t a = (int32_t)(bits_of(x[j]) & 0x7fffffff);

            most = a > most ? a : most;
        }
        float d = float_of((uint32_t)most) / 127.0f, id = d != 0 ? 1.0f / d : 0.0f;
        uint16_t half = half_down(d);
        memcpy(out, &half, 2);
        for (int j = 0; j < 32; j++)
            out[2 + j] = (uint8_t)round_away(x[j] * id);
    }
}

static void pack(const struct superblock *s, uint8_t *block)
{
    memcpy(block, &s->d, 2);
    for (int j = 0; j < 32; j++)
        block[2 + j] = (uint8_t)(s->q[j] - 127);
}

static const struct levels_kind levels = {
    .top = 254, .middle = 127, .scales = DT_F16, .unit = 32, .sub = 32, .pack = pack};

const struct quant_block quant_block_q8_0 = {.type = "q8_0", .fallback = "", .encode = encode, .levels = &levels};
