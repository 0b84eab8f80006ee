/* numbers: what head.model says of a smaller model, such that config.json can say it, too. */
#ifndef WEIR_SHRINK_NUMBERS_H
#define WEIR_SHRINK_NUMBERS_H

#include "arch/config.h"

/*
 * Change a number of the configuration from units to left, and with it those that must change so that every other size
 * of a weight stays: query heads with heads of keys, a width that is the hidden size.
 * was  in: the model as it comes
 * now  inout: head.model
 * -1: no numbers do that (the sentence names a size that would change).
 */
int numbers_scale(const struct model *was, const char *number, uint64_t units, uint64_t left, struct attrs *now,
                  struct err *e);

/*
 * Leave only some layers: lists of one number a layer are cut; where the page computes such a list (which layers have
 * experts), the numbers it is computed from are set such that it stays right.
 * keep  in: [left], ascending
 * -1: no numbers do that.
 */
int numbers_layers(const struct model *was, const uint64_t *keep, uint64_t left, struct attrs *now, struct err *e);

/* Can config.json say it? config: the file as it came, or empty: as config_make makes it. -1: no, the number is named.
 * */
int numbers_say(const struct buf *config, const struct attrs *now, struct err *e);

/* What transformers asks for of a page's numbers ("require hf"). -1: the first sentence that does not hold. */
int numbers_accepted(const struct model *now, struct err *e);

#endif
