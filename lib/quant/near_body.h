/* near: the point of a grid that is best for a group of weights, eight candidates at a time. Included by isa_body.h only. */
#include <float.h>

#include "quant/lattice.h"

typedef float eight __attribute__((vector_size(32)));
typedef int32_t eight_int __attribute__((vector_size(32)));
typedef uint8_t eight_bytes __attribute__((vector_size(8)));

/* The first of the least in order of (chunk, lane). */
LANES_INLINE int first_least(eight distance, eight_int chunk, int *lane)
{
    *lane = 0;
    for (int l = 1; l < 8; l++)
        if (distance[l] < distance[*lane] || (distance[l] == distance[*lane] && chunk[l] < chunk[*lane]))
            *lane = l;
    return chunk[*lane];
}

/*
 * The candidate with the least sum of w (scale * (value * by + plus) - x)^2 over dim weights, the first of equals.
 * x, w   in: float[dim]
 */
LANES_INLINE unsigned nearest_point(const struct lattice_near *near, int dim, const float *x, const float *w, float scale, float by, float plus)
{
    eight best = (eight){0} + FLT_MAX;
    eight_int from = {0};
    int lane, chunk = 0;

    for (;; chunk++) {
        eight distance = {0};

        for (int i = 0; i < dim; i++) {
            eight_bytes value;

            memcpy(&value, near[chunk].value[i], 8);
            eight diff = scale * (__builtin_convertvector(value, eight) * by + plus) - x[i];
            distance += w[i] * diff * diff;
        }
        eight_int better = distance < best;
        best = (eight)((better & (eight_int)distance) | (~better & (eight_int)best));
        from = (better & chunk) | (~better & from);
        if (near[chunk].last)
            break;
    }
    chunk = first_least(best, from, &lane);
    return near[chunk].point[lane];
}
