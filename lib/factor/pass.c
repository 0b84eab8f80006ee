#include "factor/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "la/quad.h"
#include "tensor/form.h"

/* Bytes of the value's parts, or of one term's. */
static uint64_t value_bytes(const struct bundle *b, int term)
{
    uint64_t n = 0;

    for (int i = 0; i < b->parts; i++)
        if (b->part[i].term >= 0 && (term < 0 || b->part[i].term == term))
            n += b->part[i].rows * b->part[i].row_bytes;
    return n;
}

static int last_dense(const struct bundle *b)
{
    int t = b->terms - 1;

    while (t >= 0 && strcmp(b->term[t].form, "dense") != 0)
        t--;
    return b->terms > 1 ? t : -1;
}

/* The rows that are to be factored, in float. */
static int get_rows(const struct bundle *b, int term, float *w, struct err *e)
{
    memset(w, 0, b->rows * b->cols * sizeof *w);
    if (term >= 0 ? form_find("dense")->add_rows(b, term, 0, b->rows, w, e) : bundle_rows(b, 0, b->rows, w, e))
        return -1;
    for (uint64_t i = 0; i < b->rows * b->cols; i++)
        if (!isfinite(w[i]))
            return err_set(e, "weight [%llu, %llu] is %g", (unsigned long long)(i / b->cols), (unsigned long long)(i % b->cols), w[i]);
    return 0;
}

static enum dtype factor_type(const struct factor_pass *p, const struct bundle *b)
{
    const char *own = attrs_str(&b->more, "dtype", "F32");
    int t = p->type >= 0 ? p->type : dtype_find(own);

    return t >= 0 && dtype_info((enum dtype)t)->writes_f32 ? (enum dtype)t : DT_F32;
}

static void put_part(struct bundle *b, int term, const char *name, enum dtype type, uint64_t rows, uint64_t cols, const double *v)
{
    struct shape s = {2, {rows, cols}};
    struct part *p = bundle_add_part(b, term, name, type, &s);
    float *f = mem_resize(NULL, rows * cols, sizeof *f);

    for (uint64_t i = 0; i < rows * cols; i++)
        f[i] = (float)v[i];
    dtype_from_f32(type, f, p->data, rows * cols);
    free(f);
}

/* What the rounded product leaves, so that the sum is the value again, rounded once. */
static void put_rest(struct bundle *b, int rest, int product, enum dtype type, const float *w)
{
    uint64_t n = b->rows * b->cols;
    float *left = mem_new(n, sizeof *left);

    form_find("lowrank")->add_rows(b, product, 0, b->rows, left, NULL);
    for (uint64_t i = 0; i < n; i++)
        left[i] = w[i] - left[i];
    dtype_from_f32(type, left, bundle_part(b, rest, "dense")->data, n);
    free(left);
}

/* Put the product in its place; term is the one it replaces, or -1 for the whole value. */
static void put_product(struct bundle *b, enum factor_kind kind, int term, enum dtype type, const struct factor_job *j, const float *w)
{
    int rest = -1;

    if (kind == FACTOR_REPLACE && term >= 0) {
        bundle_drop_part(b, term, "dense");
        free(b->term[term].form);
        b->term[term].form = mem_strdup("lowrank");
        attrs_free(&b->term[term].attrs);
    } else {
        if (kind != FACTOR_BESIDE)
            bundle_clear_value(b);
        if (kind == FACTOR_SPLIT) {
            struct shape s = b->shape;

            rest = bundle_add_term(b, "dense");
            bundle_add_part(b, rest, "dense", type, &s);
        }
        term = bundle_add_term(b, "lowrank");
    }
    put_part(b, term, "a", type, j->rank, j->cols, j->a);
    put_part(b, term, "b", type, j->rows, j->rank, j->b);
    if (rest >= 0)
        put_rest(b, rest, term, type, w);
}

/* The loss of the new value against w (which it overwrites), on the outputs where there is a gram. */
static int measure(const struct bundle *b, int term, float *w, const float *gram, struct factor_tally *t, struct err *e)
{
    float *now = mem_new(b->rows * b->cols, sizeof *now);
    double all = gram ? quad_gram(b->rows, b->cols, w, gram) : 0, off = 0;
    const char *form = term >= 0 ? b->term[term].form : NULL;

    if (form ? form_find(form)->add_rows(b, term, 0, b->rows, now, e) : bundle_rows(b, 0, b->rows, now, e)) {
        free(now);
        return -1;
    }
    for (uint64_t i = 0; i < b->rows * b->cols; i++) {
        if (!gram)
            all += (double)w[i] * w[i];
        w[i] -= now[i];
        if (!gram)
            off += (double)w[i] * w[i];
    }
    if (gram)
        off = quad_gram(b->rows, b->cols, w, gram);
    t->measured = all > 0 ? off / all : 0;
    t->by_gram = gram != NULL;
    free(now);
    return 0;
}

static void drop_stale(struct bundle *b)
{
    static const char *const stale[] = {"score", "mask", "grad"};

    for (int i = 0; i < 3; i++)
        if (bundle_part(b, -1, stale[i]))
            bundle_drop_part(b, -1, stale[i]);
}

static int factor_rows(const struct factor_pass *p, struct bundle *b, int term, float *w, float *gram, struct factor_tally *t, struct err *e)
{
    uint64_t small = b->rows < b->cols ? b->rows : b->cols, rank = p->rank ? p->rank : factor_rank(b->rows, b->cols, p->keep);
    struct factor_job j = {b->name, b->rows, b->cols, rank < small ? rank : small, NULL, NULL, gram, p->alpha, p->exact, NULL, NULL, 0};
    enum dtype type = factor_type(p, b);
    uint64_t bytes = j.rank * (b->rows + b->cols) * (uint64_t)dtype_info(type)->bits / 8;
    float *absmean = NULL;
    double *wide;
    int rc = 0;

    if (p->method->kind == FACTOR_REPLACE && bytes >= value_bytes(b, term))
        return 0; /* a larger matrix than it was: it stays */
    if (p->method->needs & FACTOR_ABSMEAN && !(j.absmean = absmean = bundle_companion(b, "absmean", b->cols, e)))
        return -1;
    j.w = wide = mem_new(b->rows * b->cols, sizeof *wide);
    j.b = mem_new(b->rows * j.rank, sizeof *j.b);
    j.a = mem_new(j.rank * b->cols, sizeof *j.a);
    for (uint64_t i = 0; i < b->rows * b->cols; i++)
        wide[i] = w[i];
    rc = p->method->apply(&j, e);
    if (rc == 0) {
        put_product(b, p->method->kind, term, type, &j, w);
        drop_stale(b);
        t->rank = j.rank;
        t->predicted = j.lost;
        rc = measure(b, term, w, gram, t, e);
    }
    free(absmean);
    free(wide);
    free(j.b);
    free(j.a);
    return rc;
}

int factor_loaded(const struct factor_pass *p, struct bundle *b, struct factor_tally *t, struct err *e)
{
    int term = p->residual ? last_dense(b) : -1;
    float *w = NULL, *gram = NULL;
    int rc = 0;

    *t = (struct factor_tally){.before = value_bytes(b, -1)};
    if (p->residual && term < 0)
        rc = err_set(e, "there is no dense term beside another; wquant --residual adds one");
    if (rc == 0 && (bundle_part(b, -1, "gram") || p->method->needs & FACTOR_GRAM) &&
        !(gram = bundle_companion(b, "gram", b->cols * b->cols, e)))
        rc = -1;
    if (rc == 0) {
        w = mem_resize(NULL, b->rows * b->cols, sizeof *w);
        rc = get_rows(b, term, w, e) < 0 ? -1 : factor_rows(p, b, term, w, gram, t, e);
    }
    t->after = value_bytes(b, -1);
    free(w);
    free(gram);
    return rc < 0 ? err_in(e, "%s", b->name) : 0;
}

void factor_tally_line(struct buf *out, const struct bundle *b, const struct factor_tally *t)
{
    buf_printf(out, "%s\t%llu\t%llu\t", b->name, (unsigned long long)b->rows, (unsigned long long)b->cols);
    if (!t->rank)
        buf_printf(out, "-\t%llu\t%llu\t-\t-\t-\n", (unsigned long long)t->before, (unsigned long long)t->after);
    else
        buf_printf(out, "%llu\t%llu\t%llu\t%.6g\t%.6g\t%s\n", (unsigned long long)t->rank, (unsigned long long)t->before,
                   (unsigned long long)t->after, t->predicted, t->measured, t->by_gram ? "gram" : "weights");
}
