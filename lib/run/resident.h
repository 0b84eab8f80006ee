/* resident: a model read once into memory, as it is stored, and run many times: for filters that meet their texts one
 * after the other. */
#ifndef WEIR_RUN_RESIDENT_H
#define WEIR_RUN_RESIDENT_H

#include "run/feed.h"
#include "run/ppl.h"

struct resident {
    struct feed feed; /* its reader stays open: the head is there; files: the tokenizer's */
    struct resident_unit {
        struct bundle *b;
        int n;
    } * unit; /* in the order of the stream */
    int units;
    uint64_t limit; /* bytes of hidden states in memory, see forward_open */
};

/* Read a stream from a file. -1 says what is wrong with it. Memory: the model as it is stored. */
int resident_open(struct resident *m, const char *path, uint64_t limit, struct err *e);

/*
 * What the model says of every position that has a target (ppl.h).
 * out    out: [w->tokens]
 * The same for any grouping of windows: each is run alone. Cost: every layer is turned into f32 once a call. Memory:
 * one such layer, the windows' activations. -1: what forward_* and ppl_score say.
 */
int resident_score(struct resident *m, const struct windows *w, struct ppl_token *out, struct err *e);

void resident_close(struct resident *m);

#endif
