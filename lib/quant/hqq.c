/*
 * hqq: half-quadratic quantization (Badri and Shaji 2023), without data. The scale comes from the range of the group; the zero, not a
 * whole number, is moved so that the error, a few outliers of it set aside by the shrinkage of the p-norm (p = 0.7), is 0 on average:
 * at most 20 rounds, while the mean |error| falls. Here each group stops by itself, where the released code watches the whole tensor;
 * scales below 5e-5 stay as they are, since the scale itself is stored and not its inverse; and a range so far from 0 that its zero
 * would lose its fraction in the stored type is widened to reach 0.
 */
#include <string.h>

#include "num/half_bits.h"
#include "num/wide.h"
#include "quant/group.h"
#include "quant/lanes.h"
#include "quant/quant.h"

#define ROUNDS 20
#define SHRINKS_ABOVE 0.1f /* below, |e|^1.3 < 1 / beta for every beta up to 10 * 1.01^20, and nothing is set aside */

/* a^-0.3 for a > 0, by Newton on y = a^-0.1, then y^3: no call whose last bits depend on the C library. */
LANES_INLINE lanes power(lanes a)
{
    lanes y = (lanes)(0x45d99999 - (lanes_int)a / 10); /* exponent and fraction as a logarithm: within 1 % */

    for (int i = 0; i < 4; i++) {
        lanes y2 = y * y, y4 = y2 * y2, y10 = y4 * y4 * y2;

        y = y * (1.1f - 0.1f * a * y10);
    }
    return y * y * y;
}

/* The part of the error that counts as an outlier: sign(e) max(0, |e| - |e|^(p - 1) / beta). */
LANES_INLINE lanes shrunk(lanes e, float beta)
{
    lanes a = lanes_abs(e), floor = lanes_max(a, lanes_all(1e-30f));
    lanes left = lanes_max(a - power(floor) / beta, lanes_all(0));

    return lanes_pick(e < 0.0f, -left, left);
}

/* One round over a group: the mean |error| with this zero, and the zero that the next round tries. Lane l sums elements l, l + 16 ...;
 * the lanes are then added in order. */
WIDE static float turn(const float *w, uint64_t n, float scale, float zero, float top, float beta, float *next)
{
    lanes errors = {0}, zeros = {0};
    float error = 0, sum = 0;

    for (uint64_t i = 0; i < n; i += LANES) {
        lanes v = {0};
        lanes_int in = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
        uint64_t left = n - i;

        in = in < (left < LANES ? (int32_t)left : LANES);
        memcpy(&v, w + i, (left < LANES ? left : LANES) * sizeof *w);
        lanes steps = v / scale, q = lanes_max(lanes_min(steps + zero, lanes_all(top)), lanes_all(0));
        q = (q + 12582912.0f) - 12582912.0f;
        lanes e = v - (q - zero) * scale;
        lanes z = q - steps;
        if (lanes_any(lanes_abs(e) > SHRINKS_ABOVE))
            z = q - (v - shrunk(e, beta)) / scale;
        errors += lanes_pick(in, lanes_abs(e), lanes_all(0));
        zeros += lanes_pick(in, z, lanes_all(0));
    }
    for (int l = 0; l < LANES; l++) {
        error += errors[l];
        sum += zeros[l];
    }
    *next = sum / (float)n;
    return error / (float)n;
}

/* The largest zero that keeps some fraction bits in the stored type. */
static float far(enum dtype t)
{
    return t == DT_F16 ? 256 : t == DT_BF16 ? 32 : 65536;
}

static void choose(const struct quant_affine *a, const float *w, uint64_t n, float *scale, float *zero)
{
    float min, max, top = (float)((1 << a->bits) - 1), beta = 10, best, z;

    group_range(w, n, &min, &max);
    *scale = max / top - min / top;
    if (!(-min <= far(a->scales) * *scale && -far(a->scales) * *scale <= -min)) {
        min = min < 0 ? min : 0;
        max = max > 0 ? max : 0;
        *scale = max / top - min / top;
    }
    *scale = quant_round_scale(a->scales, *scale);
    *zero = z = *scale > 0 ? quant_round_scale(a->scales, -min / *scale) : 0;
    if (*scale == 0) /* all zeros, or too small for the stored type */
        return;
    best = float_of(0x7f800000);
    for (int i = 0; i < ROUNDS; i++) {
        float next, error = turn(w, n, *scale, z, top, beta, &next);

        if (!(error < best))
            break;
        best = error;
        *zero = z;
        z = quant_round_scale(a->scales, next);
        beta *= 1.01f;
    }
}

static void row(const struct quant_affine *a, const float *w, uint64_t cols, uint8_t *codes, float *scales, float *zeros)
{
    uint64_t step = a->group ? a->group : cols, g = 0;

    for (uint64_t c = 0; c < cols; c += step, g++) {
        uint64_t n = cols - c < step ? cols - c : step;

        choose(a, w + c, n, &scales[g], &zeros[g]);
        group_code_shifted(w + c, n, scales[g], zeros[g], (1 << a->bits) - 1, codes + c);
    }
}

const struct quant_method quant_method_hqq = {"hqq", "half-quadratic: the zero that makes the error 0 on average", 0, 0, row};
