/*
 * lookup: the bundles of a stream by name, in any order, for joins (tdiff, tmerge). While they are asked for in the
 * stream's own order nothing is kept; what is passed over goes to an unlinked file in $TMPDIR and is read back from
 * there.
 */
#ifndef WEIR_TENSOR_LOOKUP_H
#define WEIR_TENSOR_LOOKUP_H

#include "tensor/stream.h"

struct lookup;

/* in has no writer linked to it; it stays the caller's. */
struct lookup *lookup_open(struct reader *in);
void lookup_close(struct lookup *l);

/* Bundles are known by key(b, ctx), which the caller of key frees, instead of by their names. Before the first is asked
 * for. */
void lookup_keys(struct lookup *l, char *(*key)(const struct bundle *b, const void *ctx), const void *ctx);

/*
 * The first bundle of that name that has not been given out.
 * b     out: {0} or from an earlier call; its header is read, nothing is loaded
 * from  out: the reader to load it with; valid until the next call
 * 1, 0 when there is none, -1. Memory: a chunk while others are passed over, and what is shared.
 */
int lookup_get(struct lookup *l, const char *name, struct bundle *b, struct reader **from, struct err *e);

/* The next bundle that has not been given out, in the order of the stream. 1, 0 at the end, -1. */
int lookup_rest(struct lookup *l, struct bundle *b, struct reader **from, struct err *e);

#endif
