/* pick: infinities, NaN, zeros of both signs and subnormals, at sizes on both sides of the change of method. */
#include "base/pick.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "tests/unit/check.h"

static const float *sorting;

/* The order by the definition: value, then index; -0 is 0, NaN is last. */
static int by_definition(const void *a, const void *b)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    float x = sorting[i], y = sorting[j];

    if (isnan(x) || isnan(y))
        return isnan(x) && isnan(y) ? (i > j) - (i < j) : isnan(x) ? 1 : -1;
    return x < y ? -1 : x > y ? 1 : (i > j) - (i < j);
}

static void agrees_with_a_plain_sort(const float *v, uint32_t n)
{
    uint32_t *want = mem_new(n, sizeof *want), *order = mem_new(n, sizeof *order);
    uint8_t *mark = mem_new(n, 1);
    int same_kth = 1, same_mark = 1;

    for (uint32_t i = 0; i < n; i++)
        want[i] = i;
    sorting = v;
    qsort(want, n, sizeof *want, by_definition);
    pick_sort(v, n, order);
    CHECK(memcmp(order, want, n * sizeof *want) == 0);
    for (uint32_t k = 0; k <= n; k += n < 200 ? 1 : n / 37) {
        uint32_t marked = 0;

        if (k < n) {
            float got = pick_kth(v, n, k), right = v[want[k]];
            same_kth &= isnan(right) ? isnan(got) : got == right;
        }
        pick_smallest(v, n, k, mark);
        for (uint32_t i = 0; i < n; i++) {
            marked += mark[i];
            same_mark &= mark[want[i]] == (i < k);
        }
        same_mark &= marked == k;
    }
    CHECK(same_kth);
    CHECK(same_mark);
    free(want);
    free(order);
    free(mark);
}

static void every_kind_of_value(uint32_t n, uint64_t seed)
{
    static const float odd[] = {0.0f,   -0.0f,   INFINITY,      -INFINITY,      NAN,
                                1e-45f, -1e-45f, 3.4028235e38f, -3.4028235e38f, 1.0f};
    float *v = mem_new(n, sizeof *v);
    struct rng r = rng_make(seed, "pick", 4);

    for (uint32_t i = 0; i < n; i++)
        v[i] = i % 3 == 0   ? odd[rng_below(r, i, 10)]
               : i % 3 == 1 ? (float)(int64_t)rng_below(r, i, 7) - 3
                            : (float)rng_normal(r, i);
    agrees_with_a_plain_sort(v, n);
    free(v);
}

int main(void)
{
    static float same[5000];
    float one = 5;

    agrees_with_a_plain_sort(&one, 1);
    agrees_with_a_plain_sort(same, 100);
    agrees_with_a_plain_sort(same, 5000);
    every_kind_of_value(2, 1);
    every_kind_of_value(97, 2);
    every_kind_of_value(4096, 3); /* the last that is sorted */
    every_kind_of_value(4097, 4); /* the first that is counted */
    every_kind_of_value(20000, 5);
    return DONE();
}
