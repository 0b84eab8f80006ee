/* group: the loops of group.h. Included by isa_body.h only. */
static void range_of_group(const float *w, uint64_t n, float *min_out, float *max_out)
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

static void code_group(const float *w, uint64_t n, float scale, float zero, int top, uint8_t *codes)
{
    float by = scale == 0 ? 1e38f : scale; /* every quotient rounds to 0 */

    for (uint64_t i = 0; i < n; i++) {
        int c = limited(w[i] / by, -1e6f, 1e6f) + (int)zero;

        c = c < 0 ? 0 : c;
        codes[i] = (uint8_t)(c > top ? top : c);
    }
}

static void code_each(const float *w, const float *scale, const float *zero, int top, uint8_t *codes, float *values)
{
    for (int i = 0; i < GROUP_EACH; i++) {
        float by = scale[i] == 0 ? 1e38f : scale[i];
        int c = limited(w[i] / by, -1e6f, 1e6f) + (int)zero[i];

        c = c < 0 ? 0 : c;
        c = c > top ? top : c;
        codes[i] = (uint8_t)c;
        values[i] = ((float)c - zero[i]) * scale[i];
    }
}

static void code_group_shifted(const float *w, uint64_t n, float scale, float zero, int top, uint8_t *codes)
{
    float by = scale == 0 ? 1e38f : scale;

    for (uint64_t i = 0; i < n; i++)
        codes[i] = (uint8_t)limited(w[i] / by + zero, 0, (float)top);
}

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

/* One round for some weights: the zero that each wants; *e is its error with the present zero. */
LANES_INLINE lanes hqq_step(lanes v, float scale, float zero, float top, float beta, lanes *e)
{
    lanes steps = v / scale, q = lanes_max(lanes_min(steps + zero, lanes_all(top)), lanes_all(0));

    q = (q + 12582912.0f) - 12582912.0f;
    *e = v - (q - zero) * scale;
    if (lanes_any(lanes_abs(*e) > SHRINKS_ABOVE))
        return q - (v - shrunk(*e, beta)) / scale;
    return q - steps;
}

/* One round over a group: the mean |error| with this zero, and the zero that the next round tries. Sixteen partial
 * sums, of elements l, l + 16 ..., then added in order. */
static float turn_hqq(const float *w, uint64_t n, float scale, float zero, float top, float beta, float *next)
{
    float errors[16] = {0}, zeros[16] = {0}, error = 0, sum = 0;
    lanes error_of[16 / LANES] = {{0}}, zero_of[16 / LANES] = {{0}};

    for (uint64_t i = 0; i < n; i += LANES) {
        uint64_t left = n - i < LANES ? n - i : LANES;
        int at = i / LANES % (16 / LANES);
        lanes v = {0}, e, z;

        memcpy(&v, w + i, left * sizeof *w);
        z = hqq_step(v, scale, zero, top, beta, &e);
        for (int l = (int)left; l < LANES; l++)
            e[l] = z[l] = 0;
        error_of[at] += lanes_abs(e);
        zero_of[at] += z;
    }
    memcpy(errors, error_of, sizeof errors);
    memcpy(zeros, zero_of, sizeof zeros);
    for (int l = 0; l < 16; l++) {
        error += errors[l];
        sum += zeros[l];
    }
    *next = sum / (float)n;
    return error / (float)n;
}
