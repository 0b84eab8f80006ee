#include "num/acc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"

#define LANES 8
#define BATCH 256                    /* blocks that wait for their merge */
#define LOW_BITS 13                  /* of a float's bits, not kept by the sketch */
#define HALF (1u << (31 - LOW_BITS)) /* sketch bins of one sign */

/* One block's part of everything; merged in order of the blocks. */
struct block {
    struct moments m;
    uint64_t zeros, nonfinite;
    float min, max;
    double l1, squares;
    uint32_t low; /* every bit that some value has below the sketch's resolution */
};

struct acc {
    struct acc_stats st;
    struct sum l1, squares;
    uint32_t low;
    int jobs;
    uint64_t *sketch; /* [jobs][2 * HALF]: sign, then the upper bits of |x| */
    uint8_t *used;    /* [jobs]: 0 when that sketch is all 0, so that tensors of no values cost nothing */
    float pending[ACC_BLOCK];
    size_t pend;
    struct block block[BATCH];
    const float *from; /* the batch being worked on */
    size_t from_n;
};

void sum_add(struct sum *a, double x)
{
    double t = a->s + x;

    a->c += fabs(a->s) >= fabs(x) ? (a->s - t) + x : (x - t) + a->s;
    a->s = t;
}

double sum_value(const struct sum *a)
{
    return a->s + a->c;
}

static double tree(const double s[LANES])
{
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

double acc_squares(const float *v, size_t n)
{
    double s[LANES] = {0};
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            s[k] += (double)v[i + k] * v[i + k];
    for (size_t k = 0; i + k < n; k++)
        s[k] += (double)v[i + k] * v[i + k];
    return tree(s);
}

static double add_up(const float *v, size_t n)
{
    double s[LANES] = {0};
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            s[k] += v[i + k];
    for (size_t k = 0; i + k < n; k++)
        s[k] += v[i + k];
    return tree(s);
}

static double add_up_abs(const float *v, size_t n)
{
    double s[LANES] = {0};
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            s[k] += fabsf(v[i + k]);
    for (size_t k = 0; i + k < n; k++)
        s[k] += fabsf(v[i + k]);
    return tree(s);
}

/* Add lane k's powers of one difference. */
#define ADD_POWERS(x, k)                                                                                               \
    do {                                                                                                               \
        double d = (x)-mean, d2 = d * d;                                                                               \
        s2[k] += d2;                                                                                                   \
        s3[k] += d2 * d;                                                                                               \
        s4[k] += d2 * d2;                                                                                              \
    } while (0)

void moments_of(struct moments *m, const float *v, size_t n)
{
    double s2[LANES] = {0}, s3[LANES] = {0}, s4[LANES] = {0};
    double mean = n ? add_up(v, n) / (double)n : 0;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            ADD_POWERS(v[i + k], k);
    for (size_t k = 0; i + k < n; k++)
        ADD_POWERS(v[i + k], k);
    *m = (struct moments){n, mean, tree(s2), tree(s3), tree(s4)};
}

void moments_merge(struct moments *a, const struct moments *b)
{
    double na = (double)a->n, nb = (double)b->n, n = na + nb;
    double d = b->mean - a->mean, dn = d / n, d2 = dn * d * na * nb;
    struct moments r;

    if (b->n == 0)
        return;
    r.n = a->n + b->n;
    r.mean = a->mean + dn * nb;
    r.m2 = a->m2 + b->m2 + d2;
    r.m3 = a->m3 + b->m3 + d2 * dn * (na - nb) + 3 * dn * (na * b->m2 - nb * a->m2);
    r.m4 = a->m4 + b->m4 + d2 * dn * dn * (na * na - na * nb + nb * nb) +
           6 * dn * dn * (na * na * b->m2 + nb * nb * a->m2) + 4 * dn * (na * b->m3 - nb * a->m3);
    *a = a->n ? r : *b;
}

double moments_variance(const struct moments *m)
{
    return m->n ? m->m2 / (double)m->n : NAN;
}

double moments_skewness(const struct moments *m)
{
    return m->n && m->m2 > 0 ? sqrt((double)m->n) * m->m3 / (m->m2 * sqrt(m->m2)) : NAN;
}

double moments_kurtosis(const struct moments *m)
{
    return m->n && m->m2 > 0 ? (double)m->n * m->m4 / (m->m2 * m->m2) : NAN;
}

struct acc *acc_new(void)
{
    struct acc *a = mem_new(1, sizeof *a);

    a->jobs = par_jobs();
    a->sketch = mem_new((size_t)a->jobs * 2 * HALF, sizeof *a->sketch);
    a->used = mem_new((size_t)a->jobs, 1);
    acc_reset(a);
    return a;
}

void acc_free(struct acc *a)
{
    if (a) {
        free(a->sketch);
        free(a->used);
    }
    free(a);
}

static void clear(struct acc *a, int j)
{
    if (a->used[j])
        memset(a->sketch + (size_t)j * 2 * HALF, 0, 2 * HALF * sizeof *a->sketch);
    a->used[j] = 0;
}

void acc_reset(struct acc *a)
{
    for (int j = 0; j < a->jobs; j++)
        clear(a, j);
    a->st = (struct acc_stats){.min = NAN, .max = NAN};
    a->l1 = a->squares = (struct sum){0};
    a->low = 0;
    a->pend = 0;
}

/* The finite values of v, in order, in out; also their bits into the sketch. Returns how many. */
static size_t sketch_block(uint64_t *sketch, uint32_t *low, const float *v, size_t n, float *out)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t u;

        memcpy(&u, &v[i], 4);
        if ((u & 0x7f800000u) == 0x7f800000u)
            continue;
        out[kept++] = v[i];
        *low |= u;
        sketch[u >> LOW_BITS]++;
    }
    *low &= (1u << LOW_BITS) - 1;
    return kept;
}

static void block_of(struct block *b, uint64_t *sketch, const float *v, size_t n)
{
    float x[ACC_BLOCK];

    *b = (struct block){.min = INFINITY, .max = -INFINITY};
    b->nonfinite = n;
    n = sketch_block(sketch, &b->low, v, n, x);
    b->nonfinite -= n;
    for (size_t i = 0; i < n; i++) {
        b->zeros += x[i] == 0;
        b->min = x[i] < b->min ? x[i] : b->min;
        b->max = x[i] > b->max ? x[i] : b->max;
    }
    moments_of(&b->m, x, n);
    b->l1 = add_up_abs(x, n);
    b->squares = acc_squares(x, n);
}

static void work(void *ctx, size_t i)
{
    struct acc *a = ctx;
    size_t at = i * ACC_BLOCK, left = a->from_n - at;

    a->used[par_self()] = 1;
    block_of(&a->block[i], a->sketch + (size_t)par_self() * 2 * HALF, a->from + at,
             left < ACC_BLOCK ? left : ACC_BLOCK);
}

static void take_block(struct acc *a, const struct block *b)
{
    struct acc_stats *st = &a->st;

    moments_merge(&st->m, &b->m);
    st->zeros += b->zeros;
    st->nonfinite += b->nonfinite;
    if (b->m.n) {
        st->min = fmin(st->min, b->min);
        st->max = fmax(st->max, b->max);
    }
    sum_add(&a->l1, b->l1);
    sum_add(&a->squares, b->squares);
    a->low |= b->low;
}

/* At most BATCH blocks of v; only the last may be short. */
static void batch(struct acc *a, const float *v, size_t n)
{
    size_t blocks = (n + ACC_BLOCK - 1) / ACC_BLOCK;

    a->from = v;
    a->from_n = n;
    par_for(blocks, work, a);
    for (size_t i = 0; i < blocks; i++)
        take_block(a, &a->block[i]);
}

void acc_add(struct acc *a, const float *v, size_t n)
{
    while (n > 0) {
        size_t take = a->pend || n < ACC_BLOCK ? ACC_BLOCK - a->pend : n / ACC_BLOCK * ACC_BLOCK;

        take = take > n ? n : take > BATCH * ACC_BLOCK ? BATCH * ACC_BLOCK : take;
        if (a->pend || take < ACC_BLOCK) { /* gather a block first, so that cuts do not show */
            memcpy(a->pending + a->pend, v, take * sizeof *v);
            a->pend += take;
            if (a->pend == ACC_BLOCK) {
                batch(a, a->pending, ACC_BLOCK);
                a->pend = 0;
            }
        } else {
            batch(a, v, take);
        }
        v += take;
        n -= take;
    }
}

/* Fold the threads' sketches into the first. Counts are whole numbers, so who counted what does not matter. */
static void fold(struct acc *a)
{
    for (int j = 1; j < a->jobs; j++) {
        const uint64_t *s = a->sketch + (size_t)j * 2 * HALF;

        for (size_t i = 0; a->used[j] && i < 2 * HALF; i++)
            a->sketch[i] += s[i];
        a->used[0] |= a->used[j];
        clear(a, j);
    }
}

const struct acc_stats *acc_finish(struct acc *a)
{
    if (a->pend)
        batch(a, a->pending, a->pend);
    a->pend = 0;
    fold(a);
    a->st.l1 = sum_value(&a->l1);
    a->st.squares = sum_value(&a->squares);
    return &a->st;
}

void acc_merge(struct acc *a, struct acc *from)
{
    struct block b = {0};

    acc_finish(a);
    acc_finish(from);
    b.m = from->st.m;
    b.zeros = from->st.zeros;
    b.nonfinite = from->st.nonfinite;
    b.min = (float)from->st.min;
    b.max = (float)from->st.max;
    b.l1 = from->st.l1;
    b.squares = from->st.squares;
    b.low = from->low;
    take_block(a, &b);
    for (size_t i = 0; from->used[0] && i < 2 * HALF; i++)
        a->sketch[i] += from->sketch[i];
    a->used[0] |= from->used[0];
    acc_finish(a);
}

/* The value that stands for a bin: its lower end when every value lay there, else its middle (but 0 for the bin of 0).
 * */
static float bin_value(const struct acc *a, size_t bin)
{
    uint32_t u = (uint32_t)bin << LOW_BITS;
    float f;

    if (a->low && bin % HALF != 0)
        u |= 1u << (LOW_BITS - 1);
    memcpy(&f, &u, 4);
    return f;
}

double acc_abs_quantile(const struct acc *a, double q)
{
    uint64_t n = a->st.m.n, seen = 0;
    uint64_t rank = (uint64_t)ceil(q * (double)n);
    double top = fmax(fabs(a->st.min), fabs(a->st.max));

    if (n == 0)
        return NAN;
    rank = rank < 1 ? 1 : rank > n ? n : rank;
    for (size_t i = 0; i < HALF; i++) {
        seen += a->sketch[i] + a->sketch[HALF + i];
        if (seen >= rank)
            return fmin(bin_value(a, i), top);
    }
    return top;
}

void acc_histogram(const struct acc *a, double lo, double hi, uint64_t *count, size_t n)
{
    memset(count, 0, n * sizeof *count);
    for (size_t i = 0; i < 2 * HALF; i++) {
        double at = a->sketch[i] ? floor((bin_value(a, i) - lo) / (hi - lo) * (double)n) : 0;

        if (a->sketch[i])
            count[at < 0 ? 0 : at >= (double)n ? n - 1 : (size_t)at] += a->sketch[i];
    }
}
