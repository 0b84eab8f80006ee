#include "text/minhash.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/wide.h"

#define LANES 64 /* places that are worked on together: four vectors of AVX-512 */

void minhash_init(struct minhash *m, uint32_t k, uint64_t seed)
{
    struct rng r = rng_make(seed, "minhash", 7);

    m->k = k;
    m->padded = (k + LANES - 1) / LANES * LANES;
    m->a = mem_new(m->padded, sizeof *m->a);
    m->b = mem_new(m->padded, sizeof *m->b);
    for (uint32_t i = 0; i < m->padded; i++) {
        m->a[i] = (uint32_t)rng_u64(r, 2 * i) | 1;
        m->b[i] = (uint32_t)rng_u64(r, 2 * i + 1);
    }
}

void minhash_free(struct minhash *m)
{
    free(m->a);
    free(m->b);
}

void minhash_clear(const struct minhash *m, uint32_t *sig)
{
    for (uint32_t i = 0; i < m->padded; i++)
        sig[i] = UINT32_MAX;
}

/* 64 places; sig, a and b are kept in registers over all of x. */
WIDE static void add_lanes(uint32_t *restrict sig, const uint32_t *restrict a, const uint32_t *restrict b,
                           const uint32_t *restrict x, size_t n)
{
    uint32_t low[LANES];

    for (int l = 0; l < LANES; l++)
        low[l] = sig[l];
    for (size_t i = 0; i < n; i++) {
        uint32_t v = x[i];

        for (int l = 0; l < LANES; l++) {
            uint32_t h = a[l] * v + b[l];

            low[l] = h < low[l] ? h : low[l];
        }
    }
    for (int l = 0; l < LANES; l++)
        sig[l] = low[l];
}

void minhash_add(const struct minhash *m, uint32_t *sig, const uint32_t *x, size_t n)
{
    for (uint32_t i = 0; i < m->padded; i += LANES)
        add_lanes(sig + i, m->a + i, m->b + i, x, n);
}

double minhash_likeness(const uint32_t *a, const uint32_t *b, uint32_t k)
{
    uint32_t same = 0;

    for (uint32_t i = 0; i < k; i++)
        same += a[i] == b[i];
    return (double)same / k;
}

void minhash_band(const uint32_t *sig, uint32_t band, uint32_t rows, uint8_t key[16])
{
    uint8_t bytes[4 * (MINHASH_MAX + 1)];
    struct hash128 h;

    for (uint32_t i = 0; i <= rows; i++) {
        uint32_t v = i ? sig[band * rows + i - 1] : band;

        for (int k = 0; k < 4; k++)
            bytes[4 * i + (uint32_t)k] = (uint8_t)(v >> 8 * k);
    }
    h = hash128(bytes, 4 * (size_t)(rows + 1));
    for (int i = 0; i < 8; i++) {
        key[i] = (uint8_t)(h.hi >> (56 - 8 * i));
        key[8 + i] = (uint8_t)(h.lo >> (56 - 8 * i));
    }
}

static double power(double x, uint32_t n)
{
    double p = 1;

    for (; n; n >>= 1, x *= x)
        if (n & 1)
            p *= x;
    return p;
}

double minhash_meet(double s, uint32_t bands, uint32_t rows)
{
    return 1 - power(1 - power(s, rows), bands);
}

#define PIECES 16

/* The integral of minhash_meet from lo to hi. Nodes and weights: Abramowitz and Stegun 1964, table 25.4, n = 8. */
static double area(double lo, double hi, uint32_t bands, uint32_t rows)
{
    static const double node[4] = {0.183434642495649805, 0.525532409916328986, 0.796666477413626740,
                                   0.960289856497536232};
    static const double weight[4] = {0.362683783378361983, 0.313706645877887287, 0.222381034453374471,
                                     0.101228536290376259};
    double half = (hi - lo) / (2 * PIECES), sum = 0;

    for (int p = 0; p < PIECES; p++)
        for (int i = 0; i < 4; i++) {
            double mid = lo + (2 * p + 1) * half, d = half * node[i];

            sum += weight[i] * (minhash_meet(mid - d, bands, rows) + minhash_meet(mid + d, bands, rows));
        }
    return sum * half;
}

void minhash_bands(double t, uint32_t k, uint32_t *bands, uint32_t *rows)
{
    double least = 3;

    for (uint32_t b = 1; b <= k; b++)
        for (uint32_t r = 1; r <= k / b; r++) {
            double wrong = area(0, t, b, r) + (1 - t - area(t, 1, b, r));

            if (wrong < least) {
                least = wrong;
                *bands = b;
                *rows = r;
            }
        }
}
