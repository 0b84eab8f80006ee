/* nested: text and id that lie within objects, named by a path such as "data.text". A name that has a dot itself is
 * found too. */
#ifndef WEIR_RECORD_NESTED_H
#define WEIR_RECORD_NESTED_H

#include "record/text.h"

/*
 * Take the string, or with integers also the integer, at a path out of the meta values, which lie in r->own[0]; its
 * text is appended to keep. 1, 0 when there is none (or null), -1: what is there is neither.
 */
int nested_take(struct record *r, const char *path, int integers, struct buf *keep);

/* Append n pairs to `to` with a string put in at the path, making objects as needed; *n becomes how many there are.
 * Null gives way; -1 when another value is in the way. */
int nested_put(const uint8_t *pairs, size_t len, uint32_t *n, const char *path, const char *s, size_t bytes,
               struct buf *to);

#endif
