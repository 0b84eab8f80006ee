/* jsonl_scan: what jsonl_read is made of: a place in a line, and what stands there. Each function moves the place
 * behind what it took. */
#ifndef WEIR_RECORD_JSONL_SCAN_H
#define WEIR_RECORD_JSONL_SCAN_H

#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

struct scan {
    char *p, *end, *line; /* the place, the end, the beginning; strings are decoded where they stand */
    struct err *why;
};

int scan_fault(struct scan *s, const char *what); /* -1, with the column */
void scan_space(struct scan *s);
int scan_literal(struct scan *s, const char *word); /* 1 when it stands here */

/* The string at the place, which is at its quote: *out, n bytes, good as long as the line. -1 */
int scan_string(struct scan *s, const char **out, size_t *n);
int scan_key(struct scan *s, const char **out, size_t *n); /* the same of a member's name, behind spaces */
/* The span of a number of RFC 8259, 6; *whole when it is an integer. */
int scan_number(struct scan *s, const char **start, size_t *n, int *whole);
/* Any value, appended as msgpack; depth: of arrays and objects in each other, at most. */
int scan_value(struct scan *s, struct buf *b, int depth);

#endif
