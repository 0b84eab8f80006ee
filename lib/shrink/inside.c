/* inside: which heads of a layer, or channels of a layer or expert, stay; and the linears that make and read them
 * without the others. */
#include <stdlib.h>
#include <string.h>

#include "la/quad.h"
#include "shrink/pass.h"
#include "shrink/refit.h"

/* What is held while the units of a group are chosen. */
struct inside {
    struct shrink_job j;
    const struct shrink_number *number;
    struct axes_units at; /* of the closing weight's columns */
    struct bundle *b;     /* the closing weight */
    float *w, *maker[AXES_MAKERS], *inputs, *norm2, *mean, *absmean;
    float *gram, *moments; /* moments: gram, or with a bias gram - mean mean' (owned then) */
    double *given;
    uint64_t *keep, left; /* units of the closing weight, outer * left of the number */
    int unseen;           /* of an expert that saw no token: nothing was measured */
};

static void inside_free(struct inside *x)
{
    free(x->w);
    for (int i = 0; i < AXES_MAKERS; i++)
        free(x->maker[i]);
    free(x->inputs);
    free(x->norm2);
    free(x->mean);
    free(x->absmean);
    if (x->moments != x->gram)
        free(x->moments);
    free(x->gram);
    free(x->given);
    free(x->j.score);
    free(x->keep);
}

static float *values(const struct bundle *b, struct err *e)
{
    float *w = mem_new(b->rows * b->cols, sizeof *w);

    if (bundle_rows(b, 0, b->rows, w, e) == 0)
        return w;
    free(w);
    err_in(e, "%s", b->name);
    return NULL;
}

/* The mean of the companion score over each unit: of weights, or of channels. */
static double *given(const struct bundle *b, uint64_t units, uint64_t width, struct err *e)
{
    const struct part *p = bundle_part(b, -1, "score");
    uint64_t rows = p && shape_count(&p->shape) == b->cols ? 1 : b->rows;
    float *v = bundle_companion(b, "score", rows * b->cols, e);
    double *mean = v ? mem_new(units, sizeof *mean) : NULL;

    for (uint64_t r = 0; v && r < rows; r++)
        for (uint64_t c = 0; c < b->cols; c++)
            mean[c / width] += (double)v[r * b->cols + c] / (double)(rows * width);
    free(v);
    return mean;
}

/* What is known of the inputs; with a bias, second moments are about the mean. */
static int companions(struct inside *x, unsigned needs, int bias, struct err *e)
{
    uint64_t n = x->b->cols;

    if (needs & SHRINK_NORM2 && !(x->norm2 = bundle_companion(x->b, "norm2", n, e)))
        return -1;
    if (needs & SHRINK_MEAN && !(x->mean = bundle_companion(x->b, "mean", n, e)))
        return -1;
    if (needs & SHRINK_ABSMEAN && !(x->absmean = bundle_companion(x->b, "absmean", n, e)))
        return -1;
    if ((needs & SHRINK_GRAM || bundle_part(x->b, -1, "gram")) && !(x->gram = bundle_companion(x->b, "gram", n * n, e)))
        return -1;
    x->moments = x->gram;
    if (bias && x->gram) {
        x->moments = mem_resize(NULL, n * n, sizeof *x->gram);
        memcpy(x->moments, x->gram, n * n * sizeof *x->gram);
        bias_centre(n, x->moments, x->mean);
    }
    return 0;
}

/* One more linear that makes the units; the first brings the gram of its inputs, which are the others', too. */
static int add_maker(struct inside *x, const struct shrink_pass *s, const struct arch_weight *w, unsigned needs,
                     struct err *e)
{
    struct shrink_job *j = &x->j;
    struct axes_units at[2];
    int held = held_find(&s->held, w->role, s->open_expert);
    const struct bundle *b = held < 0 ? NULL : &s->held.b[held];

    if (!b)
        return err_set(e, "layer %lld has no tensor of role %s before %s", (long long)x->b->layer, w->role, x->b->name);
    if (axes_units(&s->was, w, 0, b->layer, x->number->name, at, e) < 1 || at[0].axis != 0)
        return err_in(e, "%s", b->name);
    j->hidden = j->hidden ? j->hidden : b->cols;
    if (b->rows != j->units * at[0].inner || b->cols != j->hidden)
        return err_set(e,
                       "%s: it is [%llu, %llu], [%llu, %llu] is needed: what makes the units must read the same inputs",
                       b->name, (unsigned long long)b->rows, (unsigned long long)b->cols,
                       (unsigned long long)(j->units * at[0].inner), (unsigned long long)j->hidden);
    if (needs & SHRINK_INPUTS && !x->inputs && !(x->inputs = bundle_companion(b, "gram", b->cols * b->cols, e)))
        return err_in(e, "%s", b->name);
    if (!(x->maker[j->makers] = values(b, e)))
        return -1;
    j->inputs = x->inputs;
    j->maker[j->makers] = (struct shrink_maker){x->maker[j->makers], at[0].inner};
    j->makers++;
    return 0;
}

static int closing_weight(struct inside *x, struct shrink_pass *s, struct err *e)
{
    struct axes_units at[2];
    const struct arch_weight *w = s->open->closing;
    int n, held = held_find(&s->held, w->role, s->open_expert);

    if (held < 0)
        return err_set(e, "layer %lld has no tensor of role %s", (long long)s->held.b[0].layer, w->role);
    x->b = &s->held.b[held];
    x->number = shrink_number(s, s->open->number);
    if ((n = axes_units(&s->was, w, 0, x->b->layer, s->open->number, at, e)) < 1 || at[n - 1].axis != 1)
        return err_in(e, "%s", x->b->name);
    x->at = at[n - 1];
    if (x->b->cols != x->at.outer * x->at.n * x->at.inner || x->at.n != x->number->units)
        return err_set(
            e, "%s: it has %llu columns, the model's keys say %llu; layers of different sizes have no configuration",
            x->b->name, (unsigned long long)x->b->cols,
            (unsigned long long)(x->at.outer * x->number->units * x->at.inner));
    return 0;
}

/* Nothing is known of the inputs: a unit is worth what its columns are, the sum of their squares. */
static int by_weight(const struct inside *x)
{
    const struct shrink_job *j = &x->j;

    for (uint64_t i = 0; i < j->rows * x->b->cols; i++)
        j->score[i % x->b->cols / j->width] += (double)x->w[i] * (double)x->w[i];
    return 0;
}

/* Values, and what the method needs; of an expert that saw no token there is only the weight. */
static int inside_open(struct inside *x, struct shrink_pass *s, struct err *e)
{
    unsigned needs = s->what == SHRINK_HEADS ? s->method->needs_heads : s->method->needs_channels;

    if (closing_weight(x, s, e) < 0)
        return -1;
    x->j = (struct shrink_job){.what = s->what,
                               .units = x->at.outer * x->at.n,
                               .width = x->at.inner,
                               .rows = x->b->rows,
                               .layer = x->b->layer};
    x->left = x->at.outer * x->number->left;
    x->unseen = x->b->expert >= 0 && attrs_int(&x->b->more, "count", -1) == 0;
    x->j.score = mem_new(x->j.units, sizeof(double));
    x->j.remove = x->j.units - x->left;
    x->keep = mem_new(x->left, sizeof *x->keep);
    if (x->unseen) {
        x->mean = mem_new(x->b->cols, sizeof *x->mean);
        return (x->j.w = x->w = values(x->b, e)) ? by_weight(x) : -1;
    }
    if (companions(x, needs | (s->refit ? SHRINK_GRAM : 0) | (s->bias ? SHRINK_MEAN : 0), s->bias, e) < 0 ||
        (needs & SHRINK_SCORE && !(x->given = given(x->b, x->j.units, x->j.width, e))))
        return err_in(e, "%s", x->b->name);
    if (!(x->w = values(x->b, e)))
        return -1;
    x->j.w = x->w, x->j.norm2 = x->norm2, x->j.mean = x->mean, x->j.absmean = x->absmean, x->j.gram = x->moments,
    x->j.given = x->given;
    for (int i = 0; needs & SHRINK_MAKERS && i < s->open->makers; i++)
        if (add_maker(x, s, s->open->maker[i], needs, e) < 0)
            return -1;
    return 0;
}

/* The report's line; out: the closing linear's new weight, [rows][left * width]. */
static void tell(const struct shrink_pass *s, const struct inside *x, const struct cut *c, const float *out)
{
    uint64_t rows = x->j.rows, n = x->b->cols, left = c->n * c->width;
    float *d;
    double whole;

    if (!s->report)
        return;
    buf_printf(s->report, "%lld\t%s", (long long)x->b->layer, shrink_word(s->what));
    if (x->b->expert >= 0)
        buf_printf(s->report, "@%lld", (long long)x->b->expert);
    buf_printf(s->report, "\t%llu\t%llu\t", (unsigned long long)x->j.units, (unsigned long long)x->left);
    if (!x->gram) {
        buf_puts(s->report, "-\n");
        return;
    }
    d = mem_new(rows * n, sizeof *d);
    memcpy(d, x->w, rows * n * sizeof *d);
    for (uint64_t r = 0; r < rows; r++)
        for (uint64_t i = 0; i < left; i++)
            d[r * n + c->unit[i / c->width] * c->width + i % c->width] -= out[r * left + i];
    whole = quad_gram(rows, n, x->w, x->gram);
    buf_printf(s->report, "%.6g\n", whole > 0 ? quad_gram(rows, n, d, x->moments) / whole : 0);
    free(d);
}

/* The closing linear's columns, refitted or as they were. */
static float *closing(const struct shrink_pass *s, const struct inside *x, const struct cut *c, struct err *e)
{
    uint64_t left = c->n * c->width, *column;
    float *out;

    if (!s->refit || x->unseen)
        return cut_columns(x->w, x->j.rows, x->b->cols, c);
    column = mem_new(left, sizeof *column);
    for (uint64_t i = 0; i < left; i++)
        column[i] = c->unit[i / c->width] * c->width + i % c->width;
    out = mem_new(x->j.rows * left, sizeof *out);
    if (refit_columns(x->j.rows, x->b->cols, x->w, x->moments, column, left, out, e) < 0) {
        free(out);
        out = NULL;
    }
    free(column);
    return out;
}

/* Is the weight the group's, or one on which its number stands and that no other group has (norms of heads, sinks)? */
static int of_group(const struct shrink_pass *s, const struct arch_weight *w)
{
    int mine = 0, others = 0;

    for (int g = 0; g < s->groups; g++) {
        int in = w == s->group[g].closing;

        for (int i = 0; i < s->group[g].makers; i++)
            in |= w == s->group[g].maker[i];
        *(&s->group[g] == s->open ? &mine : &others) |= in;
    }
    return mine || (!others && (w->axes == 3) == (s->open->closing->axes == 3));
}

/* Everything held but the closing weight. */
static int cut_others(struct shrink_pass *s, const struct inside *x, struct err *e)
{
    struct shrink_number n = *x->number;

    for (int i = 0; i < s->held.n; i++) {
        struct bundle *b = &s->held.b[i];
        int bias;
        const struct arch_weight *w = b->role ? arch_weight(s->was.arch, b->role, &bias) : NULL;

        if (w && b != x->b && of_group(s, w) && shrink_cut(s, b, w, bias, &n, x->keep, e) < 0)
            return -1;
    }
    return 0;
}

int shrink_group(struct shrink_pass *s, struct err *e)
{
    struct inside x = {0};
    struct cut c;
    float *out = NULL, *lost = NULL;
    int rc = inside_open(&x, s, e);

    if (rc == 0 && ((!x.unseen && s->method->apply(&x.j, e) < 0) || shrink_choose(&x.j, x.keep, e) < 0))
        rc = err_in(e, "%s", x.b->name);
    c = (struct cut){x.keep, x.left, x.j.width};
    if (rc == 0 && !(out = closing(s, &x, &c, e)))
        rc = err_in(e, "%s", x.b->name);
    if (rc == 0) {
        tell(s, &x, &c, out);
        if (s->bias)
            lost = bias_lost(x.j.rows, x.b->cols, x.w, x.mean, &c, out);
        rc = cut_bundle(x.b, NULL, &c, out, e) < 0 ? err_in(e, "%s", x.b->name) : 0;
    }
    if (rc == 0)
        rc = cut_others(s, &x, e);
    if (rc == 0 && s->bias)
        rc = bias_add(&s->held, s->open, s->open_expert, lost, e);
    free(lost);
    free(out);
    inside_free(&x);
    return rc;
}
