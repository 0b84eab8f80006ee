/*
 * dtype_key: config.json's "dtype" (once "torch_dtype") against what the weights are. transformers loads every weight
 * as this type, so one that is no longer true rounds them.
 */
#ifndef WEIR_CKPT_DTYPE_KEY_H
#define WEIR_CKPT_DTYPE_KEY_H

#include "base/err.h"
#include "file/pile.h"

/* Elements by the type that they had in the checkpoint; the last count: of no type that floats have in transformers. */
struct dtype_key {
    uint64_t was[5];
};

void dtype_key_see(struct dtype_key *k, const struct bundle *b);

/*
 * The type of most elements in the pile, where it is not the type that most of what was seen had in its checkpoint: put
 * in the place of "dtype" and "torch_dtype" where config.json has them, its own or those of its parts ("text_config").
 * Else, and where text is no JSON object, text stays as it is, so that a folder that is only copied has the bytes that
 * it had, be they right or not.
 */
void dtype_key_correct(const struct dtype_key *k, const struct pile *now, struct buf *text);

#endif
