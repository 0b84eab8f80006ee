/* exact: sums that no order changes, with the digits that rounding would lose; and their texts. */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "num/exact.h"
#include "tests/unit/check.h"

static int text_is(const struct exact *a, const char *want)
{
    struct buf b = {0};
    struct exact back;
    int same;

    exact_put(&b, a);
    same = strcmp(buf_str(&b), want) == 0 && exact_get(&back, want, strlen(want)) == 0;
    if (!same)
        printf("%s, not %s\n", buf_str(&b), want);
    b.len = 0;
    exact_put(&b, &back);
    same &= strcmp(buf_str(&b), want) == 0;
    buf_free(&b);
    return same;
}

static void known(void)
{
    struct exact a = {{0}, 0}, q = {{0}, 0};

    CHECK(exact_value(&a) == 0 && text_is(&a, "0x0p0"));
    exact_add(&a, 1e300), exact_add(&a, 1), exact_add(&a, -1e300);
    CHECK(exact_value(&a) == 1 && text_is(&a, "0x1p0"));
    exact_add(&a, -501);
    CHECK(exact_value(&a) == -500 && text_is(&a, "-0x1f4p0"));
    exact_add(&a, 0.25);
    CHECK(text_is(&a, "-0x1f3c0000000p-32"));
    exact_add(&a, 5e-324), exact_add(&a, 499.75);
    CHECK(exact_value(&a) == 5e-324);
    exact_add_square(&q, 5e-324), exact_add_square(&q, 1.7976931348623157e308);
    CHECK(isinf(exact_value(&q)));
    memset(&q, 0, sizeof q);
    exact_add_square(&q, 3), exact_add_square(&q, -0x1p-600);
    CHECK(exact_value(&q) == 9);
    exact_add(&q, -9);
    CHECK(exact_value(&q) == 0); /* 2^-1200 is below the least double */
}

/* Rounding to nearest, ties to even, however far below the last bit what breaks the tie is. */
static void rounds(void)
{
    struct exact a = {{0}, 0};

    exact_add(&a, 0x1p53), exact_add(&a, 1);
    CHECK(exact_value(&a) == 0x1p53);
    exact_add(&a, 0x1p-1000);
    CHECK(exact_value(&a) == 0x1p53 + 2);
    exact_add(&a, -0x1p-999);
    CHECK(exact_value(&a) == 0x1p53);
}

static void any_order(void)
{
    static double x[5000];
    struct rng r = rng_make(1, "exact", 5);
    struct exact whole = {{0}, 0}, back = {{0}, 0}, part[7] = {{{0}, 0}};
    struct buf a = {0}, b = {0}, c = {0};

    for (uint64_t i = 0; i < 5000; i++) {
        x[i] = ldexp(rng_unit(r, i) - 0.5, (int)rng_below(r, 9000 + i, 2000) - 1000);
        exact_add(&whole, x[i]);
        exact_add_square(&whole, x[i]);
    }
    for (int i = 5000; i-- > 0;) {
        exact_add(&back, x[i]), exact_add_square(&back, x[i]);
        exact_add(&part[i % 7], x[i]), exact_add_square(&part[i % 7], x[i]);
    }
    for (int i = 5; i >= 0; i--)
        exact_merge(&part[6], &part[i]);
    exact_put(&a, &whole), exact_put(&b, &back), exact_put(&c, &part[6]);
    CHECK(strcmp(buf_str(&a), buf_str(&b)) == 0 && strcmp(buf_str(&a), buf_str(&c)) == 0);
    for (int i = 0; i < 5000; i++)
        exact_add(&whole, -x[i]);
    CHECK(exact_value(&whole) > 0);
    buf_free(&a), buf_free(&b), buf_free(&c);
}

static void no_text(void)
{
    static const char *const bad[] = {"",       "0x",      "0xp0",      "12p0",  "0x1",     "0x1p",   "0x1p1",
                                      "0x1p32", "0x1p-31", "0x1p-2208", "0xGp0", "--0x1p0", "0x1p0 ", "0X1p0"};
    struct exact a;
    char wide[1300];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(exact_get(&a, bad[i], strlen(bad[i])) < 0);
    snprintf(wide, sizeof wide, "0x%01200dp0", 1);
    CHECK(exact_get(&a, wide, strlen(wide)) < 0);
}

int main(void)
{
    known();
    rounds();
    any_order();
    no_text();
    return DONE();
}
