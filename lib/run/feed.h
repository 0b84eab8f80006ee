/*
 * feed: a stream as a model needs it: tokenizer files kept aside, then unit by unit what is run in one go.
 *
 * A unit is, loaded: one bundle of no layer (embed, pos, norm.final, head); the bundles of a layer, up to its experts;
 * those of one expert; those of the layer that come behind its experts. Bundles without a role get theirs from their
 * names (arch_role). A mark (mark_write) ends a unit. Other records, and the architecture's buffers (arch_buffer), are
 * relayed at once when there is a writer.
 */
#ifndef WEIR_RUN_FEED_H
#define WEIR_RUN_FEED_H

#include "tok/tok.h"
#include "tensor/stream.h"

struct feed {
    struct reader *in;
    struct writer *out;     /* or NULL: what is not the model's is dropped */
    struct tok_files files; /* tokenizer files seen so far, owned */
    struct bundle *b;       /* the unit: b[n], owned */
    int n;
    struct item ahead; /* the first record behind the unit, when have */
    int have;
    int mark; /* ahead is a mark, which ended the unit and is passed on after it */
};

/* The next unit into f->b, f->n; the one before is freed. 1, 0 at the end, -1: what the reader says, a tensor that the
 * architecture is not known to have, a model without a page. Memory: a layer without its experts, or an expert, as it
 * is stored. */
int feed_next(struct feed *f, struct err *e);

/* The first unit of in (NULL: its opening failed, e says why). -1: as feed_next, and a stream without tensors. */
int feed_begin(struct feed *f, struct reader *in, struct err *e);

/* Is the unit this role? */
int feed_is(const struct feed *f, const char *role);

/* Write the unit's bundles to f->out, in their order. */
int feed_write(struct feed *f, struct err *e);

void feed_free(struct feed *f); /* neither the reader nor the writer */

#endif
