/*
 * through: blocks of a model that go through a chain of filters and come back, one at a time, while the model runs.
 *
 *     in --> feed --> to --> CMD --> from --> out
 *
 * After each unit a mark is sent (stream.h); what comes back before that mark is the unit as CMD made it. Heads, blobs,
 * tails and their corrections pass through CMD as well, so its filters see one whole stream.
 */
#ifndef WEIR_RUN_THROUGH_H
#define WEIR_RUN_THROUGH_H

#include "base/coproc.h"
#include "run/feed.h"

struct through {
    const char *cmd;
    struct coproc co;
    struct writer *to, *out;
    struct reader *from; /* NULL until something has been sent */
    struct bundle *b;    /* the unit that came back: b[n], owned */
    int n;
    int64_t marks;
};

/* Start cmd and make it the feed's output. patience: coproc_open's. */
int through_open(struct through *t, const char *cmd, int64_t patience, struct feed *feed, struct err *e);

/*
 * Send the feed's unit and wait until it is back: t->b, t->n (0: CMD dropped it), loaded, roles set, all of one layer.
 * Other records that come back are written on. -1: CMD ended (the sentence gives its status), wrote no stream, or waits
 * for more than a unit (coproc_expect).
 */
int through_pass(struct through *t, struct feed *feed, struct err *e);

int through_write(struct through *t, struct err *e); /* the unit, to standard output */

/* End of stream: CMD ends well. Then from holds head and tail, and t->out is for the caller to finish. */
int through_finish(struct through *t, struct err *e);
void through_free(struct through *t);

#endif
