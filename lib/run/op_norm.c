/* op_norm: rmsnorm (Zhang and Sennrich 2019) and layernorm (Ba et al. 2016), over the whole row or over each piece of
 * it. */
#include <math.h>
#include <stdlib.h>

#include "base/par.h"
#include "num/kern.h"
#include "run/op.h"

/* width values in pieces of n, with gains w (and b) that are n or width long. */
struct norm {
    const float *x, *w, *b;
    float *y;
    int64_t width, n, gains;
    double eps;
};

static void rms_row(void *ctx, size_t t)
{
    const struct norm *m = ctx;

    for (int64_t i = 0; i < m->width; i += m->n) {
        size_t at = t * (size_t)m->width + (size_t)i;

        kern_rmsnorm(m->x + at, m->w + (m->gains > m->n ? i : 0), m->y + at, (size_t)m->n, m->eps);
    }
}

static void layer_row(void *ctx, size_t t)
{
    const struct norm *m = ctx;

    for (int64_t i = 0; i < m->width; i += m->n) {
        size_t at = t * (size_t)m->width + (size_t)i, gain = m->gains > m->n ? (size_t)i : 0;

        kern_layernorm(m->x + at, m->w + gain, m->b ? m->b + gain : NULL, m->y + at, (size_t)m->n, m->eps);
    }
}

static int check(const struct op *o, const struct op_size *in, int64_t n, struct err *e)
{
    if (in->width % o->w->cols != 0 || in->width % n != 0 || (o->w->cols % n != 0))
        return err_set(e, "%s has %lld values, what it norms is %lld wide%s", o->step->weight->role,
                       (long long)o->w->cols, (long long)in->width, n != o->w->cols ? " in groups" : "");
    if (o->w->bias && o->w->bias_n != o->w->cols)
        return err_set(e, "%s has %lld values, its bias %lld", o->step->weight->role, (long long)o->w->cols,
                       (long long)o->w->bias_n);
    return 0;
}

int op_shape_rmsnorm(struct op *o, struct op_size *size, struct err *e)
{
    if (o->w->bias)
        return err_set(e, "a norm has a bias (%s), which the norms of this architecture do not have",
                       o->step->weight->bias_role);
    return check(o, &size[o->step->in[0]], o->w->cols, e) < 0 ? -1 : op_shape_same(o, size, e);
}

int op_shape_layernorm(struct op *o, struct op_size *size, struct err *e)
{
    double group = o->at[AT_group];

    if (!(group >= 0 && group <= 1 << 30) || group != floor(group))
        return err_set(e, "group is %g; a whole number is needed", group);
    return check(o, &size[o->step->in[0]], group > 0 ? (int64_t)group : o->w->cols, e) < 0 ? -1
                                                                                           : op_shape_same(o, size, e);
}

static struct norm norm_of(const struct op *o, const struct op_rows *r)
{
    int64_t group = (int64_t)o->at[AT_group];

    return (struct norm){op_in(o, r, 0), o->w->w,        o->w->bias,
                         op_out(o, r),   op_width(o, r), group ? group : o->w->cols,
                         o->w->cols,     o->at[AT_eps]};
}

void op_run_rmsnorm(const struct op *o, const struct op_rows *r)
{
    struct norm m = norm_of(o, r);

    par_for((size_t)r->rows, rms_row, &m);
}

void op_run_layernorm(const struct op *o, const struct op_rows *r)
{
    struct norm m = norm_of(o, r);

    par_for((size_t)r->rows, layer_row, &m);
}
