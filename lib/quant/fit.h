/*
 * fit: the searches for a block's scale that ggml's types are defined by, sixteen blocks at a time (lanes.h).
 * All in f32, sums in the order of the elements. Described in ggml's terms where a name helps: qkx (asymmetric), qx (symmetric),
 * q3 (coordinate descent), qp (scales of scales). Every block of a call has n elements, x[i] being element i of the 16 blocks.
 */
#ifndef WEIR_QUANT_FIT_H
#define WEIR_QUANT_FIT_H

#include "quant/lanes.h"

struct fit_grid {
    int nmax;           /* largest code */
    float rmin, rdelta; /* step s tries the inverse scale (rmin + rdelta * s + nmax) / (max - min) */
    int steps;          /* s = 0 .. steps */
    int absolute;       /* weigh |difference|, else its square */
};

/*
 * x = scale * code - low, codes 0 .. nmax: each step's codes give scale and low by weighted least squares, low >= 0; the least
 * weighted error wins, the first of equals.
 * x, w   in: lanes[n], weights >= 0
 * codes  out: lanes[n], whole numbers
 */
void fit_asym(const lanes *x, const lanes *w, int n, const struct fit_grid *g, lanes *codes, lanes *scale, lanes *low);

/* x = scale * (code - nmax), codes 0 .. 2 nmax - 1: 19 inverse scales around -nmax / (x of largest magnitude), the largest
 * (sum w x q)^2 / sum w q^2 wins. A block below 1e-15 gets scale 0 and codes 0. */
void fit_sym(const lanes *x, const lanes *w, int n, int nmax, lanes *codes, lanes *scale);

/* As fit_sym with weights x^2, by up to five sweeps that move one code at a time to its best place. */
void fit_sweep(const lanes *x, int n, int nmax, lanes *codes, lanes *scale);

/* x = scale * code for x >= 0, codes 0 .. nmax: nine inverse scales, then up to five sweeps. */
void fit_positive(const lanes *x, const lanes *w, int n, int nmax, lanes *codes, lanes *scale);

#endif
