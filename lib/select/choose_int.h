/* choose_int: what choose's files share. Private to select. */
#ifndef WEIR_SELECT_CHOOSE_INT_H
#define WEIR_SELECT_CHOOSE_INT_H

#include "base/target.h"
#include "select/choose.h"
#include "select/report.h"

struct choose {
    const struct choose_opts *c;
    const struct select_method *m;
    uint64_t k; /* as in c, but for a part of a known total */
    double top;
    const char *by; /* as in c, but for its sign */
    double sign;    /* -1: the least first */
    double temperature;
    int part; /* the input is a shard */
    struct where **where;
    uint8_t *known; /* [where + 1]: some record had its name; the last: by's */
    uint64_t read;
    struct select_draw *draw;
    struct rank *rank;
    struct report *report;
    struct target *rejects;
    struct buf line;
    struct record r; /* the one choose_next gave */
    uint8_t *shard;  /* [shards] times each came */
    int64_t shards;
    int inputs;
    uint32_t *order;
};

/* choose_order.c: score and weight of the one that choose_next gave, where it was drawn. */
void choose_weigh(struct choose *ch, uint32_t group);

/* choose_names.c: which names the conditions ask for this record has. */
void choose_note_names(struct choose *ch, const struct record *r);

#endif
