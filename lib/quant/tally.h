/* tally: what quantizing lost, measured slab by slab, and its line of the report. */
#ifndef WEIR_QUANT_TALLY_H
#define WEIR_QUANT_TALLY_H

#include "quant/known.h"

/* What was lost, for reports: sums in f64, in order of rows. */
struct quant_tally {
    double lost, whole;     /* sum of (w - q)^2; of w^2 */
    double v_lost, v_whole; /* the same, columns weighed by importance; 0 without */
    double h_lost, h_whole; /* with a gram, gram.held where there is one: tr((W - Q) gram (W - Q)'); tr(W gram W') */
    double damp;            /* that was used */
};

/* Rows [rows][cols] that were w and are q: their losses are added. k: norm2 and gram where there are. */
void quant_tally_add(struct quant_tally *t, uint64_t rows, uint64_t cols, const float *w, const float *q,
                     const struct quant_known *k);

/* The report's titles, and a tensor's line: name, type, bits a weight, bytes before and after, ||W - Q|| / ||W||, the
 * same with columns weighed by importance, h_lost / h_whole: the share of the output's energy on the calibration text,
 * damp; "-" for what was not measured. A residual is left out of Q. */
#define QUANT_TALLY_TITLES                                                                                             \
    "tensor\ttype\tbits\tbytes_before\tbytes_after\trelative_error\tweighed_error\toutput_lost\tdamp\n"
void quant_tally_line(struct buf *out, const char *name, const char *type, uint64_t weights, uint64_t before,
                      uint64_t after, const struct quant_tally *t);

#endif
