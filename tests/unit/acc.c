#include "num/acc.h"

#include <stdlib.h>

#include "base/par.h"
#include "base/rng.h"
#include "tests/unit/check.h"

enum { N = 50001 };
static float v[N];

static void fill(float scale, float shift)
{
    struct rng r = rng_make(7, "acc", 3);

    for (size_t i = 0; i < N; i++)
        v[i] = (float)(rng_normal(r, i) * scale + shift);
}

static void sums_keep_what_plain_addition_loses(void)
{
    struct sum s = {0};

    sum_add(&s, 1);
    sum_add(&s, 1e100);
    sum_add(&s, 1);
    sum_add(&s, -1e100);
    CHECK(sum_value(&s) == 2);
}

/* Against two plain passes in long double. */
static void moments_agree_with_the_definition(void)
{
    struct moments m;
    long double mean = 0, c[5] = {0};

    fill(0.02f, 0.5f);
    for (int i = 0; i < N; i++)
        mean += v[i];
    mean /= N;
    for (int i = 0; i < N; i++) {
        long double d = v[i] - mean;

        c[2] += d * d, c[3] += d * d * d, c[4] += d * d * d * d;
    }
    struct acc *a = acc_new();
    acc_add(a, v, N);
    m = acc_finish(a)->m;
    CHECK(m.n == N);
    CHECK_NEAR(m.mean, (double)mean, 1e-15);
    CHECK_NEAR(m.m2 / (double)c[2], 1, 1e-12);
    CHECK_NEAR(m.m3, (double)c[3], 1e-12 * (double)c[4] / 0.02);
    CHECK_NEAR(m.m4 / (double)c[4], 1, 1e-12);
    CHECK_NEAR(moments_kurtosis(&m), 3, 0.1);
    acc_free(a);
}

static void merge_takes_the_empty_set(void)
{
    struct moments none = {0}, m, one;
    const float x[] = {1, 2, 4};

    moments_of(&one, x, 3);
    m = none;
    moments_merge(&m, &one);
    CHECK(memcmp(&m, &one, sizeof m) == 0);
    moments_merge(&m, &none);
    CHECK(memcmp(&m, &one, sizeof m) == 0);
    CHECK_NEAR(moments_variance(&m), 14.0 / 9, 1e-15);
    CHECK(isnan(moments_variance(&none)) && isnan(moments_skewness(&none)));
}

static void cuts_and_threads_do_not_show(void)
{
    struct acc_stats one, cut, two;
    struct acc *a = acc_new();
    double q[3];

    fill(1, 0);
    memset(&one, 0, sizeof one);
    acc_add(a, v, N);
    one = *acc_finish(a);
    q[0] = acc_abs_quantile(a, 0.9);
    acc_reset(a);
    for (size_t at = 0, step = 1; at < N; at += step, step = step * 3 % 9001) {
        if (step > N - at)
            step = N - at;
        acc_add(a, v + at, step);
    }
    cut = *acc_finish(a);
    q[1] = acc_abs_quantile(a, 0.9);
    acc_free(a);
    par_set_jobs(3);
    a = acc_new();
    acc_add(a, v, N);
    two = *acc_finish(a);
    q[2] = acc_abs_quantile(a, 0.9);
    par_set_jobs(1);
    acc_free(a);
    CHECK(memcmp(&one, &cut, sizeof one) == 0);
    CHECK(memcmp(&one, &two, sizeof one) == 0);
    CHECK(q[0] == q[1] && q[0] == q[2]);
}

static int by_size(const void *a, const void *b)
{
    float x = fabsf(*(const float *)a), y = fabsf(*(const float *)b);

    return (x > y) - (x < y);
}

static void quantiles_are_as_near_as_the_header_says(void)
{
    static const double q[] = {1e-9, 0.1, 0.5, 0.9, 0.99, 0.999, 1};
    struct acc *a = acc_new();

    fill(0.02f, 0);
    acc_add(a, v, N);
    acc_finish(a);
    qsort(v, N, sizeof *v, by_size);
    for (size_t i = 0; i < sizeof q / sizeof *q; i++) {
        size_t rank = (size_t)ceil(q[i] * N);
        double want = fabsf(v[rank - 1]);

        CHECK_NEAR(acc_abs_quantile(a, q[i]), want, want * 0x1p-11);
    }
    acc_free(a);
}

static void short_floats_have_exact_quantiles_and_histograms(void)
{
    const float x[] = {-2, -1, -0.5f, 0, -0.0f, 0.5f, 1, 1.0009765625f, INFINITY, NAN};
    struct acc *a = acc_new();
    const struct acc_stats *st;
    uint64_t count[4];

    acc_add(a, x, 10);
    st = acc_finish(a);
    CHECK(st->m.n == 8 && st->zeros == 2 && st->nonfinite == 2);
    CHECK(st->min == -2 && st->max == 1.0009765625f);
    CHECK(st->l1 == 6.0009765625 && st->squares == 7.5 + 0x1p-9 + 0x1p-20);
    CHECK(acc_abs_quantile(a, 0.25) == 0);
    CHECK(acc_abs_quantile(a, 0.26) == 0.5);
    CHECK(acc_abs_quantile(a, 0.875) == 1.0009765625);
    CHECK(acc_abs_quantile(a, 1) == 2);
    acc_histogram(a, -2, 2, count, 4);
    CHECK(count[0] == 1 && count[1] == 2 && count[2] == 3 && count[3] == 2);
    acc_free(a);
}

static void merging_is_seeing_both(void)
{
    struct acc *a = acc_new(), *b = acc_new(), *both = acc_new();
    const struct acc_stats *x, *y;

    fill(1, 1);
    acc_add(a, v, 1000);
    acc_add(b, v + 1000, N - 1000);
    acc_add(both, v, N);
    acc_merge(a, b);
    x = acc_finish(a);
    y = acc_finish(both);
    CHECK(x->m.n == y->m.n && x->min == y->min && x->max == y->max);
    CHECK_NEAR(x->m.m4 / y->m.m4, 1, 1e-13);
    CHECK_NEAR(x->l1 / y->l1, 1, 1e-15);
    CHECK(acc_abs_quantile(a, 0.5) == acc_abs_quantile(both, 0.5));
    acc_free(a);
    acc_free(b);
    acc_free(both);
}

static void nothing_seen_is_nan(void)
{
    struct acc *a = acc_new();
    const struct acc_stats *st = acc_finish(a);

    CHECK(st->m.n == 0 && isnan(st->min) && isnan(st->max) && isnan(acc_abs_quantile(a, 0.5)));
    acc_free(a);
}

int main(void)
{
    sums_keep_what_plain_addition_loses();
    moments_agree_with_the_definition();
    merge_takes_the_empty_set();
    cuts_and_threads_do_not_show();
    quantiles_are_as_near_as_the_header_says();
    short_floats_have_exact_quantiles_and_histograms();
    merging_is_seeing_both();
    nothing_seen_is_nan();
    return DONE();
}
