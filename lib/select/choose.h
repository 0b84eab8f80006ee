/* choose: dsel's work: conditions, order, budgets, and what is told about it. */
#ifndef WEIR_SELECT_CHOOSE_H
#define WEIR_SELECT_CHOOSE_H

#include "base/opt.h"
#include "base/shard.h"
#include "select/rank.h"
#include "select/select.h"
#include "select/where.h"

struct choose_opts {
    const char *method, *by; /* by: "-NAME" for the least first */
    uint64_t k;              /* 0: no number was given */
    double top, bottom;      /* below 0: no part was given; bottom: of the least */
    const char *total;  /* what top is a part of: a number, or a file of features; NULL: what meets the conditions */
    struct shard shard; /* which the input is; {0}: what its head says */
    enum unit unit;
    struct opt_list where;
    const char *per, *mix;
    uint64_t memory;
    const char *rejects, *report, *target, *raw;
};

/* What is wrong with the options, m (or NULL) being their method; NULL: nothing. */
const char *choose_fault(const struct choose_opts *c, const struct select_method *m);

struct choose;
/* *usage is 1 when the options are at fault. c is kept. */
struct choose *choose_open(const struct choose_opts *c, int *usage, struct err *e);

/*
 * Must all that meets the conditions go on, because in is a shard and what is wanted shows in the whole only? So it is
 * with methods that order a set, and with a part of an unknown total: the other shards may hold anything. 1, or 0: what
 * cannot be among the first is left out. Called for an input that is not merged.
 */
int choose_part(struct choose *ch, const struct records *in);

/* When all input is through: is there a name that a condition or --by asks for, and that no record had? e says which:
 * -1; 1 of a shard, where that need be no fault; or 0. */
int choose_names(const struct choose *ch, struct err *e);

/* Does a record meet the conditions? 1, 0 (it has been written to the rejects), -1. */
int choose_check(struct choose *ch, struct record *r, struct err *e);
void choose_count(struct choose *ch, const struct record *r); /* one that goes on without being ranked */

/* Put a record aside, if it meets the conditions. */
int choose_add(struct choose *ch, struct record *r, struct err *e);
/* An input is through: out takes over the head of the first; the shards' marks are gathered. -1: a shard has come
 * twice. */
int choose_end_input(struct choose *ch, struct records *in, struct records_out *out, struct err *e);
/* The next shard after this one (0: the first) that the marks speak of and that has not come; 0 when there is none. */
int64_t choose_missing(const struct choose *ch, int64_t after, int64_t *shards);
int choose_order(struct choose *ch, struct err *e);
/* The next one chosen: 1, 0 at the end, -1. */
int choose_next(struct choose *ch, struct record **r, struct err *e);

/* The report and the rejects are put in place; frees ch. */
int choose_close(struct choose *ch, struct err *e);

#endif
