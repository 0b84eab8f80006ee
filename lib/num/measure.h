/* measure: the figures that can be said of many numbers, by name: a row each. */
#ifndef WEIR_NUM_MEASURE_H
#define WEIR_NUM_MEASURE_H

#include "num/acc.h"

struct measured {
    struct acc *acc;
    const struct acc_stats *st; /* acc_finish's */
    double row_squares;         /* largest acc_squares of a row */
};

struct measure {
    const char *name, *brief;
    double (*of)(const struct measured *s); /* NULL: a quantile of |x| */
};
extern const struct measure measures[]; /* ends with name NULL */

struct chosen {
    const struct measure *m;
    double p; /* of a quantile */
};

/* "std", "q0.99". 0, or -1 when there is none of that name. */
int measure_choose(const char *word, struct chosen *c);

/* Its value; NaN where it is not defined. */
double measure_value(const struct chosen *c, const struct measured *s);

/* Add rows of values; then finish, after which measure_value holds; then empty s, into all where that is not NULL. */
void measured_add(struct measured *s, const float *w, uint64_t rows, uint64_t cols);
void measured_finish(struct measured *s);
void measured_move(struct measured *s, struct measured *all);

#endif
