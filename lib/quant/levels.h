/*
 * levels: what the codes of neighbouring weights stand for, sixteen rows side by side, and which levels lose least.
 *
 * value = (code - zero) * scale - low, code 0 .. top: the nearest level, ties to even. Three ways to place them: a
 * fixed middle (zero is the middle, low 0), a whole zero (low 0), a low of its own (zero 0). Lane l of every array is
 * row l; nothing of a lane depends on another, so the numbers are those of one row alone, on any machine.
 */
#ifndef WEIR_QUANT_LEVELS_H
#define WEIR_QUANT_LEVELS_H

#include <stddef.h>
#include <stdint.h>

#include "num/dtype.h"

#define LEVELS_ROWS 16

struct superblock;
struct quant_affine;

/* How a type places its levels. */
struct levels_kind {
    int top;       /* largest code */
    int middle;    /* the code of 0; or -1: asymmetric */
    int lows;      /* asymmetric: 1: a low, 0: a whole zero */
    int flips;     /* middle: the scale may be negative */
    int scale_max; /* scales (lows) are whole multiples of the unit's d (dmin): 0 .. scale_max, with a middle
                    * -scale_max .. scale_max - 1. 0: numbers of the type `scales` */
    enum dtype scales;
    const struct quant_affine *table; /* NULL, or the levels are its table's times a scale; middle is 0, scale_max 0 */
    uint32_t unit, sub; /* columns that share d, dmin; columns that share a scale; equal where scale_max is 0 */
    /* Of ggml's types: a unit's bytes. Where scale_max is 0 d is the scale, dmin -low. */
    void (*pack)(const struct superblock *s, uint8_t *block);
};

struct levels {
    float scale[LEVELS_ROWS], zero[LEVELS_ROWS], low[LEVELS_ROWS];
    int16_t scale_code[LEVELS_ROWS], low_code[LEVELS_ROWS]; /* with a unit's d and dmin */
};

/* A unit's d and dmin, rounded as stored. */
struct levels_unit {
    float d[LEVELS_ROWS], dmin[LEVELS_ROWS];
};

/*
 * What an error e of some columns of a row costs.
 *   PLAIN     sum of e^2
 *   DIAGONAL  sum of h_k e_k^2
 *   GRAM      e H e'
 *   SWEEP     what these columns, decided one by one, add to the row's loss when all columns behind make up for it:
 *             la/obs.h's sum of e^2, h its U
 */
struct metric {
    enum { METRIC_PLAIN, METRIC_DIAGONAL, METRIC_GRAM, METRIC_SWEEP } kind;
    const float *h; /* DIAGONAL: [cols]; else [cols][ld] */
    size_t ld;
};

struct metric metric_at(const struct metric *m, size_t col); /* of the columns from col on */

/* Codes and values of one column of the rows: w in, q out. */
void levels_code(const struct levels_kind *k, const struct levels *v, const float w[LEVELS_ROWS],
                 uint8_t code[LEVELS_ROWS], float q[LEVELS_ROWS]);

/* What the rounded columns lose by m. w: float[n][LEVELS_ROWS]. */
void levels_loss(const struct levels_kind *k, const struct levels *v, const float *w, size_t n, const struct metric *m,
                 float loss[LEVELS_ROWS]);

/*
 * Levels of a sub-block.
 * unit    in: where k->scale_max; NULL: scales and lows are left unrounded (what d and dmin are made from)
 * w       in: float[n][LEVELS_ROWS], the weights as they are, finite
 * m       in: what is to be least
 * search  0: the levels span the weights' range (0 included where there is a whole zero or k->scale_max); 1: of those
 *         and of narrower and shifted ranges the ones that lose least, the first of equals: ranges of t times the width
 *         around their middle, t of 1, .95 ... .5, and from the best of them five rounds that move one end by .08,
 *         .04 ... .005 of the width; with a middle 11 scales (22 that may flip), and four finer
 * Cost: of a search 31 losses (GRAM and SWEEP: n^2 / 2 operations each).
 */
void levels_choose(const struct levels_kind *k, const struct levels_unit *unit, const float *w, size_t n,
                   const struct metric *m, int search, struct levels *out);

/*
 * d and dmin of a unit from its sub-blocks' unrounded levels v[subs]: of nine inverse scales around the one that gives
 * the largest its largest code, the one with the least sum of weight (scale - d code)^2.
 * weight  in: [subs]
 */
void levels_unit(const struct levels_kind *k, const struct levels *v, size_t subs, const float *weight,
                 struct levels_unit *out);

#endif
