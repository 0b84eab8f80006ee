/* quota: how many each group may give. */
#ifndef WEIR_SELECT_QUOTA_H
#define WEIR_SELECT_QUOTA_H

#include "select/rank.h"

/* "a=0.5,b=0.3,c=2": weights of groups, at least 0, not all 0, below 1e200 together; the groups are made. -1 quotes
 * what is none. */
int quota_mix(struct rank *k, const char *mix, struct err *e);

/* The part of an amount: 10% of 30 is 3, whatever 0.1 is in binary. */
uint64_t quota_part(uint64_t amount, double fraction);

/*
 * Budgets of all groups, before rank_next.
 * k         absolute, or fraction of each group's own amount when fraction >= 0
 * mixed     1: k is shared out by the groups' shares, by largest remainders (ties: the lesser name), which makes k
 *           exactly; groups without a share get nothing. 0: each group gets k.
 */
void quota_set(struct rank *r, uint64_t k, double fraction, int mixed);

#endif
