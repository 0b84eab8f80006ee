/* heads: models that tie their head to their embedding beside models that have one of their own. */
#ifndef WEIR_MERGE_HEADS_H
#define WEIR_MERGE_HEADS_H

#include "merge/operand.h"

/*
 * After operand_agree, before tensors are asked for. Where all operands tie their heads, one that is stored beside its
 * embedding is passed over. Where one has a head of its own, the embedding of a checkpoint that ties its head stands
 * for its head, too, and the merged model has a head. A head that is stored in the place of the embedding gets the
 * embedding's name.
 * untied  out: 1 when the merged model has a head of its own though the head of the first operand, a stream, says that
 *         it is tied
 * -1: a stream would have to be read twice; it is named.
 */
int merge_heads(struct operand *o, int n, int *untied, struct err *e);

#endif
