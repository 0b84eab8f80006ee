/* tied: is the head of a model its embedding? The configuration says what should be, the tensors what is. Private to
 * ckpt. */
#ifndef WEIR_CKPT_TIED_H
#define WEIR_CKPT_TIED_H

#include "ckpt/plan.h"

/*
 * After the steps are made: a head beside a tied embedding whose numbers are other than the embedding's makes the model
 * untied (head.model's key tied becomes false); a head without an embedding, in a tied model, is the embedding. -1:
 * reading failed. Cost: a head that is stored beside the embedding of a tied model is read and compared.
 */
int tied_facts(struct plan *p, const struct source *s, struct err *e);

#endif
