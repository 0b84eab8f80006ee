/* pick: against a plain sort, over ties, zeros of both signs, and every k. */
#include "base/pick.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "tests/unit/check.h"

#define N 300

static float v[N];

static int by_value_then_place(const void *a, const void *b)
{
    const float *x = *(const float *const *)a, *y = *(const float *const *)b;

    return *x < *y ? -1 : *x > *y ? 1 : (x > y) - (x < y);
}

static void expect(const float *x, size_t n, size_t k, uint8_t *mark)
{
    const float *order[N];

    for (size_t i = 0; i < n; i++)
        order[i] = x + i;
    qsort(order, n, sizeof *order, by_value_then_place);
    memset(mark, 0, n);
    for (size_t i = 0; i < k; i++)
        mark[order[i] - x] = 1;
}

/* Through the sieve in pieces of 7. */
static void sieve(size_t n, size_t k, uint8_t *mark)
{
    struct pick_sieve *s = pick_sieve_new();

    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n; i += 7)
            pick_sieve_count(s, v + i, n - i < 7 ? n - i : 7);
        CHECK(pick_sieve_seen(s) == n);
        pick_sieve_next(s, k);
    }
    for (size_t i = 0; i < n; i += 7)
        pick_sieve_mark(s, v + i, n - i < 7 ? n - i : 7, mark + i);
    free(s);
}

static void all_counts(size_t n)
{
    uint8_t want[N], got[N];
    uint32_t order[N];

    pick_sort(v, n, order);
    for (size_t i = 1; i < n; i++)
        CHECK(v[order[i - 1]] < v[order[i]] || (v[order[i - 1]] == v[order[i]] && order[i - 1] < order[i]));
    for (size_t k = 0; k <= n; k++) {
        expect(v, n, k, want);
        pick_smallest(v, n, k, got);
        CHECK(memcmp(want, got, n) == 0);
        sieve(n, k, got);
        CHECK(memcmp(want, got, n) == 0);
        if (k < n)
            CHECK(pick_kth(v, n, k) == v[order[k]]);
    }
}

/* Groups side by side are those one by one, whatever the size, the count and what is left over. */
static void groups(void)
{
    uint8_t want[N], got[N];

    for (size_t of = 1; of <= 16; of++)
        for (size_t n = 0; n <= N; n += n < 4 * of ? of : 5 * of)
            for (size_t k = 0; k <= of; k++) {
                for (size_t i = 0; i < n; i += of)
                    expect(v + i, of, k, want + i);
                pick_groups(v, n, of, k, got);
                CHECK(memcmp(want, got, n) == 0);
            }
}

/* Rows that a sample brackets rightly, wrongly (a drift, a step, all alike but few) or too widely. */
static void rows(void)
{
    enum { MOST = 70000 };
    float *w = mem_new(MOST, sizeof *w);
    uint8_t *mark = mem_new(MOST, 1);
    struct rng r = rng_make(2, "pick", 4);

    for (int kind = 0; kind < 6; kind++)
        for (size_t n = 1023; n <= MOST; n = n < 1025 ? n + 1 : n < 4096 ? 4096 : n * 4 + 3)
            for (size_t k = 1; k < n; k += n / 5) {
                size_t marked = 0;
                float high = -INFINITY, low = INFINITY;

                for (size_t i = 0; i < n; i++) {
                    float z = (float)rng_normal(r, i);

                    w[i] = kind == 0   ? z
                           : kind == 1 ? (float)i
                           : kind == 2 ? -(float)i
                           : kind == 3 ? (i % (n / 128) == 0 ? 9 : z)
                           : kind == 4 ? (i % 97 ? 1 : z)
                           : z > 0     ? 0
                                       : z;
                }
                pick_smallest(w, n, k, mark);
                for (size_t i = 0; i < n; i++) {
                    marked += mark[i];
                    high = mark[i] && w[i] > high ? w[i] : high;
                    low = !mark[i] && w[i] < low ? w[i] : low;
                }
                CHECK(marked == k && high <= low);
                for (size_t i = 0, kept = 0; i < n; i++) /* of equals the first go */
                    if (w[i] == high && (kept += !mark[i], mark[i]))
                        CHECK(kept == 0);
                CHECK(pick_kth(w, n, k - 1) == high);
            }
    free(w);
    free(mark);
}

int main(void)
{
    struct rng r = rng_make(1, "pick", 4);

    for (size_t i = 0; i < N; i++)
        v[i] = (float)rng_normal(r, i);
    all_counts(N);
    for (size_t n = 0; n < 70; n++)
        all_counts(n);
    for (size_t i = 0; i < N; i++)
        v[i] = (float)rng_below(r, i, 5) - 2;
    v[3] = -0.0f, v[4] = 0, v[5] = INFINITY, v[6] = -INFINITY, v[7] = 1e-42f, v[8] = 3e38f;
    all_counts(N);
    groups();
    for (size_t i = 0; i < N; i++)
        v[i] = (float)rng_normal(r, i);
    groups();
    rows();
    return DONE();
}
