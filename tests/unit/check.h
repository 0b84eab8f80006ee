/* check: the few words unit tests are written in. A failed check prints its place and text; DONE() gives the exit
 * status. */
#ifndef WEIR_TESTS_CHECK_H
#define WEIR_TESTS_CHECK_H

#include <math.h>
#include <stdio.h>
#include <string.h>

static int check_failed, check_count;
static __attribute__((unused)) const char *check_of; /* the row of a table that checks are about: they print it */

/* The condition of a loop over a table: for (int i = 0; CHECK_ROW(merge_table[i], name); i++). */
#define CHECK_ROW(row, member) ((check_of = (row) ? (row)->member : NULL) != NULL)

#define CHECK_SAY(...)                                                                                                 \
    (check_failed++, printf("%s:%d: %s%s", __FILE__, __LINE__, check_of ? check_of : "", check_of ? ": " : ""),        \
     printf(__VA_ARGS__))
#define CHECK(cond)                                                                                                    \
    do {                                                                                                               \
        check_count++;                                                                                                 \
        if (!(cond))                                                                                                   \
            CHECK_SAY("CHECK(%s) does not hold\n", #cond);                                                             \
    } while (0)
#define CHECK_STR(a, b)                                                                                                \
    do {                                                                                                               \
        const char *check_a = (a), *check_b = (b);                                                                     \
        check_count++;                                                                                                 \
        if (!check_a || !check_b || strcmp(check_a, check_b) != 0)                                                     \
            CHECK_SAY("'%s' is not '%s'\n", check_a, check_b);                                                         \
    } while (0)
#define CHECK_NEAR(a, b, tol)                                                                                          \
    do {                                                                                                               \
        double check_a = (a), check_b = (b);                                                                           \
        check_count++;                                                                                                 \
        if (!(fabs(check_a - check_b) <= (tol)))                                                                       \
            CHECK_SAY("%s = %.9g is not within %g of %.9g\n", #a, check_a, (double)(tol), check_b);                    \
    } while (0)
#define DONE() (printf("%d checks, %d failed\n", check_count, check_failed), check_failed != 0)

#endif
