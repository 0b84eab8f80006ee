#include "factor/group.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/progress.h"
#include "tensor/describe.h"

struct group {
    struct factor_pass *p;
    const struct select *sel;
    struct writer *out;
    struct reader *in;
    struct buf *report;
    struct bundle *b;           /* [n], loaded, in the order of the stream */
    struct factor_tally *tally; /* [n] */
    uint8_t *chosen;            /* [n] */
    int n;
};

static int is_chosen(const struct group *g, const struct bundle *b)
{
    return select_match(g->sel, b) && b->shape.rank >= 2 && b->role && b->layer >= 0;
}

static uint64_t bytes_of(const struct bundle *b)
{
    return describe_bytes(b, 0);
}

/* The role's value as a combination; atoms are in first, or NULL: this is the first. */
static void put_mix(struct bundle *b, struct bundle *first, enum dtype type, const struct factor_atoms *f,
                    uint64_t layer)
{
    struct shape count = {1, {f->count}}, all = {2, {f->count * b->rows, b->cols}};
    float *v = mem_resize(NULL, f->count * f->n, sizeof *v);
    int t;

    bundle_clear_value(b);
    t = bundle_add_term(b, "mix");
    for (uint64_t s = 0; s < f->count; s++)
        v[s] = (float)f->coefficients[layer * f->count + s];
    dtype_from_f32(DT_F32, v, bundle_add_part(b, t, "coefficients", DT_F32, &count)->data, f->count);
    if (first) {
        bundle_lend_part(b, t, first, t, "atoms");
    } else {
        for (uint64_t i = 0; i < f->count * f->n; i++)
            v[i] = (float)f->atoms[i];
        dtype_from_f32(type, v, bundle_add_part(b, t, "atoms", type, &all)->data, f->count * f->n);
    }
    bundle_drop_stale(b);
    free(v);
}

static int measure(struct bundle *b, const float *w, struct factor_tally *t, struct err *e)
{
    float *copy = mem_resize(NULL, b->rows * b->cols, sizeof *copy), *gram = NULL;
    int rc = 0;

    memcpy(copy, w, b->rows * b->cols * sizeof *copy);
    if (bundle_part(b, -1, "gram") && !(gram = bundle_companion(b, "gram", b->cols * b->cols, e)))
        rc = -1;
    if (rc == 0)
        rc = factor_measure(b, 0, copy, gram, t, e);
    free(gram);
    free(copy);
    return rc;
}

/* The weights at[] of one role: fit, put, measure. */
static int mix(struct group *g, const int *at, uint64_t layers, uint64_t count, enum dtype type, float **w,
               struct err *e)
{
    struct bundle *first = &g->b[at[0]];
    struct factor_atoms f = {layers,
                             first->rows * first->cols,
                             count,
                             (const float *const *)w,
                             NULL,
                             mem_new(layers, count * sizeof(double)),
                             mem_new(layers, sizeof(double))};
    int rc;

    f.atoms = mem_new(count, f.n * sizeof *f.atoms);
    rc = factor_masa_fit(&f, e);
    for (uint64_t l = 0; l < layers && rc == 0; l++) {
        struct bundle *b = &g->b[at[l]];
        struct factor_tally *t = &g->tally[at[l]];

        put_mix(b, l ? first : NULL, type, &f, l);
        t->done = 1;
        t->rank = count;
        t->predicted = f.lost[l];
        t->after = count * sizeof(float) + (l ? 0 : count * f.n * (uint64_t)dtype_info(type)->bits / 8);
        rc = measure(b, w[l], t, e) < 0 ? err_in(e, "%s", b->name) : 0;
    }
    free(f.atoms);
    free(f.coefficients);
    free(f.lost);
    return rc;
}

static int get_weights(const struct group *g, const int *at, uint64_t layers, float **w, struct err *e)
{
    const struct bundle *first = &g->b[at[0]];
    char a[200], c[200];

    for (uint64_t l = 0; l < layers; l++) {
        const struct bundle *b = &g->b[at[l]];

        if (!shape_equal(&b->shape, &first->shape))
            return err_set(e, "%s is %s, %s is %s: atoms are of one shape", b->name, shape_text(&b->shape, a),
                           first->name, shape_text(&first->shape, c));
        w[l] = mem_resize(NULL, b->rows * b->cols, sizeof **w);
        if (factor_weights(b, -1, w[l], e) < 0)
            return err_in(e, "%s", b->name);
    }
    return 0;
}

static int one_role(struct group *g, const int *at, uint64_t layers, struct err *e)
{
    const struct bundle *first = &g->b[at[0]];
    enum dtype type = factor_type(g->p, first);
    uint64_t count = g->p->rank ? g->p->rank : (uint64_t)floor(g->p->keep * (double)layers), before = 0;
    float **w = mem_new(layers, sizeof *w);
    int rc;

    count = count ? count : 1;
    for (uint64_t l = 0; l < layers; l++) {
        g->tally[at[l]].before = g->tally[at[l]].after = bytes_of(&g->b[at[l]]);
        before += g->tally[at[l]].before;
    }
    rc = get_weights(g, at, layers, w, e);
    if (rc == 0 && layers > 1 &&
        count * first->rows * first->cols * (uint64_t)dtype_info(type)->bits / 8 + layers * count * sizeof(float) <
            before)
        rc = mix(g, at, layers, count, type, w, e);
    for (uint64_t l = 0; l < layers; l++)
        free(w[l]);
    free(w);
    return rc;
}

/* All roles of the group, then it goes out. */
static int flush(struct group *g, struct err *e)
{
    int *at = mem_new((size_t)g->n + 1, sizeof *at), rc = 0;
    uint8_t *done = mem_new((size_t)g->n + 1, 1);

    for (int i = 0; i < g->n && rc == 0; i++) {
        uint64_t layers = 0;

        for (int k = i; k < g->n; k++)
            if (!done[k] && g->chosen[i] && g->chosen[k] && strcmp(g->b[i].role, g->b[k].role) == 0) {
                at[layers++] = k;
                done[k] = 1;
            }
        if (layers)
            rc = one_role(g, at, layers, e);
    }
    for (int i = 0; i < g->n; i++) {
        if (rc == 0 && g->chosen[i]) {
            factor_tally_line(g->report, &g->b[i], &g->tally[i]);
            g->p->done += (uint64_t)g->tally[i].done;
        }
        if (rc == 0 && g->out)
            rc = bundle_write(g->out, g->in, &g->b[i], e);
        bundle_free(&g->b[i]);
    }
    g->n = 0;
    free(at);
    free(done);
    return rc;
}

static int hold(struct group *g, struct bundle *b, int chosen, struct err *e)
{
    if (bundle_load(g->in, b, e) < 0)
        return err_in(e, "%s", b->name);
    g->b = mem_resize(g->b, (size_t)g->n + 1, sizeof *g->b);
    g->tally = mem_resize(g->tally, (size_t)g->n + 1, sizeof *g->tally);
    g->chosen = mem_resize(g->chosen, (size_t)g->n + 1, 1);
    g->tally[g->n] = (struct factor_tally){0};
    g->chosen[g->n] = (uint8_t)chosen;
    g->b[g->n++] = *b;
    *b = (struct bundle){0};
    return 0;
}

/* Does b belong with what is held? */
static int same_group(const struct group *g, const struct bundle *b)
{
    const struct bundle *first = &g->b[0];
    uint64_t span = factor_masa_span();

    return g->n && b->layer >= 0 && b->segment == first->segment &&
           (!span || (uint64_t)b->layer / span == (uint64_t)first->layer / span);
}

int factor_groups(struct factor_pass *p, const struct select *sel, struct reader *in, struct writer *out,
                  struct buf *report, struct err *e)
{
    struct group g = {.p = p, .sel = sel, .out = out, .in = in, .report = report};
    struct bundle b = {0};
    int got;

    while ((got = bundle_read(in, &b, e)) > 0) {
        int chosen = is_chosen(&g, &b);

        progress_step(1, describe_bytes(&b, 0));
        if ((g.n && !same_group(&g, &b) && flush(&g, e) < 0) || (b.layer >= 0 ? hold(&g, &b, chosen, e)
                                                                 : out        ? bundle_write(out, in, &b, e)
                                                                              : 0) < 0) {
            got = -1;
            break;
        }
    }
    if (got == 0)
        got = flush(&g, e);
    for (int i = 0; i < g.n; i++)
        bundle_free(&g.b[i]);
    bundle_free(&b);
    free(g.b);
    free(g.tally);
    free(g.chosen);
    return got;
}
