/* item_json: what a record of a stream is, as one JSON object. */
#ifndef WEIR_RECORD_ITEM_JSON_H
#define WEIR_RECORD_ITEM_JSON_H

#include "tensor/stream.h"

/*
 * Append the object, without a line feed. A tensor: tensor (its name), shape, type (describe_type), bytes, role and
 * layer where it has them, companions (an object of shapes). Any other record: kind, name where it has one, size.
 */
void json_put_item(struct buf *out, const struct item *it);

#endif
