#include "run/calib.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "base/parse.h"
#include "base/real.h"
#include "la/gemm.h"
#include "num/kern.h"

#define STRIP 256 /* columns that one call of a thread sums */

static const char *const names[] = {"norm2", "mean", "absmean", "gram", "bi", "reap"}; /* bit i of parts */

int calib_parse(const char *list, unsigned *parts, struct err *e)
{
    *parts = 0;
    for (const char *s = list;; s++) {
        size_t n = strcspn(s, ",");
        unsigned bit = 0;

        for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
            if (strlen(names[i]) == n && strncmp(names[i], s, n) == 0)
                bit = 1u << i;
        if (!bit)
            return err_set(e, "there is no part '%.*s'; parts are norm2, mean, absmean, gram, bi, reap",
                           (int)(n < 80 ? n : 80), s);
        *parts |= bit;
        s += n;
        if (!*s)
            return 0;
    }
}

struct strip {
    struct calib_sums *s;
    const float *x, *weighed; /* weighed: rows times the root of their weights */
    int64_t rows;
};

static void sum_strip(void *ctx, size_t i)
{
    struct strip *p = ctx;
    size_t cols = (size_t)p->s->cols, at = i * STRIP, n = cols - at < STRIP ? cols - at : STRIP;

    for (int64_t t = 0; t < p->rows; t++) {
        const float *x = p->x + (size_t)t * cols + at;

        if (p->s->sum2)
            kern_addsq64(p->weighed + (size_t)t * cols + at, p->s->sum2 + at, n);
        if (p->s->sum)
            kern_add64(x, p->s->sum + at, n);
        if (p->s->sumabs)
            kern_addabs64(x, p->s->sumabs + at, n);
    }
}

static void start(struct calib_sums *s, unsigned parts, int held, int64_t cols)
{
    size_t n = (size_t)cols;

    s->cols = cols;
    s->sum2 = parts & CALIB_NORM2 ? mem_new(n, sizeof(double)) : NULL;
    s->sum = parts & CALIB_MEAN ? mem_new(n, sizeof(double)) : NULL;
    s->sumabs = parts & CALIB_ABSMEAN ? mem_new(n, sizeof(double)) : NULL;
    s->gram = parts & CALIB_GRAM ? mem_new(n, n * sizeof(double)) : NULL;
    s->held = s->gram && held ? mem_new(n, n * sizeof(double)) : NULL;
}

void calib_weigh(void *ctx, const float *received, int64_t heads, const struct window *window, int64_t windows)
{
    struct calib *c = ctx;
    int64_t first = window[0].start, end = window[windows - 1].start + window[windows - 1].len;

    c->r = mem_resize(c->r, (size_t)end, sizeof *c->r);
    for (int64_t t = first; t < end; t++)
        c->r[t] = (float)kern_sum(received + (t - first) * heads, (size_t)heads);
    for (int64_t i = 0; i < windows; i++) {
        float *r = c->r + window[i].start, low = r[0], high = r[0];

        for (int64_t t = 1; t < window[i].len; t++) {
            low = r[t] < low ? r[t] : low;
            high = r[t] > high ? r[t] : high;
        }
        for (int64_t t = 0; t < window[i].len; t++)
            r[t] = high > low ? (float)(c->least + (1 - c->least) * ((double)r[t] - low) / ((double)high - low)) : 1;
    }
}

static float weight_of(const struct calib *c, const struct seen *s, int64_t row)
{
    return c->r[s->token ? s->token[row] : s->first + row];
}

/* Rows times the root of their weights, owned by the caller. */
static float *weighed(const struct calib *c, const struct seen *s)
{
    float *y = mem_new((size_t)(s->rows * s->cols), sizeof *y);

    for (int64_t t = 0; t < s->rows; t++)
        kern_scale(sqrtf(weight_of(c, s, t)), s->x + t * s->cols, y + t * s->cols, (size_t)s->cols);
    return y;
}

static struct calib_sums *sums_of(struct calib *c, int tap)
{
    if (tap >= c->taps) {
        c->at = mem_resize(c->at, (size_t)tap + 1, sizeof *c->at);
        memset(c->at + c->taps, 0, (size_t)(tap + 1 - c->taps) * sizeof *c->at);
        c->taps = tap + 1;
    }
    return &c->at[tap];
}

static void add(const struct calib *c, struct calib_sums *to, const struct seen *s)
{
    float *own = c->r ? weighed(c, s) : NULL;
    struct strip p = {to, s->x, own ? own : s->x, s->rows};

    p.s->n += s->rows;
    for (int64_t t = 0; t < s->rows; t++)
        p.s->weight += own ? (double)weight_of(c, s, t) : 1;
    if (c->parts & (CALIB_NORM2 | CALIB_MEAN | CALIB_ABSMEAN))
        par_for(((size_t)s->cols + STRIP - 1) / STRIP, sum_strip, &p);
    if (p.s->gram)
        gram_add((size_t)s->cols, (size_t)s->rows, p.weighed, (size_t)s->cols, p.s->gram);
    free(own);
}

static void add_held(const struct calib *c, struct calib_sums *to, const struct seen *s)
{
    float *own = c->r ? weighed(c, s) : NULL;

    for (int64_t t = 0; t < s->rows; t++)
        to->held_weight += own ? (double)weight_of(c, s, t) : 1;
    gram_add((size_t)s->cols, (size_t)s->rows, own ? own : s->x, (size_t)s->cols, to->held);
    free(own);
}

/* The rows of tokens that are kept aside, or the others. x and token of out are owned by the caller. */
static void part_of(const struct calib *c, const struct seen *s, int held, struct seen *out)
{
    float *x = mem_new((size_t)(s->rows * s->cols), sizeof *x);
    uint32_t *token = mem_new((size_t)s->rows, sizeof *token);

    *out = (struct seen){x, 0, s->cols, 0, token};
    for (int64_t t = 0; t < s->rows; t++) {
        int64_t at = s->token ? s->token[t] : s->first + t;

        if (c->held[at] != held)
            continue;
        memcpy(x + out->rows * s->cols, s->x + t * s->cols, (size_t)s->cols * sizeof *x);
        token[out->rows++] = (uint32_t)at;
    }
}

void calib_see(void *ctx, int tap, const struct seen *s)
{
    struct calib *c = ctx;
    struct calib_sums *to = sums_of(c, tap);

    if (!to->cols)
        start(to, c->parts, c->held != NULL, s->cols);
    if (!c->held)
        add(c, to, s);
    for (int held = 0; c->held && held < 2; held++) {
        struct seen some;

        part_of(c, s, held, &some);
        if (some.rows)
            (held ? add_held : add)(c, to, &some);
        free((void *)(uintptr_t)some.x);
        free((void *)(uintptr_t)some.token);
    }
}

static double cosine(const float *x, const float *y, size_t n)
{
    double size = sqrt(kern_sumsq(x, n)) * sqrt(kern_sumsq(y, n));

    return size == 0 ? 0 : kern_dotd(x, y, n) / size;
}

void calib_pass(void *ctx, const float *before, const float *middle, const float *after, int64_t tokens, int64_t hidden)
{
    struct calib *c = ctx;
    size_t n = (size_t)hidden;

    for (int64_t i = 0; i < tokens * hidden; i += hidden) {
        double whole = cosine(before + i, after + i, n);

        c->alike[0] += whole;
        c->alike[1] += cosine(before + i, middle + i, n);
        c->alike[2] += cosine(middle + i, after + i, n);
        c->angles += real_acos(whole > 1    ? 1
                               : whole < -1 ? -1
                                            : whole) /
                     3.141592653589793; /* beyond 1 only by rounding */
    }
    c->passed += tokens;
}

void calib_mix(void *ctx, int64_t expert, const float *y, const float *weight, int64_t rows, int64_t width)
{
    struct calib *c = ctx;

    (void)expert;
    for (int64_t t = 0; t < rows; t++)
        c->mixed += (double)weight[t] * sqrt(kern_sumsq(y + t * width, (size_t)width));
}

static int not_finite(const struct bundle *b, const char *name, int64_t channel, double v, struct err *e)
{
    return err_set(e, "%s: the input of channel %lld is not finite (%s is %g)", b->name, (long long)channel, name, v);
}

/* sums / n as a companion; a sum that is not finite is the model's fault, not this filter's. */
static int set(struct bundle *b, const char *name, const double *sum, int64_t cols, double n, struct err *e)
{
    struct shape s = {.rank = 1, .dim = {(uint64_t)cols}};
    float *v = mem_new((size_t)cols, sizeof *v);

    for (int64_t i = 0; i < cols; i++) {
        v[i] = (float)(sum[i] / n);
        if (!isfinite(v[i])) {
            free(v);
            return not_finite(b, name, i, sum[i] / n, e);
        }
    }
    bundle_give_companion(b, name, &s, v);
    return 0;
}

/* Both triangles of G / n, from the upper: blocks of G and of what is mirrored stay in the first-level cache. */
static void mirror(const double *G, size_t cols, double n, float *v)
{
    enum { BLOCK = 32 };

    for (size_t i0 = 0; i0 < cols; i0 += BLOCK)
        for (size_t j0 = i0; j0 < cols; j0 += BLOCK)
            for (size_t i = i0; i < cols && i < i0 + BLOCK; i++)
                for (size_t j = j0 > i ? j0 : i; j < cols && j < j0 + BLOCK; j++)
                    v[i * cols + j] = v[j * cols + i] = (float)(G[i * cols + j] / n);
}

/* gram: sums in its upper triangle. */
static int set_gram(struct bundle *b, const char *name, const double *gram, size_t cols, double n, struct err *e)
{
    struct shape shape = {.rank = 2, .dim = {cols, cols}};
    float *v = mem_resize(NULL, cols * cols, sizeof *v);

    mirror(gram, cols, n, v);
    for (size_t i = 0; i < cols * cols; i++)
        if (!isfinite(v[i])) {
            double what = v[i];

            free(v);
            return not_finite(b, name, (int64_t)(i % cols), what, e);
        }
    bundle_give_companion(b, name, &shape, v);
    return 0;
}

/* The gram of tokens kept aside, if any of them came here. */
static int attach_held(struct calib_sums *s, struct bundle *b, struct err *e)
{
    if (!s->held || s->held_weight <= 0)
        return 0;
    if (s->first) {
        bundle_lend(b, s->first, "gram.held");
        return 0;
    }
    return set_gram(b, "gram.held", s->held, (size_t)s->cols, s->held_weight, e);
}

static int attach(struct calib *c, int tap, struct bundle *b, struct err *e)
{
    struct calib_sums *s = sums_of(c, tap);
    const double *sums[3] = {0};

    attrs_set_int(&b->more, "count", s->n);
    b->touched = 1;
    if (!s->n && b->expert >= 0)
        return 0;
    if (!s->n || (uint64_t)s->cols != b->cols)
        return err_set(e, "%s: it has %llu input channels, %lld were seen", b->name, (unsigned long long)b->cols,
                       (long long)s->cols);
    sums[0] = s->sum2;
    sums[1] = s->sum;
    sums[2] = s->sumabs;
    for (int i = 0; i < 3; i++)
        if (sums[i] && set(b, names[i], sums[i], s->cols, i == 0 ? s->weight : (double)s->n, e) < 0)
            return -1;
    if (s->gram && !s->first && set_gram(b, "gram", s->gram, (size_t)s->cols, s->weight, e) < 0)
        return -1;
    if (attach_held(s, b, e) < 0)
        return -1;
    if (s->first)
        bundle_lend(b, s->first, "gram");
    else if (s->gram)
        s->first = b;
    return 0;
}

/* Does the weight make what gather reads? */
static int closes(const struct walk *w, const char *role)
{
    for (int i = 0; i < w->steps; i++) {
        const struct walk_step *by = w->step[i].op == WALK_gather ? &w->step[w->value[w->step[i].in[0]].made] : NULL;

        if (by && by->weight && strcmp(by->weight->role, role) == 0)
            return 1;
    }
    return 0;
}

int calib_attach(struct calib *c, const struct forward *f, struct bundle *b, int n, struct err *e)
{
    for (int i = 0; i < n; i++) {
        int tap = forward_tap(f, b[i].role);

        if (tap >= 0 && attach(c, tap, &b[i], e) < 0)
            return -1;
        if (c->parts & CALIB_REAP && tap >= 0 && b[i].expert >= 0 && closes(f->seen, b[i].role)) {
            int64_t count = attrs_int(&b[i].more, "count", 0);

            attrs_set_f64(&b[i].more, "reap", count ? c->mixed / (double)count : 0);
        }
    }
    return 0;
}

/* How much the layer, and the half of it that a linear is of, change the states; rounding alone gives a cosine above 1.
 * */
static void set_influence(const struct calib *c, const struct forward *f, struct bundle *b)
{
    double layer = 1 - c->alike[0] / (double)c->passed,
           half = 1 - c->alike[forward_in_mlp(f, b->role) ? 2 : 1] / (double)c->passed;

    attrs_set_f64(&b->more, "bi", layer > 0 ? layer : 0);
    if (forward_tap(f, b->role) >= 0)
        attrs_set_f64(&b->more, "bi_sub", half > 0 ? half : 0);
    b->touched = 1;
}

int calib_attach_layer(struct calib *c, const struct forward *f, struct bundle *b, int n, struct err *e)
{
    if (!c->passed)
        return 0;
    if (!isfinite(c->alike[0] + c->alike[1] + c->alike[2]))
        return err_set(e, "%s: the states before and after its layer are not finite", b[0].name);
    for (int i = 0; i < n; i++)
        if (i == 0 || forward_tap(f, b[i].role) >= 0)
            set_influence(c, f, &b[i]);
    attrs_set_f64(&b[0].more, "angle", c->angles / (double)c->passed);
    return 0;
}

int calib_parse_weight(const char *arg, double *least, struct err *e)
{
    *least = 0.01;
    if (strncmp(arg, "attncon", 7) != 0 || (arg[7] && arg[7] != ':'))
        return err_set(e, "there is no token weight '%.80s'; there is attncon", arg);
    if (arg[7] && parse_f64(arg + 8, least, e) < 0)
        return -1;
    return *least > 0 && *least <= 1 ? 0
                                     : err_set(e, "the least weight is %g; above 0 and at most 1 is needed", *least);
}

void calib_reset(struct calib *c)
{
    for (int i = 0; i < c->taps; i++) {
        free(c->at[i].sum2);
        free(c->at[i].sum);
        free(c->at[i].sumabs);
        free(c->at[i].gram);
        free(c->at[i].held);
    }
    free(c->at);
    c->at = NULL;
    c->taps = 0;
    c->mixed = 0;
}

void calib_new_layer(struct calib *c)
{
    calib_reset(c);
    memset(c->alike, 0, sizeof c->alike);
    c->angles = 0;
    c->passed = 0;
    free(c->r);
    c->r = NULL;
}
