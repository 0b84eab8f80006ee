#include "alloc/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "base/target.h"
#include "tensor/describe.h"

static const char *const kinds[] = {"sparsity", "type", "rank"}; /* bit i of enum alloc_kind */

const char *alloc_kinds(const struct alloc_method *m, char *out)
{
    out[0] = '\0';
    for (int k = 0; k < 3; k++)
        if (m->kinds & 1u << k)
            strcat(strcat(out, out[0] ? "," : ""), kinds[k]);
    return out;
}

static const char *column(const struct alloc_job *j)
{
    return j->kind == ALLOC_SPARSITY ? kinds[0] : j->kind == ALLOC_TYPE ? kinds[1] : kinds[2];
}

int alloc_check(const struct alloc_pass *p, struct err *e)
{
    if (p->method->kinds & p->job.kind)
        return 0;
    return err_set(e, "-m %s does not share out a %s; --list says what a method shares out", p->method->name,
                   column(&p->job));
}

/* Of every tensor, chosen or not: its size, and the angle of a layer that begins. */
static void note(struct alloc_pass *p, const struct bundle *b)
{
    p->others += (double)describe_bytes(b, 0);
    if (b->layer != p->layer) {
        p->layer = b->layer;
        p->angle = NAN;
    }
    if (attrs_find(&b->more, "angle"))
        p->angle = attrs_f64(&b->more, "angle", NAN);
}

struct loaded {
    struct alloc_view v;
    float *w, *norm2, *mean, *gram;
};

static void loaded_free(struct loaded *l)
{
    free(l->w);
    free(l->norm2);
    free(l->mean);
    free(l->gram);
}

/* A companion that is needed, or wanted where it is there. */
static int get(const struct bundle *b, const char *name, uint64_t n, int need, int want, float **own, struct err *e)
{
    if (need || (want && bundle_part(b, -1, name)))
        *own = bundle_companion(b, name, n, e);
    return need && !*own ? -1 : 0;
}

static int get_weights(struct loaded *l, struct err *e)
{
    const struct bundle *b = l->v.b;

    l->v.w = l->w = mem_new(b->rows * b->cols, sizeof *l->w);
    if (bundle_rows(b, 0, b->rows, l->w, e) < 0)
        return -1;
    for (uint64_t i = 0; i < b->rows * b->cols; i++)
        if (!isfinite(l->w[i]))
            return err_set(e, "weight [%llu, %llu] is %g; weights must be finite", (unsigned long long)(i / b->cols),
                           (unsigned long long)(i % b->cols), (double)l->w[i]);
    return 0;
}

static int get_known(struct loaded *l, unsigned needs, struct err *e)
{
    const struct bundle *b = l->v.b;
    int wants = (needs & ALLOC_INPUTS) != 0;

    if (get(b, "norm2", b->cols, needs & ALLOC_NORM2, wants, &l->norm2, e) < 0 ||
        get(b, "mean", b->cols, needs & ALLOC_MEAN, 0, &l->mean, e) < 0)
        return -1;
    l->v.norm2 = l->norm2;
    l->v.mean = l->mean;
    if (!(needs & ALLOC_GRAM) && !(wants && bundle_part(b, -1, "gram")))
        return 0;
    return (l->v.gram = bundle_companion_view(b, "gram", b->cols * b->cols, &l->gram, e)) ? 0 : -1;
}

/* The chosen tensor that in stands at. */
static int tensor(struct alloc_pass *p, struct reader *in, struct bundle *b, struct err *e)
{
    struct loaded l = {.v.b = b};
    struct alloc_tensor *t;
    unsigned needs = p->method->measured && *p->method->measured ? 0 : p->method->needs;
    int sees = p->method->see != NULL, rc = 0;

    if (b->shape.rank < 2 || b->rows * b->cols == 0)
        return 0;
    p->others -= (double)describe_bytes(b, 0);
    t = alloc_add(&p->job, b->name, b->rows, b->cols);
    t->layer = b->layer;
    t->angle = b->layer >= 0 ? p->angle : NAN;
    if (b->role && strlen(b->role) < sizeof t->role)
        strcpy(t->role, b->role);
    if (sees && needs && bundle_load(in, b, e) < 0)
        return -1;
    if (needs & ALLOC_WEIGHTS)
        rc = get_weights(&l, e);
    if (rc == 0)
        rc = get_known(&l, needs, e);
    if (rc == 0 && sees)
        rc = p->method->see(&p->job, t, &l.v, e);
    loaded_free(&l);
    return rc < 0 ? err_in(e, "%s", b->name) : 0;
}

int alloc_stream(struct alloc_pass *p, const struct select *sel, struct reader *in, struct err *e)
{
    struct bundle b = {0};
    int got, rc = 0;

    progress_total(reader_head(in)->tensors, reader_head(in)->bytes);
    while (rc == 0 && (got = bundle_read(in, &b, e)) > 0) {
        progress_step(1, describe_bytes(&b, 0));
        note(p, &b);
        rc = select_match(sel, &b) ? tensor(p, in, &b, e) : 0;
    }
    progress_end();
    bundle_free(&b);
    return rc < 0 ? -1 : got;
}

int alloc_decide(struct alloc_pass *p, double bits, double size, struct err *e)
{
    double weights = 0;

    for (int i = 0; i < p->job.n; i++)
        weights += alloc_weights(&p->job.t[i]);
    if (size > 0 && p->others > size)
        return err_set(e, "--size %.0f: the tensors that are not chosen take %.0f bytes", size, p->others);
    if (p->job.kind == ALLOC_TYPE)
        p->job.target = size > 0 ? size - p->others : bits * weights / 8;
    return p->method->decide(&p->job, e);
}

static void put_choice(const struct alloc_pass *p, struct buf *out, const struct alloc_tensor *t, uint64_t choice,
                       double share)
{
    buf_printf(out, "%s\t", describe_name(t->name));
    if (p->job.kind == ALLOC_SPARSITY)
        buf_printf(out, "%.12g", share);
    else if (p->job.kind == ALLOC_TYPE)
        buf_puts(out, p->job.type[choice]);
    else if (choice == ALLOC_DENSE || choice == 0)
        buf_puts(out, "-");
    else
        buf_printf(out, "%llu", (unsigned long long)choice);
    buf_printf(out, "\t%.0f", alloc_weights(t));
}

static double bytes_of(const struct alloc_tensor *t)
{
    for (int i = 0; i < t->points; i++)
        if (t->point[i].choice == t->choice)
            return t->point[i].cost;
    return 0;
}

void alloc_table_put(const struct alloc_pass *p, struct buf *out)
{
    int types = p->job.kind == ALLOC_TYPE;

    buf_printf(out, "tensor\t%s\tweights%s\tloss\n", column(&p->job), types ? "\tbytes" : "");
    for (int i = 0; i < p->job.n; i++) {
        const struct alloc_tensor *t = &p->job.t[i];

        put_choice(p, out, t, t->choice, t->share);
        if (types)
            buf_printf(out, "\t%.0f", bytes_of(t));
        buf_printf(out, isnan(t->loss) ? "\t-\n" : "\t%.6g\n", t->loss);
    }
}

static void losses_put(const struct alloc_pass *p, struct buf *out)
{
    buf_printf(out, "tensor\t%s\tweights\tcost\tloss\tenergy\n", column(&p->job));
    for (int i = 0; i < p->job.n; i++)
        for (int k = 0; k < p->job.t[i].points; k++) {
            const struct alloc_point *q = &p->job.t[i].point[k];

            put_choice(p, out, &p->job.t[i], q->choice, 1 - q->cost / alloc_weights(&p->job.t[i]));
            buf_printf(out, "\t%.12g\t%.6g\t%.6g\n", q->cost, q->loss, p->job.t[i].whole);
        }
}

int alloc_losses_put(const struct alloc_pass *p, struct err *e)
{
    const char *path = p->method->losses ? *p->method->losses : NULL;
    struct buf text = {0};
    int rc;

    if (!path)
        return 0;
    losses_put(p, &text);
    rc = target_put(path, text.data, text.len, e);
    buf_free(&text);
    return rc;
}
