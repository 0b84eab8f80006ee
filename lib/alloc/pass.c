#include "alloc/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/describe.h"

static const char *const kinds[] = {"sparsity", "type", "rank"}; /* bit i of enum alloc_kind */

void alloc_list(struct buf *out)
{
    for (int i = 0; alloc_table[i]; i++) {
        const char *comma = "";

        buf_printf(out, "%s\t", alloc_table[i]->name);
        for (int k = 0; k < 3; k++)
            if (alloc_table[i]->kinds & 1u << k) {
                buf_printf(out, "%s%s", comma, kinds[k]);
                comma = ",";
            }
        buf_printf(out, "\t%s\n", alloc_table[i]->brief);
    }
}

static const char *column(const struct alloc_job *j)
{
    return j->kind == ALLOC_SPARSITY ? kinds[0] : j->kind == ALLOC_TYPE ? kinds[1] : kinds[2];
}

int alloc_check(struct alloc_pass *p, const char *unit, const char *weigh, struct err *e)
{
    static const char *const weighs[] = {"turn", "size", "share", "energy"}; /* as enum alloc_weigh */
    struct alloc_job *j = &p->job;
    int w = 0;

    j->by_tensor = strcmp(unit, "tensor") == 0;
    if (!j->by_tensor && strcmp(unit, "layer") != 0)
        return err_set(e, "--unit '%s' is neither layer nor tensor", unit);
    while (w <= ALLOC_ENERGY && strcmp(weigh, weighs[w]) != 0)
        w++;
    if (w > ALLOC_ENERGY)
        return err_set(e, "--weigh '%s' is none of turn, size, share, energy", weigh);
    j->weigh = (enum alloc_weigh)w;
    if (!(j->outlier > 0 && j->width >= 0 && j->sharpness >= 0 && j->rho > 0))
        return err_set(e, "--outlier %g and --rho %g are to be above 0, --lambda %g and --sharpness %g not below it",
                       j->outlier, j->rho, j->width, j->sharpness);
    if (!(p->method->kinds & j->kind))
        return err_set(e, "-m %s does not share out a %s; --list says what a method shares out", p->method->name,
                       column(j));
    return 0;
}

void alloc_note(struct alloc_pass *p, const struct bundle *b)
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

/* The measure of error takes what there is: the gram, or norm2, or nothing. */
static int get_known(struct loaded *l, unsigned needs, int measures, struct err *e)
{
    const struct bundle *b = l->v.b;

    if (get(b, "norm2", b->cols, needs & ALLOC_NORM2, measures, &l->norm2, e) < 0 ||
        get(b, "mean", b->cols, needs & ALLOC_MEAN, 0, &l->mean, e) < 0)
        return -1;
    l->v.norm2 = l->norm2;
    l->v.mean = l->mean;
    if (!(needs & ALLOC_GRAM) && !(measures && bundle_part(b, -1, "gram")))
        return 0;
    return (l->v.gram = bundle_companion_view(b, "gram", b->cols * b->cols, &l->gram, e)) ? 0 : -1;
}

int alloc_tensor(struct alloc_pass *p, struct reader *in, struct bundle *b, struct err *e)
{
    struct loaded l = {.v.b = b};
    struct alloc_tensor *t;
    int sees = p->method->see != NULL, measures = p->method == &alloc_error, rc = 0;

    if (b->shape.rank < 2 || b->rows * b->cols == 0)
        return 0;
    p->others -= (double)describe_bytes(b, 0);
    t = alloc_add(&p->job, b->name, b->rows, b->cols);
    t->layer = b->layer;
    t->angle = b->layer >= 0 ? p->angle : NAN;
    if (b->role && strlen(b->role) < sizeof t->role)
        strcpy(t->role, b->role);
    if (sees && p->method->needs && bundle_load(in, b, e) < 0)
        return -1;
    if (p->method->needs & ALLOC_WEIGHTS)
        rc = get_weights(&l, e);
    if (rc == 0)
        rc = get_known(&l, p->method->needs, measures, e);
    if (rc == 0 && sees)
        rc = p->method->see(&p->job, t, &l.v, e);
    loaded_free(&l);
    return rc < 0 ? err_in(e, "%s", b->name) : 0;
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
        buf_puts(out, p->type[choice]);
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

void alloc_losses_put(const struct alloc_pass *p, struct buf *out)
{
    buf_printf(out, "tensor\t%s\tweights\tcost\tloss\n", column(&p->job));
    for (int i = 0; i < p->job.n; i++)
        for (int k = 0; k < p->job.t[i].points; k++) {
            const struct alloc_point *q = &p->job.t[i].point[k];

            put_choice(p, out, &p->job.t[i], q->choice, 1 - q->cost / alloc_weights(&p->job.t[i]));
            buf_printf(out, "\t%.12g\t%.6g\n", q->cost, q->loss);
        }
}
