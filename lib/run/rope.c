#include "run/rope.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/real.h"

#define PI 3.14159265358979323846

/* What head.model says of scaling. */
struct scaling {
    const struct attrs *head;
    const char *kind;
    double factor, original, context, base;
    int64_t dims, positions;
};

static double number(const struct scaling *s, const char *key, double otherwise)
{
    return attrs_f64(s->head, key, otherwise);
}

static double plain(const struct scaling *s, double base, int64_t i)
{
    return real_pow(base, -2.0 * (double)i / (double)s->dims);
}

/* Low frequencies divided, middle ones blended. */
static double llama3(const struct scaling *s, int64_t i)
{
    double f = plain(s, s->base, i), wave = 2 * PI / f, low = number(s, "rope_low_freq", 1),
           high = number(s, "rope_high_freq", 4), blend;

    if (wave < s->original / high)
        return f;
    if (wave > s->original / low)
        return f / s->factor;
    blend = (s->original / wave - low) / (high - low);
    return (1 - blend) * f / s->factor + blend * f;
}

/* YaRN: the dimension that turns so many times within the original context. */
static double yarn_dim(const struct scaling *s, double turns)
{
    return (double)s->dims * real_log(s->original / (turns * 2 * PI)) / (2 * real_log(s->base));
}

static double yarn(const struct scaling *s, int64_t i)
{
    double low = yarn_dim(s, number(s, "rope_beta_fast", 32)), high = yarn_dim(s, number(s, "rope_beta_slow", 1));
    double f = plain(s, s->base, i), ramp;

    if (attrs_int(s->head, "rope_truncate", 1)) {
        low = floor(low);
        high = ceil(high);
    }
    low = low > 0 ? low : 0;
    high = high < (double)(s->dims - 1) ? high : (double)(s->dims - 1);
    if (low == high)
        high += 0.001;
    ramp = ((double)i - low) / (high - low);
    ramp = ramp < 0 ? 0 : ramp > 1 ? 1 : ramp;
    return f / s->factor * ramp + f * (1 - ramp);
}

static double yarn_scale(double factor, double m)
{
    return factor <= 1 ? 1 : 0.1 * m * real_log(factor) + 1;
}

static double attention_factor(const struct scaling *s)
{
    double m = number(s, "rope_mscale", 0), all = number(s, "rope_mscale_all_dim", 0);
    int yarned = strcmp(s->kind, "yarn") == 0;

    if (!yarned && strcmp(s->kind, "longrope") != 0)
        return 1;
    if (attrs_find(s->head, "rope_attention_factor"))
        return number(s, "rope_attention_factor", 1);
    if (yarned)
        return m != 0 && all != 0 ? yarn_scale(s->factor, m) / yarn_scale(s->factor, all) : yarn_scale(s->factor, 1);
    return s->factor <= 1 ? 1 : sqrt(1 + real_log(s->factor) / real_log(s->original));
}

static int longrope(const struct scaling *s, double *f, struct err *e)
{
    const char *key = (double)s->positions > s->original ? "rope_long" : "rope_short";
    int n = 0;
    double *divisor = attrs_list(s->head, key, &n);

    if (!divisor || n != s->dims / 2) {
        free(divisor);
        return err_set(e, "model key '%s' is no list of %lld numbers", key, (long long)(s->dims / 2));
    }
    for (int i = 0; i < n; i++)
        f[i] = plain(s, s->base, i) / divisor[i];
    free(divisor);
    return 0;
}

/* The base for windows beyond the context. */
static double dynamic_base(const struct scaling *s)
{
    double length = (double)s->positions > s->context ? (double)s->positions : s->context, d = (double)s->dims;

    return s->base * real_pow(s->factor * length / s->context - (s->factor - 1), d / (d - 2));
}

static int of_kind(const struct scaling *s, double *f, struct err *e)
{
    double base = strcmp(s->kind, "dynamic") == 0 ? dynamic_base(s) : s->base;
    double (*one)(const struct scaling *, int64_t) = strcmp(s->kind, "llama3") == 0 ? llama3
                                                     : strcmp(s->kind, "yarn") == 0 ? yarn
                                                                                    : NULL;
    int linear = strcmp(s->kind, "linear") == 0;

    if (strcmp(s->kind, "longrope") == 0)
        return longrope(s, f, e);
    if (!one && !linear && base == s->base && *s->kind && strcmp(s->kind, "default") != 0 &&
        strcmp(s->kind, "dynamic") != 0)
        return err_set(e, "model key 'rope_scaling' is '%.80s'; known are linear, dynamic, llama3, yarn, longrope",
                       s->kind);
    for (int64_t i = 0; i < s->dims / 2; i++)
        f[i] = one ? one(s, i) : linear ? plain(s, base, i) / s->factor : plain(s, base, i);
    return 0;
}

int rope_frequencies(const struct model *m, double base, int64_t dims, int scaled, int64_t positions, double *f,
                     double *factor, struct err *e)
{
    const struct attrs *h = &m->head;
    struct scaling s = {.head = h,
                        .kind = scaled ? attrs_str(h, "rope_scaling", "") : "",
                        .base = base,
                        .dims = dims,
                        .positions = positions};

    s.context = model_number(m, "context", -1, 2048);
    s.original = attrs_f64(h, "rope_original_context", s.context);
    s.factor = attrs_f64(h, "rope_factor", s.context / s.original);
    if (!(base > 0) || !(s.factor > 0) || !(s.original > 0) || !isfinite(base) || !isfinite(s.factor) || dims < 2 ||
        dims % 2 != 0)
        return err_set(e, "rotary angles of base %g, %lld dims, factor %g, original context %g", base, (long long)dims,
                       s.factor, s.original);
    if (of_kind(&s, f, e) < 0)
        return -1;
    *factor = attention_factor(&s);
    return 0;
}

static void fill(struct rope *r, const double *f, double factor)
{
    int64_t half = r->dims / 2;

    for (int64_t i = 0; i < half; i++)
        for (int64_t t = 0; t < r->positions; t++) {
            r->cos[t * half + i] = (float)(real_cos((double)t * f[i]) * factor);
            r->sin[t * half + i] = (float)(real_sin((double)t * f[i]) * factor);
        }
}

int rope_find(struct rope **cache, const struct model *m, double base, int64_t dims, int scaled, int64_t positions,
              const struct rope **out, struct err *e)
{
    double *f, factor;
    struct rope *r;
    int rc;

    for (r = *cache; r; r = r->next)
        if (r->base == base && r->dims == dims && r->scaled == scaled) {
            *out = r;
            return 0;
        }
    f = mem_new((size_t)dims / 2 + 1, sizeof *f);
    rc = rope_frequencies(m, base, dims, scaled, positions, f, &factor, e);
    if (rc == 0) {
        r = mem_new(1, sizeof *r);
        *r = (struct rope){base,
                           dims,
                           positions,
                           scaled,
                           mem_new((size_t)(positions * dims / 2), sizeof(float)),
                           mem_new((size_t)(positions * dims / 2), sizeof(float)),
                           *cache};
        fill(r, f, factor);
        *out = *cache = r;
    }
    free(f);
    return rc;
}

void rope_free(struct rope *r)
{
    for (struct rope *next; r; r = next) {
        next = r->next;
        free(r->cos);
        free(r->sin);
        free(r);
    }
}

int rope_stretches(const struct model *m)
{
    return strcmp(attrs_str(&m->head, "rope_scaling", ""), "dynamic") == 0;
}
