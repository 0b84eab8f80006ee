#include "base/parse.h"

#include "tests/unit/check.h"

static struct err e;

static void whole_numbers(void)
{
    uint64_t u = 7;
    int64_t i = 7;

    CHECK(parse_u64("0", &u, &e) == 0 && u == 0);
    CHECK(parse_u64("18446744073709551615", &u, &e) == 0 && u == UINT64_MAX);
    CHECK(parse_u64("007", &u, &e) == 0 && u == 7);
    static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x10", "1e3", "1.0", "18446744073709551616", "1\n"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        CHECK(parse_u64(bad[k], &u, &e) == -1 && u == 7);
    CHECK_STR((parse_u64("12x", &u, &e), e.msg), "'12x' is not a whole number");
    CHECK(parse_i64("-9223372036854775807", &i, &e) == 0 && i == -INT64_MAX);
    CHECK(parse_i64("9223372036854775807", &i, &e) == 0 && i == INT64_MAX);
    CHECK(parse_i64("9223372036854775808", &i, &e) == -1);
    CHECK(parse_i64("-", &i, &e) == -1 && parse_i64("--1", &i, &e) == -1);
}

static void numbers(void)
{
    double d = 7;

    CHECK(parse_f64("1.5", &d, &e) == 0 && d == 1.5);
    CHECK(parse_f64("-.5e-3", &d, &e) == 0 && d == -.5e-3);
    CHECK(parse_f64("1e-400", &d, &e) == 0 && d == 0);
    static const char *const bad[] = {"", "1,5", "nan", "inf", "1e999", "0x1p3", "1 ", "1.5.2", "e5", "."};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        CHECK(parse_f64(bad[k], &d, &e) == -1);
}

static void sizes(void)
{
    uint64_t u = 7;

    CHECK(parse_size("64", &u, &e) == 0 && u == 64);
    CHECK(parse_size("64K", &u, &e) == 0 && u == 65536);
    CHECK(parse_size("3M", &u, &e) == 0 && u == 3u << 20);
    CHECK(parse_size("2T", &u, &e) == 0 && u == (uint64_t)2 << 40);
    CHECK(parse_size("64kB", &u, &e) == 0 && u == 64000);
    CHECK(parse_size("5GB", &u, &e) == 0 && u == 5000000000u);
    CHECK(parse_size("16777215T", &u, &e) == 0 && u == UINT64_MAX - ((uint64_t)1 << 40) + 1);
    u = 7;
    static const char *const bad[] = {"", "K", "1k", "1KB", "1 K", "1.5K", "-1", "16777216T", "1KK"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        CHECK(parse_size(bad[k], &u, &e) == -1 && u == 7);
}

static void fractions(void)
{
    double d;

    CHECK(parse_fraction("0", &d, &e) == 0 && d == 0);
    CHECK(parse_fraction("1", &d, &e) == 0 && d == 1);
    CHECK(parse_fraction("50%", &d, &e) == 0 && d == 0.5);
    CHECK(parse_fraction("100%", &d, &e) == 0 && d == 1);
    static const char *const bad[] = {"",     "%",  "1.01", "101%",
                                      "-0.1", "50", "5%%",  "0.50000000000000000000000000000000000000001"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        CHECK(parse_fraction(bad[k], &d, &e) == -1);
}

static void pairs_and_ranges(void)
{
    uint64_t a, b;

    CHECK(parse_pair("2:4", ':', &a, &b, &e) == 0 && a == 2 && b == 4);
    CHECK(parse_pair("16x8", 'x', &a, &b, &e) == 0 && a == 16 && b == 8);
    CHECK(parse_pair("2:", ':', &a, &b, &e) == -1 && parse_pair(":4", ':', &a, &b, &e) == -1);
    CHECK(parse_pair("2", ':', &a, &b, &e) == -1 && parse_pair("2:4:8", ':', &a, &b, &e) == -1);
    CHECK(parse_range("3", &a, &b, &e) == 0 && a == 3 && b == 4);
    CHECK(parse_range("0:8", &a, &b, &e) == 0 && a == 0 && b == 8);
    CHECK(parse_range("4:", &a, &b, &e) == 0 && a == 4 && b == UINT64_MAX);
    CHECK(parse_range("5:5", &a, &b, &e) == 0 && a == 5 && b == 5);
    CHECK(parse_range("5:4", &a, &b, &e) == -1 && parse_range(":4", &a, &b, &e) == -1);
    CHECK(parse_range("", &a, &b, &e) == -1 && parse_range("a:b", &a, &b, &e) == -1);
    CHECK(parse_range("18446744073709551615", &a, &b, &e) == -1);
}

int main(void)
{
    whole_numbers();
    numbers();
    sizes();
    fractions();
    pairs_and_ranges();
    return DONE();
}
