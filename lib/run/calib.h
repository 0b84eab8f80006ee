/*
 * calib: statistics of the inputs of linears, gathered by taps, given to bundles as companions.
 *
 *   norm2    F32 [cols]        mean of x^2
 *   mean     F32 [cols]        mean of x
 *   absmean  F32 [cols]        mean of |x|
 *   gram     F32 [cols][cols]  X'X / n
 *   gram.held  the same of tokens kept aside (calib.held), which are in none of the others
 *   and the bundle's key "count": tokens seen. Of an expert's matrices: those that went to it
 *   bi       a key of the layer's first bundle and of each of its linears, a number: block influence, 1 - mean over
 *   tokens of
 *            cos(state before the layer, state after it); with it
 *   angle    a key of the layer's first bundle: the mean over tokens of arccos of that cosine, in units of pi
 *   bi_sub   a key of each linear: the influence of its sub-layer alone, attention or MLP
 *   reap     a key of the matrix that closes an expert: the mean, over the tokens that went to it, of the router's
 *   weight times the norm of the
 *            expert's output; 0 where none went. Source: Lasby et al. 2025, REAP, equation of the saliency
 *
 * With weights of tokens (calib_weigh), norm2 and gram are sum(r x^2) / sum(r) and sum(r x x') / sum(r); mean and
 * absmean stay as they are.
 *
 * Sums run in double in token order (gram: f32 products of 256 tokens summed in f32, those in double), so they do not
 * depend on threads.
 */
#ifndef WEIR_RUN_CALIB_H
#define WEIR_RUN_CALIB_H

#include "run/forward.h"

enum { CALIB_NORM2 = 1, CALIB_MEAN = 2, CALIB_ABSMEAN = 4, CALIB_GRAM = 8, CALIB_BI = 16, CALIB_REAP = 32 };

struct calib_sums {
    double *sum2, *sum, *sumabs; /* [cols] or NULL */
    double *gram, *held;         /* [cols][cols] or NULL; held: of tokens kept aside */
    int64_t cols, n;
    struct bundle *first; /* that has the gram already: others borrow it */
    double weight;        /* sum of the tokens' weights: n when all are 1 */
    double held_weight;   /* the same of tokens kept aside */
};

struct calib {
    unsigned parts;
    double least;          /* of the tokens' weights, whose largest is 1; 0: all are 1 */
    const uint8_t *held;   /* [tokens] 1: kept aside, of parts only gram.held has it; or NULL */
    float *r;              /* [tokens]: their weights in this layer, or NULL */
    double alike[3];       /* sums of the tokens' cosines: over the layer, attention, the MLP */
    double angles;         /* sum of the tokens' angles over the layer, in units of pi */
    int64_t passed;        /* tokens in them */
    double mixed;          /* of the unit's expert: sum of its outputs' norms times their weights */
    struct calib_sums *at; /* [taps], of the unit */
    int taps;
};

/* "norm2,gram" to a set of parts. -1 quotes an unknown name and lists the known ones. */
int calib_parse(const char *list, unsigned *parts, struct err *e);

/* For struct taps: ctx is a struct calib. */
void calib_see(void *ctx, int tap, const struct seen *s);

/*
 * For struct taps: the weights of a batch's tokens from the attention that they received in this layer. Received
 * attention is summed over heads and, within each window, brought to [least, 1]: r = least + (1 - least) (a - min) /
 * (max - min); 1 where all are equal. Source: RSQ (Sung et al. 2025), AttnCon. We normalise by the sum of weights, so
 * that a gram keeps its scale.
 */
void calib_weigh(void *ctx, const float *received, int64_t heads, const struct window *window, int64_t windows);

/* For struct taps: sums for bi, angle and bi_sub. A state of zeros is like no other: its cosine is 0. Source: Men et
 * al. 2024, ShortGPT, equation 1; the angle: Wang et al. 2024, CFSP; He et al. 2024, LLM-Drop, section 3. */
void calib_pass(void *ctx, const float *before, const float *middle, const float *after, int64_t tokens,
                int64_t hidden);

/* For struct taps: sums for reap. */
void calib_mix(void *ctx, int64_t expert, const float *y, const float *weight, int64_t rows, int64_t width);

/*
 * Set the companions of every linear of the unit that f ran last. The gram of an input that several linears see is lent
 * (bundle_lend), so the first of them must live until calib_reset. An expert that no token went to gets count 0 and no
 * companions.
 * -1 when the widths differ or a sum is not finite.
 */
int calib_attach(struct calib *c, const struct forward *f, struct bundle *b, int n, struct err *e);

/* bi, angle and bi_sub for the bundles of the layer that f ran last, when it has been run to its end. */
int calib_attach_layer(struct calib *c, const struct forward *f, struct bundle *b, int n, struct err *e);

/* "attncon" or "attncon:0.005" to the least weight. */
int calib_parse_weight(const char *arg, double *least, struct err *e);

void calib_reset(struct calib *c);     /* sums gone: before each unit */
void calib_new_layer(struct calib *c); /* those of the layer and the tokens' weights, too; parts and least are kept */

#endif
