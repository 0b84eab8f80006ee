/*
 * shrink: methods that say which whole structures of a model matter least: layers, heads with their keys, MLP channels,
 * hidden channels, experts. What is removed is gone from the shapes: the model that is left is dense and smaller. One
 * file a method, one row in shrink.def.
 *
 * A unit of heads is a head of keys and values with all query heads that share it, so that what is left shares keys
 * evenly. Heads and channels are scored in each layer (of experts' channels: in each expert) by itself, on the linear
 * that reads them (attn.o, mlp.down): the same number goes from every layer, as a configuration has one size for all.
 * Experts are scored in each layer by itself, by keys of the linear that ends them (moe.down).
 */
#ifndef WEIR_SHRINK_SHRINK_H
#define WEIR_SHRINK_SHRINK_H

#include <stdint.h>

#include "base/opt.h"

/* What can be removed, as bits; shrink_what names them. */
enum { SHRINK_LAYERS = 1, SHRINK_HEADS = 2, SHRINK_CHANNELS = 4, SHRINK_HIDDEN = 8, SHRINK_EXPERTS = 16 };

/* What a method needs, as bits: companions of the linear that reads the units; the linears that make them, and the gram
 * of their inputs; bi of layers; keys of experts. */
enum {
    SHRINK_NORM2 = 1,
    SHRINK_MEAN = 2,
    SHRINK_ABSMEAN = 4,
    SHRINK_GRAM = 8,
    SHRINK_SCORE = 16,
    SHRINK_MAKERS = 32,
    SHRINK_INPUTS = 64,
    SHRINK_BI = 128,
    SHRINK_REAP = 256,
    SHRINK_COUNT = 512
};

/* A linear whose outputs are the units: attn.q, k and v, or mlp.up and, where there is one, gate. */
struct shrink_maker {
    const float *w; /* in: [units * width][hidden] */
    uint64_t width;
};

struct shrink_job {
    unsigned what;         /* one SHRINK_* */
    uint64_t units, width; /* columns of w: unit u is [u * width, (u + 1) * width) */
    uint64_t rows;
    const float *w;               /* in: [rows][units * width], of attn.o or mlp.down; else NULL */
    struct shrink_maker maker[8]; /* in: with SHRINK_MAKERS */
    int makers;
    uint64_t hidden;     /* inputs of the makers */
    const float *inputs; /* in: [hidden][hidden], with SHRINK_INPUTS: the gram of what all makers read */
    const float *norm2, *mean, *absmean,
        *gram; /* in: of w's inputs, as the method needs; [units * width], gram that squared */
    const double
        *given; /* in: [units], with SHRINK_BI: the layers' bi; with hidden: sums over the norms' outputs of mean |x|;
                * with SHRINK_SCORE: the mean of the companion score over the unit; with SHRINK_REAP and SHRINK_COUNT:
                * the experts' keys */
    double *score;   /* out: [units], finite; the least goes first */
    uint64_t remove; /* in: how many will go, for methods that choose one after the other */
    int64_t layer;
};

struct shrink_method {
    const char *name, *brief;
    const struct opt *opts; /* its own (struct opt_owner), or NULL */
    unsigned what, normal;  /* what it can remove; what it removes when not asked */
    unsigned needs_layers, needs_heads, needs_channels,
        needs_experts; /* SHRINK_NORM2 ...: of layers bi or score, of experts reap or count,
                                                                            * of heads and channels the others */
    int refits;        /* the others' making up for what goes is part of the method */
    int (*apply)(struct shrink_job *, struct err *e); /* 0, or -1 and a sentence without a name */
};

#define METHOD(n) extern const struct shrink_method shrink_##n;
#include "shrink/shrink.def"
#undef METHOD

extern const struct shrink_method *const shrink_table[];   /* ends with NULL */
const struct shrink_method *shrink_find(const char *name); /* NULL when unknown */

/* "heads" to its bit, 0 when unknown; and back. */
unsigned shrink_what(const char *name);
const char *shrink_word(unsigned what);
const char *shrink_words(unsigned what, char *out); /* several: "heads,channels"; room for 50 bytes in out */

/*
 * How many of n units go: share * n to the nearest (halves up), then so many more or fewer that a multiple of align
 * stay (the nearest, halves up); at least one, or align, stays.
 */
uint64_t shrink_count(uint64_t n, double share, uint64_t align);

/* The remove least by (score, index): keep[units - remove] (out), ascending, are those that stay. -1: a score that is
 * not finite. */
int shrink_choose(const struct shrink_job *j, uint64_t *keep, struct err *e);

#endif
