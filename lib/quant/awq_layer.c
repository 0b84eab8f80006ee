#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/dtype.h"
#include "quant/awq.h"
#include "tensor/unseen.h"

/* A place of a layer (arch/fold.h) among the bundles of a unit. */
struct among {
    int maker, bias; /* bias: or -1 */
    float offset;    /* files hold the maker's gain less this */
    int consumer[FOLD_CONSUMERS], consumers;
};

struct place {
    const struct among *f;
    struct bundle *b;
    float *w[FOLD_CONSUMERS]; /* the consumers' weights */
    float *s;                 /* [cols] */
    uint64_t cols;
};

static enum dtype type_out(const struct bundle *b, int chosen)
{
    enum dtype t = chosen ? DT_F32 : bundle_dense_type(b);

    return dtype_info(t)->writes_f32 ? t : DT_F32;
}

/* The value as f32, finite. */
static float *values(const struct bundle *b, struct err *e)
{
    float *w = mem_resize(NULL, b->rows * b->cols, sizeof *w);
    int rc = bundle_rows(b, 0, b->rows, w, e);

    for (uint64_t i = 0; rc == 0 && i < b->rows * b->cols; i++)
        if (!isfinite(w[i]))
            rc = err_set(e, "weight [%llu, %llu] is %g; weights must be finite", (unsigned long long)(i / b->cols),
                         (unsigned long long)(i % b->cols), (double)w[i]);
    if (rc == 0)
        return w;
    free(w);
    err_in(e, "%s", b->name);
    return NULL;
}

/* mean |x| where it is there, else the root of mean x^2. */
static float *activity_of(const struct bundle *b, const float *gram, struct err *e)
{
    float *v;

    if (bundle_part(b, -1, "absmean"))
        return bundle_companion(b, "absmean", b->cols, e);
    v = mem_resize(NULL, b->cols, sizeof *v);
    for (uint64_t c = 0; c < b->cols; c++)
        v[c] = gram[c * b->cols + c] > 0 ? sqrtf(gram[c * b->cols + c]) : 0;
    return v;
}

static int search(const struct quant_plan *p, struct place *l, struct err *e)
{
    const struct bundle *first = &l->b[l->f->consumer[0]];
    struct awq_linear linear[FOLD_CONSUMERS];
    float *own, *activity;
    const float *gram = bundle_companion_view(first, "gram", l->cols * l->cols, &own, e);

    activity = gram ? activity_of(first, gram, e) : NULL;
    if (!activity) {
        free(own);
        return err_in(e, "%s", first->name);
    }
    for (int i = 0; i < l->f->consumers; i++)
        linear[i] = (struct awq_linear){l->w[i], l->b[l->f->consumer[i]].rows};
    awq_scales(p->method, &p->affine, linear, l->f->consumers, l->cols, gram, activity, l->s);
    free(activity);
    free(own);
    return 0;
}

/* A vector over s, in the type that it has; s becomes what it was divided by in truth. */
static int divide_gain(struct bundle *b, float offset, float *s, struct err *e)
{
    float *v = values(b, e), *back = v ? mem_resize(NULL, b->cols, sizeof *back) : NULL;
    enum dtype t = type_out(b, 0);

    if (!v)
        return -1;
    for (uint64_t c = 0; c < b->cols; c++) {
        v[c] += offset;
        back[c] = v[c] / s[c] - offset;
    }
    bundle_set_dense(b, t, back);
    (void)bundle_rows(b, 0, 1, back, e); /* dense, of a type that is read */
    for (uint64_t c = 0; c < b->cols; c++) {
        back[c] += offset;
        if (v[c] != 0 &&
            (back[c] == 0 || !isnormal(v[c] / back[c]))) /* beyond what the type holds: this channel is left alone */
            back[c] = v[c];
        s[c] = v[c] != 0 ? v[c] / back[c] : s[c];
        back[c] -= offset;
    }
    bundle_set_dense(b, t, back);
    free(v);
    free(back);
    return 0;
}

static int divide_rows(struct bundle *b, int chosen, const float *s, struct err *e)
{
    float *w = values(b, e);

    if (!w)
        return -1;
    for (uint64_t r = 0; r < b->rows; r++)
        for (uint64_t c = 0; c < b->cols; c++)
            w[r * b->cols + c] /= s[r];
    bundle_set_dense(b, type_out(b, chosen), w);
    free(w);
    return 0;
}

static int divide_bias(struct bundle *b, const float *s, struct err *e)
{
    float *v = values(b, e);

    if (!v)
        return -1;
    for (uint64_t c = 0; c < b->cols; c++)
        v[c] /= s[c];
    bundle_set_dense(b, type_out(b, 0), v);
    free(v);
    return 0;
}

/* Statistics of x / s: powers is how often x stands in them. */
static void correct(struct bundle *b, const char *name, int powers, const float *s)
{
    const struct part *p = bundle_part(b, -1, name);
    struct shape shape;
    struct err e;
    float *v = p ? bundle_companion(b, name, 0, &e) : NULL;
    uint64_t n = p ? shape_count(&p->shape) : 0, cols = b->cols;

    if (!v)
        return;
    shape = p->shape;
    for (uint64_t i = 0; i < n; i++)
        v[i] = n > cols ? v[i] / s[i / cols] / s[i % cols] : powers == 2 ? v[i] / s[i] / s[i] : v[i] / s[i];
    bundle_set_companion(b, name, &shape, v);
    free(v);
}

static void multiply(struct place *l)
{
    for (int i = 0; i < l->f->consumers; i++) {
        struct bundle *b = &l->b[l->f->consumer[i]];

        for (uint64_t r = 0; r < b->rows; r++)
            for (uint64_t c = 0; c < l->cols; c++)
                l->w[i][r * l->cols + c] *= l->s[c];
        bundle_set_dense(b, DT_F32, l->w[i]);
        correct(b, "norm2", 2, l->s);
        correct(b, "mean", 1, l->s);
        correct(b, "absmean", 1, l->s);
        correct(b, "gram", 2, l->s);
        correct(b, "gram.held", 2, l->s);
    }
}

static int one_place(const struct quant_plan *p, const struct among *f, struct bundle *b, const uint8_t *chosen,
                     struct err *e)
{
    struct place l = {.f = f, .b = b, .cols = b[f->consumer[0]].cols};
    struct bundle *maker = &b[f->maker];
    int rc = 0;

    for (int i = 0; i < f->consumers; i++)
        if (!chosen[f->consumer[i]] || bundle_unseen(&b[f->consumer[i]]))
            return 0;
    l.s = mem_resize(NULL, l.cols, sizeof *l.s);
    for (int i = 0; rc == 0 && i < f->consumers; i++)
        rc = (l.w[i] = values(&b[f->consumer[i]], e)) ? 0 : -1;
    if (rc == 0)
        rc = search(p, &l, e);
    if (rc == 0)
        rc = maker->shape.rank > 1 ? divide_rows(maker, chosen[f->maker], l.s, e)
                                   : divide_gain(maker, f->offset, l.s, e);
    if (rc == 0 && f->bias >= 0)
        rc = divide_bias(&b[f->bias], l.s, e);
    if (rc == 0)
        multiply(&l);
    for (int i = 0; i < f->consumers; i++)
        free(l.w[i]);
    free(l.s);
    return rc;
}

static int find(const struct bundle *b, int n, const char *role)
{
    for (int i = 0; i < n; i++)
        if (b[i].role && strcmp(b[i].role, role) == 0)
            return i;
    return -1;
}

/* The place in the unit. 0: a weight of it is elsewhere, or heads share values, so that a channel would need several
 * scales. */
static int locate(const struct model *m, const struct fold *f, const struct bundle *b, int n, struct among *out)
{
    struct arch_place at;
    uint64_t channels;

    *out = (struct among){.maker = find(b, n, f->maker->role), .bias = find(b, n, f->maker->bias_role)};
    if (out->maker < 0 || f->readers > FOLD_CONSUMERS)
        return 0;
    for (int i = 0; i < f->readers; i++)
        if ((out->consumer[out->consumers++] = find(b, n, f->reader[i]->role)) < 0)
            return 0;
    if (f->maker->plus1 && arch_place(m->arch, m, b[out->maker].name, &at) && at.form == ARCH_HF)
        out->offset = 1;
    channels = b[out->maker].shape.rank > 1 ? b[out->maker].rows : b[out->maker].cols;
    for (int i = 0; i < out->consumers; i++)
        if (b[out->consumer[i]].cols != channels)
            return 0;
    return 1;
}

int awq_layer(const struct quant_plan *p, const struct model *m, struct bundle *b, int n, const uint8_t *chosen,
              struct err *e)
{
    struct fold f[FOLDS];
    struct among here;
    struct walk w;
    int places;

    if (walk_layer(m, b[0].layer, &w, e) < 0)
        return -1;
    places = fold_places(&w, f);
    walk_free(&w);
    for (int i = 0; i < n; i++)
        if (chosen[i] && quant_dense_beside(&b[i]) >= 0)
            return err_set(e,
                           "%s: -m awq scales whole values, this one has a product or sparse term beside its dense one",
                           b[i].name);
    for (int i = 0; i < places; i++)
        if (locate(m, &f[i], b, n, &here) && one_place(p, &here, b, chosen, e) < 0)
            return -1;
    return 0;
}
