/* check: the few words unit tests are written in. A failed check prints its place and text; DONE() gives the exit
 * status. */
#ifndef WEIR_TESTS_CHECK_H
#define WEIR_TESTS_CHECK_H

#include <math.h>
#include <stdio.h>
#include <string.h>

static int check_failed, check_count;

#define CHECK(cond)                                                                                                    \
    do {                                                                                                               \
        check_count++;                                                                                                 \
        if (!(cond))                                                                                                   \
            check_failed++, printf("%s:%d: CHECK(%s) does not hold\n", __FILE__, __LINE__, #cond);                     \
    } while (0)
#define CHECK_STR(a, b)                                                                                                \
    do {                                                                                                               \
        const char *check_a = (a), *check_b = (b);                                                                     \
        check_count++;                                                                                                 \
        if (!check_a || !check_b || strcmp(check_a, check_b) != 0)                                                     \
            check_failed++, printf("%s:%d: '%s' is not '%s'\n", __FILE__, __LINE__, check_a, check_b);                 \
    } while (0)
#define CHECK_NEAR(a, b, tol)                                                                                          \
    do {                                                                                                               \
        double check_a = (a), check_b = (b);                                                                           \
        check_count++;                                                                                                 \
        if (!(fabs(check_a - check_b) <= (tol)))                                                                       \
            check_failed++, printf("%s:%d: %s = %.9g is not within %g of %.9g\n", __FILE__, __LINE__, #a, check_a,     \
                                   (double)(tol), check_b);                                                            \
    } while (0)
#define DONE() (printf("%d checks, %d failed\n", check_count, check_failed), check_failed != 0)

#endif
