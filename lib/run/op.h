/*
 * op: what the steps of a page do to rows of tokens. A row of the table is an op: the sizes that it needs and gives,
 * and its forward pass. (Its backward pass will stand beside that.)
 *
 * All are deterministic: a result depends on its own row or window only, and sums run in a fixed order, so that neither
 * threads nor batches change a bit. Work is shared by par_for inside. Values are f32, [rows][width]; a row is a token;
 * tokens of a window are consecutive.
 */
#ifndef WEIR_RUN_OP_H
#define WEIR_RUN_OP_H

#include "arch/walk.h"
#include "run/rope.h"
#include "run/weight.h"
#include "run/windows.h"

/* Attributes that are numbers: ATTR(name, default), NAN where it must be given. */
/* clang-format off */
#define OP_ATTRS(ATTR) \
    ATTR(row, -1) ATTR(skip, 0) ATTR(eps, NAN) ATTR(group, 0) ATTR(base, NAN) ATTR(dims, NAN) ATTR(at, 0) \
    ATTR(pair, -1) ATTR(scaled, 1) ATTR(scale, 1) ATTR(causal, 1) ATTR(window, 0) ATTR(cap, 0) ATTR(alibi, 0) \
    ATTR(each, NAN) ATTR(alpha, 0) ATTR(lo, -INFINITY) ATTR(hi, INFINITY) ATTR(by, NAN) ATTR(top, NAN) \
    ATTR(norm, 0) ATTR(groups, 1) ATTR(gtop, 1) ATTR(gsum, 2)
/* clang-format on */
enum op_attr {
#define ATTR(name, otherwise) AT_##name,
    OP_ATTRS(ATTR)
#undef ATTR
        OP_ATTR_COUNT
};

struct op_size {
    int64_t width;
    int64_t head; /* of one head of attention; the width where there are none */
};

/* A step with its weights and numbers. */
struct op {
    const struct walk *walk;
    const struct walk_step *step;
    double at[OP_ATTR_COUNT];
    int64_t head;                   /* of linear: the innermost of several sizes of its outputs, else 0 */
    const char *word;               /* fn, score, slopes; or NULL */
    const struct weight *w, *extra; /* NULL where the step has none */
    const struct rope *turn;        /* of rope */
    void (*act)(const float *x, float *y, size_t n); /* of act */
    const struct op *fused; /* mul: the act that makes its first input is done here; act: done elsewhere */
};

/* Rows that an op runs on. */
struct op_rows {
    float *const *value;        /* of each value of the walk: its first row here */
    const struct op_size *size; /* likewise */
    int64_t rows;
    const struct window *window; /* that make up the rows, each from position 0; start counts from window[0].start */
    int64_t windows;
    float *received; /* [rows][heads]: attention that came to each token is added; or NULL */
};

struct op_row {
    int in_place; /* the out may lie where an input of the same width lies */
    int (*shape)(struct op *o, struct op_size *size,
                 struct err *e); /* size[out] from size[in] and weights; what does not fit is an error */
    void (*run)(const struct op *o, const struct op_rows *r); /* NULL: the executor does it (embed, scatter, gather) */
};
extern const struct op_row op_table[WALK_OPS];

/* What ops are made in. */
struct op_room {
    const struct model *m;
    const struct walk *walk;
    struct rope **ropes;
    int64_t positions; /* of the longest window */
};

/*
 * An op of a step: its attributes, and size[out].
 * w, extra  in: the weights, kept, not copied
 * -1: 'PAGE:LINE: ...': an attribute that is missing or no number, sizes that do not fit one another.
 */
int op_make(struct op *o, const struct op_room *room, const struct walk_step *s, const struct weight *w,
            const struct weight *extra, struct op_size *size, struct err *e);

/* The op on rows. */
void op_run(const struct op *o, const struct op_rows *r);

/* fn(ctx, i) over pieces of n floats, shared by threads. */
struct op_map {
    void (*piece)(const struct op_map *m, size_t at, size_t n);
    const float *x, *y;
    float *out;
    size_t n;
    float a, b;
    void (*act)(const float *x, float *y, size_t n);
    int64_t width;
};
void op_map(const struct op_map *m);

/* y = by tanh(x / by), n values; may be in place. */
void op_softcap(const float *x, double by, float *y, size_t n);

/* The numbers of heads and the slope of one (Press et al. 2022, ALiBi). */
double op_slope(int64_t head, int64_t heads);

/* Rows of the table; each file has its ops. */
int op_shape_same(struct op *o, struct op_size *size, struct err *e);
int op_shape_two(struct op *o, struct op_size *size, struct err *e);
int op_shape_position(struct op *o, struct op_size *size, struct err *e);
int op_shape_linear(struct op *o, struct op_size *size, struct err *e);
int op_shape_rmsnorm(struct op *o, struct op_size *size, struct err *e);
int op_shape_layernorm(struct op *o, struct op_size *size, struct err *e);
int op_shape_rope(struct op *o, struct op_size *size, struct err *e);
int op_shape_attention(struct op *o, struct op_size *size, struct err *e);
int op_shape_join(struct op *o, struct op_size *size, struct err *e);
int op_shape_act(struct op *o, struct op_size *size, struct err *e);
int op_shape_route(struct op *o, struct op_size *size, struct err *e);
void op_run_position(const struct op *o, const struct op_rows *r);
void op_run_linear(const struct op *o, const struct op_rows *r);
void op_run_rmsnorm(const struct op *o, const struct op_rows *r);
void op_run_layernorm(const struct op *o, const struct op_rows *r);
void op_run_rope(const struct op *o, const struct op_rows *r);
void op_run_attention(const struct op *o, const struct op_rows *r);
void op_run_join(const struct op *o, const struct op_rows *r);
void op_run_act(const struct op *o, const struct op_rows *r);
void op_run_clamp(const struct op *o, const struct op_rows *r);
void op_run_offset(const struct op *o, const struct op_rows *r);
void op_run_scale(const struct op *o, const struct op_rows *r);
void op_run_mul(const struct op *o, const struct op_rows *r);
void op_run_add(const struct op *o, const struct op_rows *r);
void op_run_copy(const struct op *o, const struct op_rows *r);
void op_run_softcap(const struct op *o, const struct op_rows *r);
void op_run_route(const struct op *o, const struct op_rows *r);

/* Inputs and output of an op here. */
static inline const float *op_in(const struct op *o, const struct op_rows *r, int i)
{
    return r->value[o->step->in[i]];
}

static inline float *op_out(const struct op *o, const struct op_rows *r)
{
    return r->value[o->step->out];
}

static inline int64_t op_width(const struct op *o, const struct op_rows *r)
{
    return r->size[o->step->out].width;
}

#endif
