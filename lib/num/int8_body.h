/*
 * The text of the products of 8-bit integers. A file int8_ISA.c defines TABLE, NAME, LANES (32-bit integers in a
 * vector), MR and NV (tokens, and vectors of rows, of a tile), and includes this; and MADD(a, b): products of signed
 * 16-bit halves of 32-bit lanes, the two of a lane added; or QUAD(sum, w, x): the sum plus w0 x0 + w1 x1 + w2 x2 +
 * w3 x3, bytes of w without and of x with a sign.
 */
#include <string.h>

#include "num/half_bits.h"
#include "num/int8.h"

#define UNROLL _Pragma("GCC unroll 8")

typedef int32_t vi __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef uint32_t vu __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef float vf __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef float plain_float __attribute__((may_alias)); /* in packed activations they stand between integers */

#ifdef QUAD
#define WORDS 1
#else
#define WORDS 2 /* the four codes as 16-bit halves: 0 and 2, 1 and 3 */
#endif

static inline vi each(int32_t x)
{
    return x - (vi){0};
}

static void round_rows(const float *x, size_t n, size_t block, int8_t *code, float *d)
{
    const float shift = 0x1.8p23f; /* adding it rounds to an integer, left in the low bits */

    for (; n > 0; n -= block, x += block, code += block, d++) {
        uint32_t top = 0;
        float most, times;

        for (size_t i = 0; i < block; i++) {
            uint32_t u = bits_of(x[i]) & 0x7fffffffu; /* NaN above infinity above numbers */

            top = u > top ? u : top;
        }
        most = float_of(top);
        times = most > 0 ? 127 / most : 0;
        for (size_t i = 0; i < block; i++)
            code[i] = (int8_t)(bits_of(x[i] * times + shift) - bits_of(shift));
        *d = block == 32 ? half_up(half_down(most / 127)) : most > 0 ? 1 / times : most;
    }
}

static inline int sum_of(const int8_t *c, size_t n)
{
    int sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += c[i];
    return sum;
}

/* Codes, four and four, as words; step: from the first word of four to the next four's. */
static inline void words_of(const int8_t *c, size_t n, size_t step, int32_t *out)
{
    for (size_t i = 0; i < n; i += 4, c += 4, out += step) {
#ifdef QUAD
        memcpy(out, c, 4);
#else
        out[0] = (int32_t)((uint16_t)c[0] | (uint32_t)(uint16_t)c[2] << 16);
        out[MR] = (int32_t)((uint16_t)c[1] | (uint32_t)(uint16_t)c[3] << 16);
#endif
    }
}

/* Of each sub-block [sub / 4][WORDS][MR] words, then d[MR], -zero * sum[MR], d * sum[MR]; rows that are not
 * there are 0. */
static void pack_rows(const struct int8_rows *x, size_t cols, size_t sub, int zero, int32_t *out)
{
    if (x->n < MR)
        memset(out, 0, MR * (cols / 4 * WORDS + cols / sub * 3) * sizeof *out);
    for (size_t s = 0; s < cols / sub; s++, out += MR * (sub / 4 * WORDS + 3)) {
        int32_t *start = out + MR * (sub / 4 * WORDS + 1);
        plain_float *d = (plain_float *)start - MR, *low = (plain_float *)start + MR;

        for (size_t t = 0; t < x->n; t++) {
            const int8_t *c = x->code + t * cols + s * sub;
            int sum = sum_of(c, sub);

            words_of(c, sub, WORDS * MR, out + t);
            d[t] = x->d[t * (cols / x->block) + s * sub / x->block];
            start[t] = -zero * sum;
            low[t] = d[t] * (float)sum;
        }
    }
}

static inline void quad(vi dot[MR][NV], const uint8_t *const *code, const int32_t *x)
{
    vi w[WORDS][NV];

    UNROLL
    for (int j = 0; j < NV; j++) {
#ifdef QUAD
        w[0][j] = *(const vi *)code[j];
#else
        w[0][j] = *(const vi *)code[j] & 0x00ff00ff;
        w[1][j] = (vi)(*(const vu *)code[j] >> 8) & 0x00ff00ff;
#endif
    }
    UNROLL
    for (int i = 0; i < MR; i++)
        UNROLL
    for (int p = 0; p < WORDS; p++) {
        vi at = each(x[p * MR + i]);

        UNROLL
        for (int j = 0; j < NV; j++)
#ifdef QUAD
            dot[i][j] = QUAD(dot[i][j], w[p][j], at);
#else
            dot[i][j] += MADD(w[p][j], at);
#endif
    }
}

static inline void add_sub(vf sum[MR][NV], vi dot[MR][NV], const float *const *scale, const float *const *min,
                           const plain_float *d)
{
    UNROLL
    for (int j = 0; j < NV; j++) {
        vf s = *(const vf *)scale[j];

        UNROLL
        for (int i = 0; i < MR; i++)
            sum[i][j] += __builtin_convertvector(dot[i][j], vf) * (s * d[i]);
    }
    if (!min[0])
        return;
    UNROLL
    for (int j = 0; j < NV; j++)
        UNROLL
    for (int i = 0; i < MR; i++)
        sum[i][j] -= *(const vf *)min[j] * d[2 * MR + i];
}

static void tile(const struct int8_weights *w, size_t first, const int32_t *x, float *y, size_t ldy)
{
    size_t subs = w->cols / w->sub, quads = w->sub / 4;
    const uint8_t *code[NV];
    const float *scale[NV], *min[NV];
    vf sum[MR][NV] = {{{0}}};

    for (size_t j = 0; j < NV; j++) {
        size_t row = first + j * LANES, panel = row / INT8_PANEL, lane = row % INT8_PANEL;

        code[j] = w->code + panel * w->cols * INT8_PANEL + lane * 4;
        scale[j] = w->scale + panel * subs * INT8_PANEL + lane;
        min[j] = w->min ? w->min + panel * subs * INT8_PANEL + lane : NULL;
    }
    for (size_t s = 0; s < subs; s++, x += MR * 3) {
        vi dot[MR][NV];

        UNROLL
        for (int i = 0; i < MR; i++)
            UNROLL
        for (int j = 0; j < NV; j++)
            dot[i][j] = each(x[MR * (quads * WORDS + 1) + (size_t)i]);
        for (size_t q = 0; q < quads; q++, x += WORDS * MR) {
            quad(dot, code, x);
            UNROLL
            for (int j = 0; j < NV; j++)
                code[j] += 4 * INT8_PANEL;
        }
        add_sub(sum, dot, scale, min, (const plain_float *)x);
        for (int j = 0; j < NV; j++) {
            scale[j] += INT8_PANEL;
            min[j] = min[j] ? min[j] + INT8_PANEL : NULL;
        }
    }
    UNROLL
    for (int i = 0; i < MR; i++)
        UNROLL
    for (int j = 0; j < NV; j++)
        *(vf *)(y + (size_t)i * ldy + (size_t)j * LANES) = sum[i][j];
}

extern const struct int8_kern TABLE;
const struct int8_kern TABLE = {NAME, MR, NV *LANES, WORDS, round_rows, pack_rows, tile};
