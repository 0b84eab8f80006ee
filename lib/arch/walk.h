/*
 * walk: the steps of a page at one layer, with names resolved: every step makes a new value (a name that is used again
 * is another value), guards are evaluated, and what a step reads is a value's number or a weight.
 *
 *     llama's   x = rmsnorm x norm.attn   becomes   step[0] = {WALK_RMSNORM, out 1, in {0}, weight norm.attn}
 */
#ifndef WEIR_ARCH_WALK_H
#define WEIR_ARCH_WALK_H

#include "arch/model.h"

#define WALK_VALUES 120 /* at most, of a layer */

enum walk_op {
#define OP(name, values, weights, attributes, role) WALK_##name,
#include "arch/ops.def"
#undef OP
    WALK_OPS
};
extern const char *const walk_op_name[WALK_OPS];

struct walk_step {
    enum walk_op op;
    int out;                          /* the value it makes */
    int in[3], ins;                   /* the values it reads */
    const struct arch_weight *weight; /* the weight among its inputs, or NULL */
    const struct arch_weight *extra;  /* the weight that an attribute names (sink=, bias=), or NULL */
    const struct arch_step *from;     /* attributes, line */
    enum arch_section section;
    int phase; /* 0; 1: scatter, and what reads what it made, run for each expert; 2: gather, and what stands behind it
                * */
};

struct walk_value {
    const char *name;
    int made,
        last;   /* steps: that makes it (-1: it was there; -2: it is not there) and that reads it last (-1: none does;
               * steps: it lives on) */
    int expert; /* it has rows for one expert at a time */
};

/* Value 0 is x as it comes in; outside of a layer and before the first step it is not there. */
struct walk {
    const struct arch *arch;
    int64_t layer; /* -1: before or after the layers */
    struct walk_step *step;
    struct walk_value *value;
    int steps, values;
    int x, y;   /* values at the end: x; y, -1: none */
    int middle; /* of a layer: what the last step of attention made */
    int route;  /* step of the route that scatter reads, or -1 */
};

/*
 * The steps of a layer: attention, then mlp. w is filled; free with walk_free.
 * -1: 'PAGE:LINE: ...': an op that does not run here, a wrong count of inputs, a value that no step made, a weight that
 * the layer does not have, scatter without gather, a weight of experts outside of them; a page without steps.
 */
int walk_layer(const struct model *m, int64_t layer, struct walk *w, struct err *e);
int walk_before(const struct model *m, struct walk *w, struct err *e);
int walk_after(const struct model *m, struct walk *w, struct err *e);
void walk_free(struct walk *w);

/* Does the layer (of a walk) read this weight? Its first such step, or -1. */
int walk_reads(const struct walk *w, const char *role);

/* An attribute as a number at the walk's layer: 1 and *v; 0: the step has none; -1: it cannot be computed. */
int walk_number(const struct model *m, const struct walk *w, const struct walk_step *s, const char *attr, double *v,
                struct err *e);

/* The same where it is a word (fn=silu): static or the model's; otherwise where there is none. NULL with e set. */
const char *walk_word(const struct model *m, const struct walk *w, const struct walk_step *s, const char *attr,
                      const char *otherwise, struct err *e);

#endif
