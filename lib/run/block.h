/*
 * block: one layer of a model as f32 matrices, and its forward pass. An architecture describes its layer by a table of slots (which roles it has
 * and how their sizes hang together) and one function; reading, checking and the taps of calibration follow from the table.
 *
 * Shapes: tokens T of the batch, hidden H. W[rows][cols] rows = outputs. Row t of x is token t; the tokens of a window are consecutive.
 */
#ifndef WEIR_RUN_BLOCK_H
#define WEIR_RUN_BLOCK_H

#include "arch/arch.h"

#define SLOTS_MAX 16

/* Places where a linear's input is seen. Linears with the same place have the same input. */
enum tap { TAP_ATTN, TAP_O, TAP_MLP, TAP_DOWN, TAP_HEAD, TAPS, TAP_NONE = -1 };

struct window {
    int64_t start, len; /* first token and count; every window is run alone from position 0 */
};

/* What sees the inputs of linears while a model runs. x: float[rows][cols], valid during the call; calls come in token order. */
struct taps {
    void (*see)(void *ctx, enum tap at, const float *x, int64_t rows, int64_t cols);
    /* Or NULL. Before a batch of a layer is seen: the attention that each of its tokens received, float[tokens][heads], summed over queries. */
    void (*attend)(void *ctx, const float *received, int64_t heads, const struct window *window, int64_t windows);
    void *ctx;
    /* Or NULL. After a batch of a layer is seen: its tokens' states before the layer, between attention and MLP, and after it, float[tokens][hidden]
     * each. */
    void (*pass)(void *ctx, const float *before, const float *middle, const float *after, int64_t tokens, int64_t hidden);
};

/*
 * One weight of a layer. rows and cols are letters: 'h' the model's hidden size, '1' one, any other letter is a size that this layer is free to
 * choose, the same wherever the letter stands in the table (so that structurally pruned layers run as they are).
 */
struct slot {
    const char *role, *bias_role;
    char rows, cols;
    enum tap tap;
};
#define SLOT(role, rows, cols, tap) {role, role ".bias", rows, cols, tap}

struct weight {
    float *w, *bias; /* w: [rows][cols]; bias: [rows], of a norm [cols]; or NULL */
    int64_t bias_n;
    int64_t rows, cols;
};

struct block {
    const struct arch_params *p;
    const struct block_kind *kind;
    int64_t layer;
    struct weight slot[SLOTS_MAX]; /* in the order of kind->slots */
};

/* Whole windows of tokens, and what the forward pass writes into. */
struct batch {
    float *x;                    /* in and out: [tokens][H], the residual stream */
    int64_t tokens;
    const struct window *window; /* windows; window[i].start counts from window[0].start */
    int64_t windows;
    const float *cos, *sin;      /* [longest window][head_dim / 2], of rope_table; NULL with learned positions */
    float *in[TAPS];             /* out: [tokens][block_tap_cols]: the inputs of the linears of each tap, still there afterwards */
    float *work;                 /* tokens * kind->work(b) floats */
    float *middle;               /* out: [tokens][H], x as it is between attention and MLP; or NULL */
    float *received;             /* out: [tokens][heads]: attention that came to each token, summed over the queries; or NULL */
};

/* How the layers of an architecture are made. */
struct block_kind {
    const struct slot *slots;    /* ends with role NULL */
    int (*check)(const struct block *b, struct err *e); /* sizes the letters do not tell */
    int64_t (*work)(const struct block *b);             /* floats a token that forward needs beside x and in */
    int64_t (*heads)(const struct block *b);            /* of queries */
    void (*forward)(const struct block *b, struct batch *t);
};
extern const struct block_kind block_llama, block_gpt2;

/* The slot that a role fills in layers of this kind, and its tap; -1 when none. bias (may be NULL) tells whether it is the slot's bias. */
int block_slot(const struct block_kind *k, const char *role, int *bias);

/* The width of the inputs seen at a tap, 0 when this kind of layer has no such tap. */
int64_t block_tap_cols(const struct block *b, enum tap at);

/*
 * Make a block of a layer's bundles.
 * b        out: matrices of its own (block_free)
 * p        in: kept, not copied
 * bundle   in: bundle[n], all of one layer, loaded, roles set; those whose role has no slot are left out
 * -1 names a missing tensor by its role, a tensor of the wrong shape with both shapes, a tensor that comes twice, a NaN.
 * Memory: the layer as f32.
 */
int block_make(struct block *b, const struct arch_params *p, struct bundle *bundle, int n, struct err *e);
void block_free(struct block *b);

#endif
