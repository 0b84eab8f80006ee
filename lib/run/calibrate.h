/*
 * calibrate: a stream through its model unit by unit, with the statistics of each unit's inputs given to it: what
 * mcalib does.
 *
 *     feed --> look, attach --> (command and back) --> run --> write
 *
 * Without a command a unit is run once, as it is looked at. A unit is written when it is done, but with the part bi a
 * layer of experts is held until its end, where its influence is known. Memory: a unit as stored and as f32, its sums,
 * the states; with bi a layer of experts as it is stored.
 */
#ifndef WEIR_RUN_CALIBRATE_H
#define WEIR_RUN_CALIBRATE_H

#include "run/calib.h"
#include "run/through.h"

struct calibrate {
    const char *command; /* each unit goes through this chain of filters; or NULL */
    int64_t patience;    /* seconds; see coproc_open */
    struct feed feed;    /* in: opened by the caller, its first unit fetched */
    struct forward f;    /* in: opened by the caller */
    struct calib calib;  /* in: parts, least */
    struct through through;
    int64_t layer, dropped; /* of the unit; of a layer that command did not give back */
    struct bundle *held;    /* [helds] */
    uint8_t *aside;         /* calib.held */
    int helds;
    int64_t experts, unseens; /* seen so far; of them without a token */
    struct buf unseen;        /* the first 20 of those: " layer:expert" */
};

/* Open the output: standard output, or command and behind it standard output. in: the feed's reader. */
int calibrate_open(struct calibrate *c, struct err *e);

/* Keep every `every`-th window aside (0: none), before calibrate_unit. -1: there are too few windows. */
int calibrate_hold_out(struct calibrate *c, const struct windows *w, uint64_t every, struct err *e);

/* Tell the head, for whoever quantizes by it, of which text it was and of the windows. */
void calibrate_note(struct calibrate *c, const char *text, const struct windows *w);

/* The feed's unit. */
int calibrate_unit(struct calibrate *c, struct err *e);

/* Behind the last unit: as many layers as the head (or the tail) says; the output is finished. */
int calibrate_finish(struct calibrate *c, struct err *e);
void calibrate_free(struct calibrate *c);

#endif
