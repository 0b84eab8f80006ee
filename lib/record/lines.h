/* lines: bytes from anywhere, cut at line feeds, in memory bounded by the longest line that is let pass. */
#ifndef WEIR_RECORD_LINES_H
#define WEIR_RECORD_LINES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Bytes read, 0 at the end, -1. */
typedef ssize_t lines_read(void *ctx, void *buf, size_t n, struct err *e);

struct lines;
/* limit: bytes of the longest line, its line feed left out. */
struct lines *lines_open(lines_read *read, void *ctx, uint64_t limit);
void lines_close(struct lines *l);

/*
 * Read on until there is a whole line in memory: about 256 KiB, or one line where that is longer. 1, 0 at the end of
 * input, -1. Lines before a fault of
 * reading are given before it is told. What lines_next gave before is then gone. A line longer than the limit is
 * dropped: lines_next gives it with p NULL.
 */
int lines_fill(struct lines *l, struct err *e);
/* The next line of what was filled, without its line feed: 1, or 0 when there is none left. The bytes may be changed, n
 * of them. */
int lines_next(struct lines *l, char **p, size_t *n);
uint64_t lines_number(const struct lines *l); /* of the line that lines_next gave last, from 1 */
uint64_t lines_offset(const struct lines *l); /* bytes of the input before that line */
int lines_unended(const struct lines *l);     /* 1: that line is the input's last and has no line feed */

#endif
