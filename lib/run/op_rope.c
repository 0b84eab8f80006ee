/* op_rope: rope (Su 2021), and join, which gives each head a part of its own and one that all share (DeepSeek-V2). */
#include <string.h>

#include "base/par.h"
#include "run/op.h"

int op_shape_rope(struct op *o, struct op_size *size, struct err *e)
{
    const struct op_size *in = &size[o->step->in[0]];
    double end = o->at[AT_at] + (double)o->turn->dims;

    if (!(o->at[AT_at] >= 0) || end > (double)in->head)
        return err_set(e, "rope of the values %g to %g of heads of %lld", o->at[AT_at], end, (long long)in->head);
    return op_shape_same(o, size, e);
}

struct turn {
    const struct op *o;
    const struct op_rows *r;
};

static void turn_head(float *x, const float *c, const float *s, int64_t half, int pairs)
{
    int64_t step = pairs ? 2 : 1, other = pairs ? 1 : half;

    for (int64_t i = 0; i < half; i++) {
        float a = x[i * step], b = x[i * step + other];

        x[i * step] = a * c[i] - b * s[i];
        x[i * step + other] = b * c[i] + a * s[i];
    }
}

static void turn_window(void *ctx, size_t i)
{
    const struct turn *k = ctx;
    const struct op *o = k->o;
    const struct window *w = &k->r->window[i];
    int64_t width = op_width(o, k->r), head = k->r->size[o->step->out].head, half = o->turn->dims / 2;
    int64_t from = (w->start - k->r->window[0].start) * width, shift = (int64_t)o->at[AT_at];
    float *y = op_out(o, k->r) + from;
    const float *x = op_in(o, k->r, 0) + from;

    if (x != y)
        memcpy(y, x, (size_t)(w->len * width) * sizeof *y);
    for (int64_t t = 0; t < w->len; t++)
        for (int64_t h = 0; h < width; h += head)
            turn_head(y + t * width + h + shift, o->turn->cos + t * half, o->turn->sin + t * half, half,
                      o->at[AT_pair] != 0);
}

void op_run_rope(const struct op *o, const struct op_rows *r)
{
    par_for((size_t)r->windows, turn_window, &(struct turn){o, r});
}

int op_shape_join(struct op *o, struct op_size *size, struct err *e)
{
    const struct op_size *own = &size[o->step->in[0]], *shared = &size[o->step->in[1]];
    int64_t heads = own->width / own->head;

    if (heads > ((int64_t)1 << 31) / (own->head + shared->width))
        return err_set(e, "join of %lld heads and %lld values", (long long)heads, (long long)shared->width);
    size[o->step->out] = (struct op_size){heads * (own->head + shared->width), own->head + shared->width};
    return 0;
}

static void join_row(void *ctx, size_t t)
{
    const struct turn *k = ctx;
    const struct op_size *own = &k->r->size[k->o->step->in[0]], *shared = &k->r->size[k->o->step->in[1]];
    const float *a = op_in(k->o, k->r, 0) + t * (size_t)own->width,
                *b = op_in(k->o, k->r, 1) + t * (size_t)shared->width;
    float *y = op_out(k->o, k->r) + t * (size_t)op_width(k->o, k->r);

    for (int64_t h = 0; h < own->width; h += own->head, y += own->head + shared->width) {
        memcpy(y, a + h, (size_t)own->head * sizeof *y);
        memcpy(y + own->head, b, (size_t)shared->width * sizeof *y);
    }
}

void op_run_join(const struct op *o, const struct op_rows *r)
{
    par_for((size_t)r->rows, join_row, &(struct turn){o, r});
}
