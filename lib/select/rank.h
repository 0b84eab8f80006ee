/*
 * rank: records put aside on disk, and given back in the order of their keys up to budgets. The order depends on the
 * records only: key descending, then the hash of the id, then the hash of the record; so neither shards nor the order
 * of input show. Memory: what the sorter is given, 8 bytes for each record wanted (rank_limit), and a few for each
 * group.
 */
#ifndef WEIR_SELECT_RANK_H
#define WEIR_SELECT_RANK_H

#include "record/text.h"

struct rank_group {
    char *name;
    double share;             /* of the budget in a mixture; 0 when it has none */
    uint64_t budget;          /* what it may take */
    uint64_t records, amount; /* that came */
    uint64_t chosen, taken;   /* that were given back */
    int full;                 /* the first that did not fit has come: no later one is taken */
    size_t border;            /* rank_borders: the place in the order of the first that will not fit */
};

struct rank;
struct rank *rank_new(size_t memory, struct err *e);
void rank_free(struct rank *k);

/* The group of that name, made when it is new. Groups keep their index. "" is the group of records without groups. */
uint32_t rank_group(struct rank *k, const char *name, size_t n);
struct rank_group *rank_groups(struct rank *k, uint32_t *n);
/* Group indices by name: uint32_t[n], to be freed. */
uint32_t *rank_groups_by_name(struct rank *k);

/* No more than n records will be taken in all: those that cannot be among them need not be put aside. Before rank_add.
 * */
void rank_limit(struct rank *k, uint64_t n);
/* Give back of each group the first that does not fit, too: of a shard, since that one ends the group's choice in the
 * whole. */
void rank_one_over(struct rank *k, int on);
/* Put a record aside. amount: of the budget's unit. 1 when it was put aside, 0 when it is beyond the limit, -1. */
int rank_add(struct rank *k, const struct record *r, double key, uint32_t group, uint64_t amount, struct err *e);

/* All are there. */
int rank_ready(struct rank *k, struct err *e);
/* The next in order, whether it fits its group's budget or not: *fits tells. 1, 0 at the end, -1. r lives until the
 * next call. */
int rank_next(struct rank *k, struct record *r, uint32_t *group, int *fits, struct err *e);

/* For methods that order a set: all records, in the order of the hashes of their ids (keys are to be equal), each once.
 * After rank_ready; rank_next then goes by order. */
uint64_t rank_count(const struct rank *k);
int rank_collect(struct rank *k, struct err *e); /* 32 bytes a record from here on */
int rank_get(struct rank *k, uint64_t i, struct record *r, uint32_t *group, struct err *e);
void rank_order(struct rank *k, const uint32_t *order, size_t n); /* kept, not copied */
/* Find each group's border before rank_next: the index within order, or SIZE_MAX where all fit. Budgets are to be set.
 * */
void rank_borders(struct rank *k);
size_t rank_at(const struct rank *k); /* the index within order of what rank_next gave last */

#endif
