/* iq4: iq4_nl and iq4_xs, whose 16 codes stand for uneven values. LANES blocks at a time (lanes.h). Included by
 * isa_body.h only. */
#include "num/ggml_blocks.h"

/* The value nearest to v, of equals the upper one. */
LANES_INLINE lanes iq4_value(lanes v)
{
    lanes q = lanes_all((float)ggml_iq4_values[0]);

    for (int i = 1; i < 16; i++) {
        float low = (float)ggml_iq4_values[i - 1], high = (float)ggml_iq4_values[i];

        q = lanes_pick(v >= (low + high) / 2, lanes_all(high),
                       q); /* the middle is exact, and so are the distances beside it */
    }
    return q;
}

/* Its code. */
LANES_INLINE lanes iq4_code(lanes v)
{
    lanes_int code = {0};

    for (int i = 1; i < 16; i++)
        code -= v >= (float)(ggml_iq4_values[i - 1] + ggml_iq4_values[i]) / 2;
    return __builtin_convertvector(code, lanes);
}

LANES_INLINE struct sums iq4_sums(const lanes *x, const lanes *w, lanes inverse)
{
    struct sums s = {{0}, {0}, {0}};

    for (int i = 0; i < 32; i++) {
        lanes q = iq4_value(inverse * x[i]), wq = w[i] * q;

        s.xl += wq * x[i];
        s.l2 += wq * q;
    }
    return s;
}

/* The scale for 32 elements: 15 inverse scales around -127 / (x of largest magnitude), that one first, the largest (sum
 * w x q)^2 / sum w q^2 wins. */
static lanes fit_iq4(const lanes *x, const lanes *w)
{
    lanes max;
    lanes_int live = extreme(x, 32, &max);
    struct sums k = iq4_sums(x, w, 1.0f / (-max / (float)ggml_iq4_values[0]));
    lanes scale = lanes_pick(k.l2 > 0.0f, k.xl / k.l2, lanes_all(0)), best = scale * k.xl;

    for (int s = -7; s <= 7; s++) {
        k = iq4_sums(x, w, ((float)s + (float)ggml_iq4_values[0]) / max);
        lanes_int better = (k.l2 > 0.0f) & (k.xl * k.xl > best * k.l2);
        scale = lanes_pick(better, k.xl / k.l2, scale);
        best = lanes_pick(better, scale * k.xl, best);
    }
    return lanes_pick(live, scale, lanes_all(0));
}

/* 0 where v is 0. */
LANES_INLINE lanes inverse_of(lanes v)
{
    return lanes_pick(v != 0.0f, 1.0f / v, lanes_all(0));
}

/* Scales become codes -32 to 31 of d, by the one of largest magnitude, the first of equals. b->d stays as it is in f32.
 * */
static void code_iq4_scales(struct batch *b)
{
    lanes most = {0}, at = {0};

    for (int s = 0; s < 8; s++) {
        lanes_int more = lanes_abs(b->scale[s]) > most;

        most = lanes_pick(more, lanes_abs(b->scale[s]), most);
        at = lanes_pick(more, b->scale[s], at);
    }
    b->d = -at / 32.0f;
    for (int s = 0; s < 8; s++)
        b->scale[s] = lanes_code(inverse_of(b->d) * b->scale[s], -32, 31);
}

static void pack_iq4(const struct batch *b, int l, int subs, uint8_t *out)
{
    uint16_t half = half_down(b->d[l]);
    unsigned high = 0;

    memcpy(out, &half, 2);
    if (subs > 1) {
        memset(out + 4, 0, 4);
        for (int s = 0; s < subs; s++) {
            unsigned code = (unsigned)((int)b->scale[s][l] + 32);

            high |= code >> 4 << 2 * s;
            out[4 + s / 2] = (uint8_t)(out[4 + s / 2] | (code & 15) << s % 2 * 4);
        }
        out[2] = (uint8_t)high;
        out[3] = (uint8_t)(high >> 8);
    }
    for (int s = 0; s < subs; s++)
        for (int j = 0; j < 16; j++)
            out[(subs > 1 ? 8 : 2) + 16 * s + j] =
                (uint8_t)((int)b->q[32 * s + j][l] | (int)b->q[32 * s + 16 + j][l] << 4);
}

static void fit_batch_iq4(struct batch *b, int subs)
{
    int n = 32 * subs;
    lanes sigma2 = 2.0f * square_sum(b->x, n) / (float)n;

    for (int i = 0; i < n; i++)
        b->w[i] = b->weighted ? b->w[i] * lanes_sqrt(sigma2 + b->x[i] * b->x[i]) : b->x[i] * b->x[i];
    for (int s = 0; s < subs; s++)
        b->scale[s] = fit_iq4(b->x + 32 * s, b->w + 32 * s);
    b->d = b->scale[0];
    if (subs > 1)
        code_iq4_scales(b);
    for (int s = 0; s < subs; s++) { /* codes belong to the scale as it is in f32, before it is rounded to a half */
        lanes inverse = inverse_of(subs > 1 ? b->d * b->scale[s] : b->d);

        for (int i = 32 * s; i < 32 * (s + 1); i++)
            b->q[i] = iq4_code(inverse * b->x[i]);
    }
}

/* subs: blocks of 32 under one half, 1 (iq4_nl) or 8 (iq4_xs). */
static void encode_iq4(int subs, const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    uint64_t count = rows * cols / (uint64_t)(32 * subs);
    struct batch b = {0};

    for (uint64_t s = 0; s < count; s += LANES) {
        int n = count - s < LANES ? (int)(count - s) : LANES;

        gather(&b, x, importance, cols, 32 * subs, s, n);
        fit_batch_iq4(&b, subs);
        for (int l = 0; l<n; l++, out += subs> 1 ? 136 : 18)
            pack_iq4(&b, l, subs, out);
    }
}
