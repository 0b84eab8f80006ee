/* json_text: what a JSON text must hold beyond what yajl checks. For json.c only; the words for others are in json.h.
 * */
#ifndef WEIR_RECORD_JSON_TEXT_H
#define WEIR_RECORD_JSON_TEXT_H

#include <stddef.h>

#include "base/err.h"

/*
 * Find what yajl lets pass: loose UTF-8, and halves of surrogate pairs, which it would turn into '?'.
 * Returns the offset of the first fault with why set, or n. One pass, no memory.
 */
size_t json_text_fault(const unsigned char *s, size_t n, struct err *why);

#endif
