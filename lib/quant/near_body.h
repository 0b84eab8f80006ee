/* near: the point of a grid that is best for a group of weights, eight candidates at a time. Included by isa_body.h
 * only. */
#include <float.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "quant/lattice.h"

typedef float eight __attribute__((vector_size(32)));
typedef int32_t eight_int __attribute__((vector_size(32)));

/* table[code[l]] for each lane, codes 0 to 7. */
LANES_INLINE eight looked_up(eight table, const uint8_t *code)
{
#if defined(__AVX2__)
    return (eight)_mm256_permutevar8x32_ps((__m256)table,
                                           _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)code)));
#else
    float t[8], r[8];
    eight out;

    memcpy(t, &table, sizeof t);
    for (int l = 0; l < 8; l++)
        r[l] = t[code[l]];
    memcpy(&out, r, sizeof out);
    return out;
#endif
}

/* Lane l of v as lane l ^ 1, l ^ 2, l ^ 4: by three of them what is least comes to every lane. */
#define EXCHANGED(v, by) __builtin_shufflevector(v, v, 0 ^ by, 1 ^ by, 2 ^ by, 3 ^ by, 4 ^ by, 5 ^ by, 6 ^ by, 7 ^ by)

LANES_INLINE eight eight_pick(eight_int mask, eight yes, eight no)
{
    return (eight)((mask & (eight_int)yes) | (~mask & (eight_int)no));
}

LANES_INLINE eight lower(eight a, eight b)
{
    return eight_pick(a < b, a, b);
}

LANES_INLINE eight_int lower_int(eight_int a, eight_int b)
{
    eight_int mask = a < b;

    return (a & mask) | (b & ~mask);
}

/* Of the candidates with the least distance the first: its place is 8 * chunk + lane. */
LANES_INLINE int first_least(eight distance, eight_int place)
{
    eight least = lower(distance, EXCHANGED(distance, 1));
    eight_int first;

    least = lower(least, EXCHANGED(least, 2));
    least = lower(least, EXCHANGED(least, 4));
    first = place | ((distance > least) & 0x7fffffff); /* out of the way */
    first = lower_int(first, EXCHANGED(first, 1));
    first = lower_int(first, EXCHANGED(first, 2));
    first = lower_int(first, EXCHANGED(first, 4));
    return first[0];
}

/*
 * The candidate with the least sum of w (scale * value - x)^2 over dim weights, the first of equals. Each weight has
 * few values, so its terms are made once and looked up.
 * value  in: what codes 0 to 7 stand for
 * x, w   in: float[dim]
 */
LANES_INLINE unsigned nearest_point(const struct lattice_near *near, int dim, const float *x, const float *w,
                                    float scale, eight value)
{
    eight term[8], best = (eight){0} + FLT_MAX;
    eight_int place = {0, 1, 2, 3, 4, 5, 6, 7}, from = place;
    int at;

    for (int i = 0; i < dim; i++) {
        eight diff = scale * value - x[i];

        term[i] = w[i] * diff * diff;
    }
    for (const struct lattice_near *n = near;; n++, place += 8) {
        eight distance = {0};

        for (int i = 0; i < dim; i++)
            distance += looked_up(term[i], n->code[i]);
        eight_int better = distance < best;
        best = eight_pick(better, distance, best);
        from = (better & place) | (~better & from);
        if (n->last)
            break;
    }
    at = first_least(best, from);
    return near[at / 8].point[at % 8];
}

#define ODD_VALUES ((eight){1, 3, 5, 7, 9, 11, 13, 15})
