/* op_map: ops that take numbers one by one: act clamp offset scale mul add copy softcap. */
#include <math.h>
#include <string.h>

#include "num/kern.h"
#include "run/op.h"

#define SMALL 64 /* floats whose exponentials are taken at once */

static void relu(const float *x, float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] : 0;
}

static void relu2(const float *x, float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] * x[i] : 0;
}

/* The words of configurations; gelu_new, gelu_fast and gelu_pytorch_tanh are one function. */
static const struct {
    const char *name;
    void (*act)(const float *x, float *y, size_t n);
} acts[] = {{"silu", kern_silu},
            {"swish", kern_silu},
            {"gelu", kern_gelu_erf},
            {"gelu_tanh", kern_gelu_tanh},
            {"gelu_pytorch_tanh", kern_gelu_tanh},
            {"gelu_new", kern_gelu_tanh},
            {"gelu_fast", kern_gelu_tanh},
            {"relu", relu},
            {"relu2", relu2}};

int op_shape_act(struct op *o, struct op_size *size, struct err *e)
{
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (strcmp(acts[i].name, o->word) == 0)
            o->act = acts[i].act;
    if (!o->act)
        return err_set(e, "fn=%.80s is no function that runs here; there are silu gelu gelu_tanh relu relu2", o->word);
    if (o->at[AT_alpha] != 0 && o->act != kern_silu)
        return err_set(e, "alpha= is silu's, not %s's", o->word);
    return op_shape_same(o, size, e);
}

/* x sigmoid(alpha x) = silu(alpha x) / alpha */
static void act_some(const struct op_map *m, const float *x, float *out, size_t n)
{
    if (m->a != 0)
        kern_scale(m->a, x, out, n);
    m->act(m->a != 0 ? out : x, out, n);
    if (m->a != 0)
        kern_scale(1 / m->a, out, out, n);
}

static void act_piece(const struct op_map *m, size_t at, size_t n)
{
    act_some(m, m->x + at, m->out + at, n);
}

static struct op_map map_of(const struct op *o, const struct op_rows *r,
                            void (*piece)(const struct op_map *, size_t, size_t))
{
    struct op_map m = {
        .piece = piece, .x = op_in(o, r, 0), .out = op_out(o, r), .n = (size_t)(r->rows * op_width(o, r))};

    if (o->step->ins > 1)
        m.y = op_in(o, r, 1);
    return m;
}

void op_run_act(const struct op *o, const struct op_rows *r)
{
    struct op_map m = map_of(o, r, act_piece);

    m.act = o->act;
    m.a = (float)o->at[AT_alpha];
    if (!o->fused)
        op_map(&m);
}

static void clamp_piece(const struct op_map *m, size_t at, size_t n)
{
    for (size_t i = at; i < at + n; i++)
        m->out[i] = m->x[i] < m->a ? m->a : m->x[i] > m->b ? m->b : m->x[i];
}

void op_run_clamp(const struct op *o, const struct op_rows *r)
{
    struct op_map m = map_of(o, r, clamp_piece);

    m.a = (float)o->at[AT_lo];
    m.b = (float)o->at[AT_hi];
    op_map(&m);
}

static void offset_piece(const struct op_map *m, size_t at, size_t n)
{
    for (size_t i = at; i < at + n; i++)
        m->out[i] = m->x[i] + m->a;
}

void op_run_offset(const struct op *o, const struct op_rows *r)
{
    struct op_map m = map_of(o, r, offset_piece);

    m.a = (float)o->at[AT_by];
    op_map(&m);
}

static void scale_piece(const struct op_map *m, size_t at, size_t n)
{
    kern_scale(m->a, m->x + at, m->out + at, n);
}

void op_run_scale(const struct op *o, const struct op_rows *r)
{
    struct op_map m = map_of(o, r, scale_piece);

    m.a = (float)o->at[AT_by];
    op_map(&m);
}

/* Where an act makes the first input, both in one pass: its output is then not kept. */
static void mul_piece(const struct op_map *m, size_t at, size_t n)
{
    if (m->act)
        act_some(m, m->x + at, m->out + at, n);
    kern_mul(m->y + at, m->act ? m->out + at : m->x + at, m->out + at, n);
}

void op_run_mul(const struct op *o, const struct op_rows *r)
{
    struct op_map m = map_of(o, r, mul_piece);

    if (o->fused) {
        m.x = op_in(o->fused, r, 0);
        m.act = o->fused->act;
        m.a = (float)o->fused->at[AT_alpha];
    }
    op_map(&m);
}

static void add_piece(const struct op_map *m, size_t at, size_t n)
{
    kern_add(m->x + at, m->y + at, m->out + at, n);
}

void op_run_add(const struct op *o, const struct op_rows *r)
{
    struct op_map m = map_of(o, r, add_piece);

    op_map(&m);
}

static void copy_piece(const struct op_map *m, size_t at, size_t n)
{
    memcpy(m->out + at, m->x + at, n * sizeof *m->x);
}

void op_run_copy(const struct op *o, const struct op_rows *r)
{
    struct op_map m = map_of(o, r, copy_piece);

    if (m.x != m.out)
        op_map(&m);
}

/* tanh x = 1 - 2 / (e^2x + 1); near 0, where that loses digits, its series to x^9. */
static float tanh_of(float x, float e2x)
{
    float s = x * x;

    if (s < 0.0625f)
        return x * (1 + s * (-1.0f / 3 + s * (2.0f / 15 + s * (-17.0f / 315 + s * (62.0f / 2835)))));
    return x > 10 ? 1 : 1 - 2 / (e2x + 1);
}

void op_softcap(const float *x, double by, float *y, size_t n)
{
    float in = (float)(1 / by), twice[SMALL], e[SMALL];

    for (size_t at = 0, k; at < n; at += k) {
        k = n - at < SMALL ? n - at : SMALL;
        for (size_t i = 0; i < k; i++)
            twice[i] = 2 * (x[at + i] * in);
        kern_exp(twice, e, k);
        for (size_t i = 0; i < k; i++)
            y[at + i] = (float)by * tanh_of(x[at + i] * in, e[i]);
    }
}

static void softcap_piece(const struct op_map *m, size_t at, size_t n)
{
    op_softcap(m->x + at, (double)m->a, m->out + at, n);
}

void op_run_softcap(const struct op *o, const struct op_rows *r)
{
    struct op_map m = map_of(o, r, softcap_piece);

    m.a = (float)o->at[AT_by];
    op_map(&m);
}
