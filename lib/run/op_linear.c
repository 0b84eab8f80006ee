/* op_linear: linear (and the sizes of embed, whose rows the executor takes), position. */
#include <math.h>

#include "num/kern.h"
#include "run/op.h"

int op_shape_linear(struct op *o, struct op_size *size, struct err *e)
{
    const struct op_size *in = o->step->ins ? &size[o->step->in[0]] : NULL;
    int64_t head = o->head && o->w->rows % o->head == 0
                       ? o->head
                       : o->w->rows; /* else attention, if there is one, says what does not fit */

    if (o->step->weight->axes < 2)
        return err_set(e, "%s is no matrix", o->step->weight->role);
    if (in && in->width != o->w->cols)
        return err_set(e, "%s has %lld columns, its input is %lld wide", o->step->weight->role, (long long)o->w->cols,
                       (long long)in->width);
    if (o->w->bias && o->w->bias_n != o->w->rows)
        return err_set(e, "%s has %lld rows, its bias %lld values", o->step->weight->role, (long long)o->w->rows,
                       (long long)o->w->bias_n);
    size[o->step->out] = (struct op_size){in ? o->w->rows : o->w->cols, in ? head : o->w->cols};
    return 0;
}

void op_run_linear(const struct op *o, const struct op_rows *r)
{
    const struct weight *w = o->w;
    float *y = op_out(o, r);

    weight_mul(w, r->rows, op_in(o, r, 0), y);
    for (int64_t t = 0; w->bias && t < r->rows; t++)
        kern_add(y + t * w->rows, w->bias, y + t * w->rows, (size_t)w->rows);
}

int op_shape_position(struct op *o, struct op_size *size, struct err *e)
{
    const struct op_size *in = &size[o->step->in[0]];

    if (in->width != o->w->cols)
        return err_set(e, "%s has %lld columns, what it is added to is %lld wide", o->step->weight->role,
                       (long long)o->w->cols, (long long)in->width);
    return op_shape_same(o, size, e);
}

/* w holds the rows from the first that is needed. */
void op_run_position(const struct op *o, const struct op_rows *r)
{
    const float *x = op_in(o, r, 0);
    int64_t width = op_width(o, r);
    float *y = op_out(o, r);

    for (int64_t i = 0; i < r->windows; i++)
        for (int64_t t = 0; t < r->window[i].len; t++) {
            int64_t at = (r->window[i].start - r->window[0].start + t) * width;

            kern_add(x + at, o->w->w + (o->at[AT_row] >= 0 ? 0 : t) * width, y + at, (size_t)width);
        }
}
