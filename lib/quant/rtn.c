/*
 * rtn: round to nearest. The range of a group, 0 included, is cut into 2^bits - 1 steps.
 * asymmetric: scale = (max - min) / top, zero = round(-min / scale); symmetric: scale = 2 max|w| / top, zero = 2^(bits
 * - 1), so that one end of the range is cut off by half a step, as in GPTQ's reference quantizer (Frantar et al. 2022,
 * arXiv 2210.17323). A group of zeros gets scale 1.
 */
#include "quant/group.h"
#include "quant/quant.h"

static void choose(const struct quant_affine *a, const float *w, uint64_t n, float *scale, float *zero)
{
    float min, max, top = (float)((1 << a->bits) - 1);

    group_range(w, n, &min, &max);
    min = min < 0 ? min : 0;
    max = max > 0 ? max : 0;
    if (a->sym) {
        max = -min > max ? -min : max;
        min = -max;
    }
    *zero = (float)(1 << (a->bits - 1));
    *scale = max > min ? quant_round_scale(a->scales, max / top - min / top) : 1;
    if (!a->sym && *scale > 0) {
        float z = -min / *scale;

        *zero = z > top ? top : (float)(int)(z + 0.5f);
    }
}

static void row(const struct quant_affine *a, const float *w, uint64_t cols, uint8_t *codes, float *scales,
                float *zeros)
{
    uint64_t step = a->group ? a->group : cols, g = 0;

    for (uint64_t c = 0; c < cols; c += step, g++) {
        uint64_t n = cols - c < step ? cols - c : step;

        choose(a, w + c, n, &scales[g], &zeros[g]);
        group_code(w + c, n, scales[g], zeros[g], (1 << a->bits) - 1, codes + c);
    }
}

const struct quant_method quant_method_rtn = {
    .name = "rtn", .brief = "round to nearest", .takes_sym = 1, .takes_table = 1, .whole_zeros = 1, .row = row};
