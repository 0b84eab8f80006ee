/* forward_int: what the files of forward share. Private to them. */
#ifndef WEIR_RUN_FORWARD_INT_H
#define WEIR_RUN_FORWARD_INT_H

#include "run/forward.h"

#define BATCH                                                                                                          \
    2048 /* tokens run together: enough to keep matrix products near the peak, little enough to be small beside a layer
          * */

/* A value of a layer that is kept for all tokens between its stages. */
struct kept {
    int value;
    struct states own, *at; /* at: own, or the forward's x */
};

struct layer {
    struct walk walk;
    struct op_size *size; /* [values] */
    int64_t number;       /* of its bundles */
    struct weight *w;     /* [lines of weights in the page]: of the stage that is being run */
    int experts, done;    /* it has experts; it is over */
    int ran[3];           /* stages */
    struct kept kept[WALK_VALUES];
    int keeps;
    int64_t count, next; /* experts there are, and the next that must come */
    int64_t *start;      /* [count + 1]: of an expert's tokens */
    uint32_t *token;
    float *weight; /* of the tokens' weights */
};

struct batch {
    int64_t row0, tokens, windows;
    const struct window *window;
};

/* The batch that begins at a window. */
struct batch batch_at(const struct forward *f, int64_t first);

/* Room for so many floats, reused from batch to batch. */
float *work_room(struct forward *f, size_t floats);

/* The largest batch. */
int64_t batch_most(const struct forward *f);

void layer_free(struct forward *f);
int layer_end(struct forward *f, const struct taps *taps, struct err *e);
int layer_unit(struct forward *f, const struct bundle *b, int n, const struct taps *taps, int keep, struct err *e);

/* Take the unit's bundles into l->w. */
int layer_take(struct forward *f, struct layer *l, const struct bundle *b, int n, int phase, struct err *e);
void layer_drop(struct layer *l, const struct forward *f);
const struct weight *layer_weight(void *ctx, const struct arch_weight *w);
struct op_room forward_room(struct forward *f, const struct walk *w);

/* The steps of a phase over all tokens; keep: what comes out stays. */
int layer_stage(struct forward *f, struct layer *l, int phase, const struct taps *taps, int keep, struct err *e);
int layer_is_last(const struct layer *l, int phase);

/* From the routes of all tokens, [tokens][2 top], to each expert's tokens. */
int layer_assign(struct layer *l, const float *route, int64_t tokens, int64_t top, struct err *e);
int layer_expert(struct forward *f, struct layer *l, const struct bundle *b, int n, const struct taps *taps, int keep,
                 struct err *e);

int chain_unit(struct forward *f, const struct bundle *b, const struct taps *taps, int keep, struct err *e);
int chain_settle(struct forward *f, struct chain *c, struct err *e);

#endif
