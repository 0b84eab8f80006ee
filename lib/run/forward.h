/*
 * forward: a model run unit by unit over all tokens, so that no more than a layer's dense weights, or one expert, need
 * be in memory.
 *
 *     forward_open      numbers from the head, windows of tokens
 *     forward_run       a unit arrives (feed.h): a tensor of no layer; the dense tensors of a layer, up to its experts;
 *     one expert; the rest of the
 *                       layer. Every token's next state; taps see the inputs of its linears
 *     forward_settle    what needs no further weight is done: the end of a layer of experts, steps behind the last norm
 *
 * What the states are then good for is in ppl.h and calib.h.
 *
 * Dense steps run batch by batch, whole windows of about 2048 tokens together; between scatter and gather every expert
 * runs over all tokens that go to it, and adds to their sums in ascending expert. The cut depends on nothing but the
 * windows. Deterministic for any count of threads.
 */
#ifndef WEIR_RUN_FORWARD_H
#define WEIR_RUN_FORWARD_H

#include "run/stage.h"
#include "run/states.h"

/* Rows of a value that linears read: of consecutive tokens, or of those listed. Valid during the call; calls come in
 * token order. */
struct seen {
    const float *x; /* [rows][cols] */
    int64_t rows, cols;
    int64_t first;         /* the first row's token, where */
    const uint32_t *token; /* is NULL; else [rows] */
};

/* What sees a model run. */
struct taps {
    void (*see)(void *ctx, int tap, const struct seen *s); /* tap: forward_tap's; or NULL */
    /* Or NULL. Before a batch of a layer is seen: the attention that each of its tokens received, float[tokens][heads],
     * summed over queries. */
    void (*attend)(void *ctx, const float *received, int64_t heads, const struct window *window, int64_t windows);
    void *ctx;
    /* Or NULL. When a batch has been through a layer: its tokens' states before it, between attention and MLP, and
     * after it, float[tokens][hidden] each. */
    void (*pass)(void *ctx, const float *before, const float *middle, const float *after, int64_t tokens,
                 int64_t hidden);
    /* Or NULL. Outputs of an expert, float[rows][width], and its weights for those tokens. */
    void (*mix)(void *ctx, int64_t expert, const float *y, const float *weight, int64_t rows, int64_t width);
};

/* A section outside of the layers, run step by step as its weights arrive. */
struct chain {
    struct walk walk;
    int next;   /* step that is to be run next */
    int biased; /* step whose bias may still come, or -1 */
};

struct layer; /* forward_layer.c */

struct forward {
    struct model m;
    const struct windows *w;
    uint64_t limit;
    struct states x; /* [tokens][width], the residual stream */
    struct rope *ropes;
    struct chain before, after;
    struct layer *layer;     /* the last that was begun, or NULL */
    const struct walk *seen; /* of the unit that was run last */
    float *work;             /* of a batch */
    size_t works;
    int64_t blocks;      /* layers done */
    int64_t last_layer;  /* -1 before the first */
    struct rounding *q8; /* NULL (as forward_open leaves it): activations stay f32 */
    int64_t as;          /* -1; else: units of layers are this layer of the page, whatever their own number is */
};

/*
 * f      out
 * model  in: head.model
 * w      in: kept, not copied
 * limit  bytes of each kind of states kept in memory; more go to a spool
 * -1: what model_open says, a page that cannot be run (walk.h), windows longer than the model's context.
 * Memory: hidden * 4 bytes a token, up to limit; in a layer of experts as much for each value that lives across it
 * (three to five), and 16 bytes a token and chosen expert.
 */
int forward_open(struct forward *f, const struct attrs *model, const struct windows *w, uint64_t limit, struct err *e);
void forward_free(struct forward *f);

/*
 * A unit: bundle[n], loaded, roles set: one of no layer, or some of one layer. Units come in the order of arch_order;
 * layers ascend. A head is looked at by taps and otherwise left alone. taps may be NULL.
 * -1: a wrong shape, an id that the embedding has no row for, a tensor that comes twice, too early, or has no place; a
 * missing one. Memory: the unit as f32, and a batch's values.
 */
int forward_run(struct forward *f, const struct bundle *bundle, int n, const struct taps *taps, struct err *e);

/* As forward_run, but the states stay as they were: what this unit would see and do. The next call is for the same
 * unit. */
int forward_look(struct forward *f, const struct bundle *bundle, int n, const struct taps *taps, struct err *e);

/* Do what needs no further weights: a layer whose last expert has come ends. forward_run does it for the layer before,
 * without taps. */
int forward_settle(struct forward *f, const struct taps *taps, struct err *e);

/* The tap of the linear that reads this role in the unit that was run last: a value of the walk; -1: it is no linear's
 * weight. */
int forward_tap(const struct forward *f, const char *role);

/* Is that linear a part of the MLP (else: of attention)? */
int forward_in_mlp(const struct forward *f, const char *role);

/* Is a layer begun whose experts are still to come? */
int forward_within(const struct forward *f);

/* How many tokens went to an expert of the layer that is being run. */
int64_t forward_routed(const struct forward *f, int64_t expert);

/* Behind the last unit: everything is run; there are as many layers as model (the head's keys with the tail's
 * corrections put in) says. */
int forward_finish(struct forward *f, const struct attrs *tail, struct err *e);

/* Does the embedding score, when there is no head? Is there anything that scores? */
int forward_tied(const struct forward *f);
int forward_scores(const struct forward *f);

/* What the page does to scores, y = linear x head, in place: caps, scales. */
int forward_shape_scores(const struct forward *f, float *y, int64_t n, struct err *e);

#endif
