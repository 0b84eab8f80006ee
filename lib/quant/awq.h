/*
 * awq: weights made easier to round. Input channels are scaled by a power of their activity, the power that loses least
 * by the gram; then levels are searched for (levels.h). Lin et al. 2023, AWQ (arXiv 2306.00978), section 3;
 * weir-methods(7) says where we differ.
 */
#ifndef WEIR_QUANT_AWQ_H
#define WEIR_QUANT_AWQ_H

#include "base/err.h"
#include "arch/fold.h"
#include "arch/place.h"
#include "quant/plan.h"

#define FOLD_CONSUMERS 4

/* A linear among those that see the same inputs. */
struct awq_linear {
    const float *w; /* [rows][cols] */
    uint64_t rows;
};

/*
 * The scales of some linears' input channels.
 * m, a      how they will be rounded
 * gram      in: float[cols][cols] of their inputs
 * activity  in: float[cols] >= 0, mean |x| of each channel
 * s         out: float[cols] > 0: columns are to be multiplied by it, inputs divided. s = activity^r, at least 1e-4,
 *           over the root of largest times smallest; r of 0, 0.05 ... 0.95, the first of those whose rounded linears
 *           lose least: sum of tr(E gram E'), E = Q(W s)/s - W
 * Returns r. Cost 20 (2 rows cols^2 + rounding). Memory: the largest linear as f32. Same bits for any number of
 * threads.
 */
double awq_scales(const struct quant_method *m, const struct quant_affine *a, const struct awq_linear *linear, int n,
                  uint64_t cols, const float *gram, const float *activity, float *s);

/*
 * Scale the linears of one layer in place; what makes their inputs is divided. Only where all linears of an input are
 * chosen.
 * k       the layer's kind
 * b       inout: [n], loaded, roles set. Chosen linears become dense F32; norms and what is not chosen keep their type,
 *         and scales are such that what a norm was divided by is exactly what its linears were multiplied with.
 *         Companions of scaled linears (gram, norm2, mean, absmean) are corrected.
 * chosen  [n]: 1 where the bundle will be quantized
 * -1: a companion gram that is missing or not square; a weight that is not finite. Memory: a place's linears as f32.
 */
int awq_layer(const struct quant_plan *p, const struct model *m, struct bundle *b, int n, const uint8_t *chosen,
              struct err *e);

#endif
