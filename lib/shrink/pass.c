#include "shrink/pass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "la/quad.h"
#include "run/block.h"
#include "shrink/bias.h"
#include "shrink/refit.h"

/* Does the architecture's configuration say this size by itself? */
static int has_key(const struct arch *a, const char *ours)
{
    for (const struct arch_key *k = a->keys; k->ours; k++)
        if (strcmp(k->ours, ours) == 0)
            return 1;
    return 0;
}

/* The linear that reads heads or channels. */
static const char *closer(unsigned what)
{
    return what == SHRINK_HEADS ? "attn.o" : "mlp.down";
}

int shrink_plan(struct shrink_pass *s, const struct attrs *model, struct err *e)
{
    if (arch_params(model, &s->p, e) < 0)
        return -1;
    if (s->what & (SHRINK_HEADS | SHRINK_HIDDEN) && !has_key(arch_find(s->p.arch), "head_dim"))
        return err_set(e, "--what %s: the configuration of architecture '%s' has no size of a head of its own, so it cannot say what is left",
                       shrink_word(s->what), s->p.arch);
    s->units = (uint64_t)(s->what == SHRINK_LAYERS ? s->p.layers : s->what == SHRINK_HEADS ? s->p.kv_heads
                          : s->what == SHRINK_CHANNELS ? s->p.intermediate : s->p.hidden);
    s->left = s->units - shrink_count(s->units, s->share, s->align);
    return 0;
}

void shrink_model(const struct shrink_pass *s, struct attrs *model)
{
    int64_t left = (int64_t)s->left;

    if (s->left == s->units)
        return;
    if (s->what == SHRINK_LAYERS)
        attrs_set_int(model, "layers", left);
    if (s->what == SHRINK_CHANNELS)
        attrs_set_int(model, "intermediate", left);
    if (s->what == SHRINK_HIDDEN)
        attrs_set_int(model, "hidden", left);
    if (s->what == SHRINK_HEADS) {
        attrs_set_int(model, "heads", s->p.heads / s->p.kv_heads * left);
        attrs_set_int(model, "kv_heads", left);
    }
    if (s->what & (SHRINK_HEADS | SHRINK_HIDDEN))
        attrs_set_int(model, "head_dim", s->p.head_dim); /* configurations that leave it out mean hidden / heads */
    if (s->bias && bias_key(arch_find(s->p.arch), closer(s->what)))
        attrs_set_bool(model, bias_key(arch_find(s->p.arch), closer(s->what)), 1);
}

/* ".3." in a name becomes ".2.": the first that is the layer. */
static int renumber(struct bundle *b, int64_t to, struct err *e)
{
    char was[32];
    char *at, *name;

    snprintf(was, sizeof was, ".%lld.", (long long)b->layer);
    if (!(at = strstr(b->name, was)))
        return err_set(e, "%s: has no '%s' in its name, so its layer cannot be renumbered", b->name, was);
    name = mem_printf("%.*s.%lld.%s", (int)(at - b->name), b->name, (long long)to, at + strlen(was));
    free(b->name);
    b->name = name;
    b->layer = to;
    b->touched = 1;
    return 0;
}

static int drop_layer(struct shrink_pass *s, struct feed *f, struct err *e)
{
    for (uint64_t i = 0; i < s->left; i++)
        if (s->keep[i] == (uint64_t)f->b[0].layer) {
            for (int k = 0; k < f->n && s->keep[i] != i; k++)
                if (renumber(&f->b[k], (int64_t)i, e) < 0)
                    return -1;
            return 1;
        }
    if (s->report)
        buf_printf(s->report, "%lld\tlayers\t1\t0\t-\n", (long long)f->b[0].layer);
    return 0;
}

/* Cut what bears the size 'letter' of the architecture's table. closed: index of a bundle that has been cut already, or -1. */
static int cut_letter(const struct block_kind *kind, struct feed *f, char letter, const struct cut *c, int closed, struct err *e)
{
    for (int i = 0; i < f->n; i++) {
        struct bundle *b = &f->b[i];
        int bias = 0, slot = block_slot(kind, b->role, &bias), rows, cols;

        if (slot < 0 || i == closed)
            continue;
        rows = kind->slots[slot].rows == letter;
        cols = kind->slots[slot].cols == letter;
        if (bias) { /* one row, as long as the weight has rows (a norm's: columns) */
            cols = rows || (cols && kind->slots[slot].rows == '1');
            rows = 0;
        }
        if ((rows || cols) && cut_bundle(b, rows ? c : NULL, cols ? c : NULL, NULL, e) < 0)
            return err_in(e, "%s", b->name);
    }
    return 0;
}

static int find_role(const struct feed *f, const char *role)
{
    for (int i = 0; i < f->n; i++)
        if (f->b[i].role && strcmp(f->b[i].role, role) == 0)
            return i;
    return -1;
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

/* What is held while heads or channels of a layer are chosen. */
struct inside {
    struct shrink_job j;
    struct bundle *b; /* attn.o or mlp.down */
    float *w, *maker[3], *inputs, *norm2, *mean, *absmean;
    float *gram, *moments; /* moments: gram, or with a bias gram - mean mean' (owned then) */
    double *given;
    uint64_t *keep;
};

static void inside_free(struct inside *x)
{
    free(x->w);
    for (int i = 0; i < 3; i++)
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
static int add_maker(struct inside *x, const struct bundle *b, uint64_t width, unsigned needs, struct err *e)
{
    struct shrink_job *j = &x->j;

    if (b->rows != j->units * width || b->cols != j->hidden)
        return err_set(e, "%s: it is [%llu, %llu], by the model's keys [%llu, %llu]", b->name, (unsigned long long)b->rows,
                       (unsigned long long)b->cols, (unsigned long long)(j->units * width), (unsigned long long)j->hidden);
    if (needs & SHRINK_INPUTS && !x->inputs && !(x->inputs = bundle_companion(b, "gram", b->cols * b->cols, e)))
        return err_in(e, "%s", b->name);
    if (!(x->maker[j->makers] = values(b, e)))
        return -1;
    j->inputs = x->inputs;
    j->maker[j->makers] = (struct shrink_maker){x->maker[j->makers], width};
    j->makers++;
    return 0;
}

static int makers(struct inside *x, const struct shrink_pass *s, const struct feed *f, unsigned needs, struct err *e)
{
    static const char *const of_heads[] = {"attn.q", "attn.k", "attn.v", NULL}, *const of_channels[] = {"mlp.up", "mlp.gate", NULL};
    int heads = s->what == SHRINK_HEADS;

    for (const char *const *role = heads ? of_heads : of_channels; *role; role++) {
        int at = find_role(f, *role);
        uint64_t width = heads && role != of_heads ? (uint64_t)s->p.head_dim : x->j.width; /* of k and v one head, of q all that share them */

        if (block_slot(arch_find(s->p.arch)->block, *role, NULL) < 0)
            continue;
        if (at < 0)
            return err_set(e, "layer %lld has no tensor of role %s", (long long)x->b->layer, *role);
        if (add_maker(x, &f->b[at], width, needs, e) < 0)
            return -1;
    }
    return 0;
}

static int inside_open(struct inside *x, const struct shrink_pass *s, struct feed *f, struct err *e)
{
    int heads = s->what == SHRINK_HEADS, at = find_role(f, closer(s->what));
    unsigned needs = heads ? s->method->needs_heads : s->method->needs_channels;
    uint64_t width = heads ? (uint64_t)(s->p.heads / s->p.kv_heads * s->p.head_dim) : 1;

    if (at < 0)
        return err_set(e, "layer %lld has no tensor of role %s", (long long)f->b[0].layer, closer(s->what));
    x->b = &f->b[at];
    if (x->b->cols != s->units * width)
        return err_set(e, "%s: it has %llu columns, the model's keys say %llu; layers of different sizes have no configuration", x->b->name,
                       (unsigned long long)x->b->cols, (unsigned long long)(s->units * width));
    if (companions(x, needs | (s->refit ? SHRINK_GRAM : 0) | (s->bias ? SHRINK_MEAN : 0), s->bias, e) < 0 ||
        (needs & SHRINK_SCORE && !(x->given = given(x->b, s->units, width, e))))
        return err_in(e, "%s", x->b->name);
    if (!(x->w = values(x->b, e)))
        return -1;
    x->j = (struct shrink_job){.what = s->what, .units = s->units, .width = width, .rows = x->b->rows, .w = x->w, .hidden = (uint64_t)s->p.hidden,
                               .norm2 = x->norm2, .mean = x->mean, .absmean = x->absmean, .gram = x->moments, .given = x->given,
                               .score = mem_new(s->units, sizeof(double)), .remove = s->units - s->left};
    x->keep = mem_new(s->left, sizeof *x->keep);
    return needs & SHRINK_MAKERS ? makers(x, s, f, needs, e) : 0;
}

/* The report's line; out: the closing linear's new weight, [rows][left * width]. */
static void tell(const struct shrink_pass *s, const struct inside *x, const struct cut *c, const float *out)
{
    uint64_t rows = x->j.rows, n = x->b->cols, left = c->n * c->width;
    float *d;
    double whole;

    if (!s->report)
        return;
    buf_printf(s->report, "%lld\t%s\t%llu\t%llu\t", (long long)x->b->layer, shrink_word(s->what), (unsigned long long)s->units,
               (unsigned long long)s->left);
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

    if (!s->refit)
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

/* Heads or channels of one layer. */
static int shrink_layer(struct shrink_pass *s, struct feed *f, struct err *e)
{
    const struct block_kind *kind = arch_find(s->p.arch)->block;
    struct inside x = {0};
    struct cut c, keys;
    float *out = NULL, *lost = NULL;
    int rc = inside_open(&x, s, f, e);

    if (rc == 0 && (s->method->apply(&x.j, e) < 0 || shrink_choose(&x.j, x.keep, e) < 0))
        rc = err_in(e, "%s", x.b->name);
    c = (struct cut){x.keep, s->left, x.j.width};
    keys = (struct cut){x.keep, s->left, (uint64_t)s->p.head_dim};
    if (rc == 0 && !(out = closing(s, &x, &c, e)))
        rc = err_in(e, "%s", x.b->name);
    if (rc == 0) {
        tell(s, &x, &c, out);
        if (s->bias)
            lost = bias_lost(x.j.rows, x.b->cols, x.w, x.mean, &c, out);
        rc = cut_bundle(x.b, NULL, &c, out, e) < 0 ? err_in(e, "%s", x.b->name) : 0;
    }
    if (rc == 0)
        rc = cut_letter(kind, f, s->what == SHRINK_HEADS ? 'q' : 'i', &c, (int)(x.b - f->b), e);
    if (rc == 0 && s->what == SHRINK_HEADS)
        rc = cut_letter(kind, f, 'k', &keys, -1, e);
    if (rc == 0 && s->bias)
        rc = bias_add(f, arch_find(s->p.arch), closer(s->what), lost, e);
    free(lost);
    free(out);
    inside_free(&x);
    return rc < 0 ? -1 : 1;
}

static int shrink_hidden(const struct shrink_pass *s, struct feed *f, struct err *e)
{
    struct cut c = {s->keep, s->left, 1};
    struct bundle *b = &f->b[0];

    if (b->layer >= 0)
        return cut_letter(arch_find(s->p.arch)->block, f, 'h', &c, -1, e) < 0 ? -1 : 1;
    return cut_bundle(b, NULL, &c, NULL, e) < 0 ? err_in(e, "%s", b->name) : 1; /* embed, pos, norms, head: columns */
}

int shrink_unit(struct shrink_pass *s, struct feed *f, struct err *e)
{
    if (s->left == s->units)
        return 1;
    if (s->what == SHRINK_HIDDEN)
        return shrink_hidden(s, f, e);
    if (f->b[0].layer < 0)
        return 1;
    return s->what == SHRINK_LAYERS ? drop_layer(s, f, e) : shrink_layer(s, f, e);
}
