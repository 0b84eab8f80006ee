/*
 * forward: a model run one layer at a time over all tokens, so that only one layer need be in memory.
 *
 *     forward_open      sizes from the head, windows of tokens
 *     forward_single    a tensor of no layer arrives: the embedding makes every token's first state, the table of positions adds to it, the
 *                       final norm (and its bias) comes after the last layer
 *     forward_block     a layer arrives: every token's next state; taps see the inputs of its linears
 *
 * What the states are then good for is in ppl.h and calib.h.
 *
 * Batches are whole windows of about 2048 tokens together; the cut depends on nothing but the windows. Deterministic for any count of threads.
 */
#ifndef WEIR_RUN_FORWARD_H
#define WEIR_RUN_FORWARD_H

#include "run/block.h"
#include "run/states.h"
#include "run/windows.h"

struct forward {
    struct arch_params p;
    const struct windows *w;
    struct states x;      /* [tokens][hidden] */
    float *rope;
    int64_t blocks;       /* layers done */
    int64_t last_layer;   /* -1 before the first */
    int embedded, positioned, normed; /* normed: how many of the final norm's tensors are done: 1, with LayerNorm 2 */
};

/*
 * f      out
 * model  in: head.model
 * w      in: kept, not copied
 * limit  bytes of hidden states kept in memory; more go to a spool
 * Memory: hidden * 4 bytes a token, up to limit.
 */
int forward_open(struct forward *f, const struct attrs *model, const struct windows *w, uint64_t limit, struct err *e);
void forward_free(struct forward *f);

/*
 * A tensor of no layer, by its role: embed, pos, norm.final, norm.final.bias; a head is left alone. With taps, TAP_HEAD sees the states when the
 * final norm is complete. b: loaded.
 * -1: a wrong shape, an id that the embedding has no row for, a tensor that comes twice or out of order, a role that has no place.
 */
int forward_single(struct forward *f, const struct bundle *b, const struct taps *taps, struct err *e);

/* Have all tensors of the final norm come? */
int forward_normed(const struct forward *f);

/* bundle[n]: those of one layer, loaded. Layers must come in ascending order after the embedding. taps may be NULL.
 * Memory: the layer as f32, and a batch's activations. */
int forward_block(struct forward *f, struct bundle *bundle, int n, const struct taps *taps, struct err *e);

/* As forward_block, but the states stay as they were: what this layer would see and do. The next call is for the same layer. */
int forward_look(struct forward *f, struct bundle *bundle, int n, const struct taps *taps, struct err *e);

/* -1 when the stream gave fewer or more layers than model (the head's keys with the tail's corrections put in) says. */
int forward_check_layers(const struct forward *f, const struct attrs *head, const struct attrs *tail, struct err *e);

#endif
