#include "quant/group.h"

#include <string.h>

#include "num/half_bits.h"
#include "num/wide.h"
#include "quant/lanes.h"

WIDE void group_range(const float *w, uint64_t n, float *min_out, float *max_out)
{
    float min = w[0], max = w[0];
    uint64_t i = 0;

    if (n >= LANES) {
        lanes lo = lanes_all(min), hi = lo, v;

        for (; i + LANES <= n; i += LANES) {
            memcpy(&v, w + i, sizeof v);
            lo = lanes_min(v, lo);
            hi = lanes_max(v, hi);
        }
        for (int l = 0; l < LANES; l++) {
            min = lo[l] < min ? lo[l] : min;
            max = hi[l] > max ? hi[l] : max;
        }
    }
    for (; i < n; i++) {
        min = w[i] < min ? w[i] : min;
        max = w[i] > max ? w[i] : max;
    }
    *min_out = min;
    *max_out = max;
}

/* round(v), ties to even, limited to [lo, hi] before the conversion: v may be anything but NaN. */
static inline int limited(float v, float lo, float hi)
{
    v = v < lo ? lo : v;
    v = v > hi ? hi : v;
    return (int)(bits_of(v + 12582912.0f) & 0x7fffff) - 0x400000;
}

WIDE void group_code(const float *w, uint64_t n, float scale, float zero, int top, uint8_t *codes)
{
    float by = scale == 0 ? 1e38f : scale; /* every quotient rounds to 0 */

    for (uint64_t i = 0; i < n; i++) {
        int c = limited(w[i] / by, -1e6f, 1e6f) + (int)zero;

        c = c < 0 ? 0 : c;
        codes[i] = (uint8_t)(c > top ? top : c);
    }
}

WIDE void group_code_shifted(const float *w, uint64_t n, float scale, float zero, int top, uint8_t *codes)
{
    float by = scale == 0 ? 1e38f : scale;

    for (uint64_t i = 0; i < n; i++)
        codes[i] = (uint8_t)limited(w[i] / by + zero, 0, (float)top);
}
