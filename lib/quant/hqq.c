/*
 * hqq: half-quadratic quantization (Badri and Shaji 2023), without data. The scale comes from the range of the group;
 * the zero, not a whole number, is moved so that the error, a few outliers of it set aside by the shrinkage of the
 * p-norm (p = 0.7), is 0 on average: at most 20 rounds, while the mean |error| falls. Here each group stops by itself,
 * where the released code watches the whole tensor; scales below 5e-5 stay as they are, since the scale itself is
 * stored and not its inverse; and a range so far from 0 that its zero would lose its fraction in the stored type is
 * widened to reach 0.
 */
#include "num/half_bits.h"
#include "quant/group.h"
#include "quant/quant.h"

#define ROUNDS 20

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
        float next, error = group_turn(w, n, *scale, z, top, beta, &next);

        if (!(error < best))
            break;
        best = error;
        *zero = z;
        z = quant_round_scale(a->scales, next);
        beta *= 1.01f;
    }
}

static void row(const struct quant_affine *a, const float *w, uint64_t cols, uint8_t *codes, float *scales,
                float *zeros)
{
    uint64_t step = a->group ? a->group : cols, g = 0;

    for (uint64_t c = 0; c < cols; c += step, g++) {
        uint64_t n = cols - c < step ? cols - c : step;

        choose(a, w + c, n, &scales[g], &zeros[g]);
        group_code_shifted(w + c, n, scales[g], zeros[g], (1 << a->bits) - 1, codes + c);
    }
}

const struct quant_method quant_method_hqq = {
    .name = "hqq", .brief = "half-quadratic: the zero that makes the error 0 on average", .row = row};
