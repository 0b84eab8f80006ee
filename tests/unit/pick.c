/* pick: against a plain sort, over ties, zeros of both signs, and every k. */
#include "base/pick.h"

#include <stdlib.h>

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
    return DONE();
}
