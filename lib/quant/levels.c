#include "quant/levels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/half_bits.h"
#include "quant/isa.h"
#include "quant/levels_table.h"
#include "quant/quant.h"
#include "quant/table.h"

#define L LEVELS_ROWS

struct metric metric_at(const struct metric *m, size_t col)
{
    struct metric at = *m;

    if (m->kind != METRIC_PLAIN)
        at.h += m->kind == METRIC_DIAGONAL ? col : col * m->ld + col;
    return at;
}

void levels_code(const struct levels_kind *k, const struct levels *v, const float w[L], uint8_t code[L], float q[L])
{
    if (k->table)
        levels_table_code(k, v, w, code, q);
    else
        quant_isa()->code_levels(v, k->top, w, code, q);
}

static void lose(const struct levels_kind *k, const struct levels *v, const float *w, size_t n, const struct metric *m,
                 float *room, float loss[L])
{
    if (k->table)
        levels_table_loss(k, v, w, n, m, room, loss);
    else
        quant_isa()->lose_levels(v, k->top, w, n, m, room, loss);
}

static float *room_for(size_t n)
{
    return mem_resize(NULL, (n + 1) * L, sizeof(float));
}

void levels_loss(const struct levels_kind *k, const struct levels *v, const float *w, size_t n, const struct metric *m,
                 float loss[L])
{
    float *room = room_for(n);

    lose(k, v, w, n, m, room, loss);
    free(room);
}

/* A whole multiple of d nearest to v, ties away from 0; 0 where d is. */
static float multiple(float v, float d, int lo, int hi, int16_t *code)
{
    float c = d != 0 ? v / d : 0;

    c = c < (float)lo ? (float)lo : c > (float)hi ? (float)hi : c;
    *code = (int16_t)(c < 0 ? -(int)(0.5f - c) : (int)(c + 0.5f));
    return (float)*code * d;
}

/* Row l's levels for a range [a, b]; with a middle, for the scale a. */
static void place(const struct levels_kind *k, const struct levels_unit *unit, int l, float a, float b,
                  struct levels *v)
{
    float top = (float)k->top, scale = k->middle >= 0 ? a : b > a ? b / top - a / top : 0;

    v->zero[l] = k->middle >= 0 ? (float)k->middle : 0;
    v->low[l] = 0;
    if (k->table) {
        v->scale[l] = quant_table_scale(k->table, a);
    } else if (k->scale_max && !unit) {
        v->scale[l] = scale;
        v->low[l] = k->lows ? -a : 0;
    } else if (k->scale_max) {
        int least = k->middle >= 0 ? -k->scale_max : 0, most = k->middle >= 0 ? k->scale_max - 1 : k->scale_max;

        v->scale[l] = multiple(scale, unit->d[l], least, most, &v->scale_code[l]);
        if (k->lows)
            v->low[l] = multiple(-a, unit->dmin[l], 0, k->scale_max, &v->low_code[l]);
    } else {
        v->scale[l] = quant_round_scale(k->scales, scale);
        if (k->lows)
            v->low[l] = -quant_round_scale(k->scales, a);
        else if (k->middle < 0 && !(b > a))
            v->scale[l] = 1; /* a group of zeros, as rtn has it */
    }
    if (k->middle < 0 && !k->lows) {
        float z = v->scale[l] > 0 ? -a / v->scale[l] : 0;

        v->zero[l] = !(b > a) || v->scale[l] == 0 ? (float)((k->top + 1) / 2) : z > top ? top : (float)(int)(z + 0.5f);
    }
}

/* Do the levels of every range hold 0? Those with a low of its own need not. */
static int holds_zero(const struct levels_kind *k)
{
    return k->scale_max || !k->lows;
}

/* What is tried of each row, the best so far, and what that loses. */
struct search {
    const struct levels_kind *k;
    const struct levels_unit *unit;
    const struct metric *m;
    const float *w;
    size_t n;
    float *room;
    float a[L], b[L], best[L];
    struct levels *out;
};

static void copy_lane(struct levels *to, const struct levels *from, int l)
{
    to->scale[l] = from->scale[l];
    to->zero[l] = from->zero[l];
    to->low[l] = from->low[l];
    to->scale_code[l] = from->scale_code[l];
    to->low_code[l] = from->low_code[l];
}

static void attempt(struct search *s, const float a[L], const float b[L])
{
    struct levels v;
    float loss[L];

    for (int l = 0; l < L; l++)
        place(s->k, s->unit, l, a[l], b[l], &v);
    lose(s->k, &v, s->w, s->n, s->m, s->room, loss);
    for (int l = 0; l < L; l++)
        if (loss[l] < s->best[l]) {
            s->best[l] = loss[l];
            s->a[l] = a[l];
            s->b[l] = b[l];
            copy_lane(s->out, &v, l);
        }
}

#define NARROWER 11 /* t of 1, .95 ... .5 */

/* Ranges of levels that hold 0 do. */
static void attempt_ranges(struct search *s, float a[L], float b[L])
{
    for (int l = 0; l < L && holds_zero(s->k); l++) {
        a[l] = a[l] < 0 ? a[l] : 0;
        b[l] = b[l] > 0 ? b[l] : 0;
    }
    attempt(s, a, b);
}

static void search_ranges(struct search *s)
{
    float lo[L], hi[L], a[L], b[L];

    memcpy(lo, s->a, sizeof lo);
    memcpy(hi, s->b, sizeof hi);
    for (int i = 1; i < NARROWER; i++) {
        for (int l = 0; l < L; l++) {
            float off = 0.025f * (float)i * (hi[l] - lo[l]);

            a[l] = lo[l] + off;
            b[l] = hi[l] - off;
        }
        attempt_ranges(s, a, b);
    }
    for (float by = 0.08f; by > 0.004f; by /= 2)
        for (int i = 0; i < 4; i++) {
            for (int l = 0; l < L; l++) {
                float move = (i % 2 ? -by : by) * (hi[l] - lo[l]);

                a[l] = s->a[l] + (i < 2 ? move : 0);
                b[l] = s->b[l] + (i < 2 ? 0 : move);
            }
            attempt_ranges(s, a, b);
        }
}

static void search_scales(struct search *s)
{
    float from[L], a[L];

    memcpy(from, s->a, sizeof from);
    for (int sign = 0; sign <= s->k->flips; sign++)
        for (int i = !sign; i < NARROWER; i++) {
            for (int l = 0; l < L; l++)
                a[l] = (sign ? -1.0f : 1.0f) * (1 - 0.05f * (float)i) * from[l];
            attempt(s, a, a);
        }
    for (float by = 0.025f; by > 0.01f; by /= 2)
        for (int i = 0; i < 2; i++) {
            for (int l = 0; l < L; l++)
                a[l] = s->a[l] + (i ? -by : by) * fabsf(from[l]);
            attempt(s, a, a);
        }
}

/* The range of each row, or with a middle the scale that reaches its largest magnitude, the first of equals. */
static void span(struct search *s)
{
    const struct levels_kind *k = s->k;

    for (int l = 0; l < L; l++) {
        float lo = holds_zero(k) ? 0 : s->w[l], hi = lo, most = s->w[l];

        for (size_t i = 0; i < s->n; i++) {
            float v = s->w[i * L + l];

            lo = v < lo ? v : lo;
            hi = v > hi ? v : hi;
            most = fabsf(v) > fabsf(most) ? v : most;
        }
        s->a[l] = lo;
        s->b[l] = hi;
        if (k->middle < 0)
            continue;
        hi = fabsf(most);
        s->a[l] = k->table                      ? hi
                  : k->flips                    ? -most / (float)k->middle
                  : k->top == 2 * k->middle - 1 ? hi / (float)k->top + hi / (float)k->top
                                                : hi / (float)k->middle;
    }
}

void levels_choose(const struct levels_kind *k, const struct levels_unit *unit, const float *w, size_t n,
                   const struct metric *m, int search, struct levels *out)
{
    float *room = room_for(n);
    struct search s = {.k = k, .unit = unit, .m = m, .w = w, .n = n, .room = room, .out = out};
    int halves = k->table && k->scales == DT_F8_E8M0; /* the power of two above, or the one below? */

    span(&s);
    for (int l = 0; l < L; l++)
        s.best[l] = INFINITY;
    if (search || halves) {
        float a[L], b[L];

        memcpy(a, s.a, sizeof a);
        memcpy(b, s.b, sizeof b);
        attempt(&s, a, b);
        for (int l = 0; l < L; l++)
            a[l] /= 2;
        if (halves)
            attempt(&s, a, b);
    }
    for (int l = 0; l < L; l++)
        if (s.best[l] == INFINITY)
            place(k, unit, l, s.a[l], s.b[l], out);
    if (search)
        (k->middle >= 0 ? search_scales : search_ranges)(&s);
    free(room);
}

/* The d of nine that fits numbers v best, their codes limited to [lo, hi]; the extreme one gets hi, or lo. */
static float fit_unit(const float *v, const float *weight, size_t n, int lo, int hi)
{
    float most = 0, best = INFINITY, d = 0;

    for (size_t i = 0; i < n; i++)
        most = fabsf(v[i]) > fabsf(most) ? v[i] : most;
    if (most == 0)
        return 0;
    for (int i = 0; i < 9; i++) {
        float step = i % 2 ? -0.25f * (float)((i + 1) / 2) : 0.25f * (float)(i / 2), loss = 0;
        float by = half_up(half_down(lo < 0 ? most / ((float)lo + step) : most / ((float)hi + step)));

        for (size_t k = 0; k < n; k++) {
            int16_t code;
            float e = v[k] - multiple(v[k], by, lo, hi, &code);

            loss += weight[k] * e * e;
        }
        if (loss < best) {
            best = loss;
            d = by;
        }
    }
    return d;
}

void levels_unit(const struct levels_kind *k, const struct levels *v, size_t subs, const float *weight,
                 struct levels_unit *out)
{
    float scale[16], low[16];

    for (int l = 0; l < L; l++) {
        for (size_t i = 0; i < subs; i++) {
            scale[i] = v[i].scale[l];
            low[i] = v[i].low[l];
        }
        out->d[l] = fit_unit(scale, weight, subs, k->middle >= 0 ? -k->scale_max : 0,
                             k->middle >= 0 ? k->scale_max - 1 : k->scale_max);
        out->dmin[l] = k->lows ? fit_unit(low, weight, subs, 0, k->scale_max) : 0;
    }
}
