/*
 * model: a page with the numbers of one model. What head.model says counts; what it does not say has the page's
 * default.
 *
 * head.model holds, by the page's names: "arch" (the page), its numbers (hidden layers heads kv_heads head_dim
 * intermediate vocab context norm_eps rope_theta tied ...: integers, floats, words), those that differ from layer to
 * layer as arrays of one number a layer; and what stands in no page: bos eos unk pad (token ids; absent when none);
 * rope ("half": rows of q and k are pairs (i, i + d/2), "interleaved": (2i, 2i+1)); of scaled rotary angles
 * rope_scaling and its keys (rope.h); "page", the text of a user's own page; "unsupported" (str): what the
 * configuration asks for that no page says; such a model still flows.
 */
#ifndef WEIR_ARCH_MODEL_H
#define WEIR_ARCH_MODEL_H

#include "arch/arch.h"

struct model {
    const struct arch *arch;
    struct attrs head; /* a copy of head.model */
    int64_t layers;
    struct model_number {   /* beside arch->number */
        struct value value; /* word and list are owned */
        int known;          /* 0 not yet, 1 yes, -1: it has no value, 2: being computed */
    } * number;
};

/*
 * Bind head.model to its page. -1: it has no page, a number that the page needs is missing or no number, a size that a
 * weight without a guard has is no whole number from 1 to 2^31, or the number of layers is beyond 100,000.
 */
int model_open(struct model *m, const struct attrs *head, struct err *e);

/* As model_open, of numbers that are not complete yet: nothing is checked. */
int model_bind(struct model *m, const struct attrs *head, struct err *e);
void model_close(struct model *m);

/* For expressions of the page at a layer (-1: outside of layers). at lives as long as the names are used. */
struct model_at {
    const struct model *m;
    int64_t layer;
};
struct names model_names(struct model_at *at);

/* A number at a layer; otherwise where there is none. */
double model_number(const struct model *m, const char *name, int64_t layer, double otherwise);
int64_t model_int(const struct model *m, const char *name, int64_t otherwise);

/* Do all of a page's sentences hold? -1 with the first that does not, its {names} filled in. hf: those of transformers,
 * or the others. */
int model_requires(const struct model *m, const struct arch_require *r, int n, int hf, struct err *e);

/* A value that the page computes, at a layer. expr NULL: 1. */
int model_eval(const struct model *m, const struct expr *x, int64_t layer, double *out, struct err *e);

/* Do the layer's weights include this one (its guard)? bias: its bias (whether files may hold it)? An expression that
 * fails counts as no. */
int model_has(const struct model *m, const struct arch_weight *w, int bias, int64_t layer);

/* The sizes of its axes at a layer: of a weight up to three, of a bias without the last (a vector's stays). 0 or -1. */
int model_axes(const struct model *m, const struct arch_weight *w, int bias, int64_t layer, struct shape *s,
               struct err *e);

/* The layers' number of each `each` (and of others that the head gives one a layer), as a list; NULL: it is one number.
 * n: layers. */
const double *model_list(const struct model *m, const char *name);

/* Arrays of numbers in head.model. attrs_list: n numbers owned by the caller, or NULL when the key is no array of
 * numbers. */
void attrs_set_list(struct attrs *a, const char *key, const double *v, int n);
double *attrs_list(const struct attrs *a, const char *key, int *n);

#endif
