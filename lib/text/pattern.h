/* pattern: a regular expression against one text, as Python's re has it where PCRE2 agrees. */
#ifndef WEIR_TEXT_PATTERN_H
#define WEIR_TEXT_PATTERN_H

#include <stddef.h>

#include "base/err.h"

/*
 * Does the expression match text from its first byte on? 1, 0, -1: it is no expression, or the search for a match was
 * given up (10 million steps). Both are UTF-8. Cost: the expression is compiled anew at each call.
 */
int pattern_match(const char *expression, size_t n, const char *text, struct err *e);

#endif
