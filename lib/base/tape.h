/* tape: bytes put aside on disk (io_spool), added at the end and read back from anywhere. */
#ifndef WEIR_BASE_TAPE_H
#define WEIR_BASE_TAPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct tape;
struct tape *tape_new(struct err *e); /* NULL when there is no room for a temporary file. Memory: 256 KiB */
/* Append n bytes. */
int tape_add(struct tape *t, const void *p, size_t n, struct err *e);
uint64_t tape_len(const struct tape *t); /* bytes added so far */
/* Read the n bytes from at on; they must have been added. */
int tape_get(struct tape *t, uint64_t at, void *p, size_t n, struct err *e);
void tape_free(struct tape *t);

#endif
