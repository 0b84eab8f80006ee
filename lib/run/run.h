/* run: a whole stream through a model, for filters that want its last states and not the stream. */
#ifndef WEIR_RUN_RUN_H
#define WEIR_RUN_RUN_H

#include "run/feed.h"
#include "run/forward.h"

/*
 * Run from the feed's current unit (the first: feed_next was called once) to its end.
 * q8     in and out: quantized weights times activations of 8 bits (weight.h); NULL: f32
 * f      out: after the final norm; free with forward_free
 * head   out: the rows that score: the tensor of role head, or the embedding when the model is tied; nothing for a
 *        model that scores none; free with bundle_free
 * -1: what feed_next and forward_* say; a final norm or head that never came; a count of layers that is not the head's.
 * Memory: a layer as stored and as f32, the head as stored, states up to limit bytes.
 */
int run_model(struct feed *feed, const struct windows *w, uint64_t limit, struct rounding *q8, struct forward *f,
              struct bundle *head, struct err *e);

/* Let go of everything of a run, the feed and its reader too. */
void run_free(struct feed *feed, struct forward *f, struct bundle *head);

#endif
