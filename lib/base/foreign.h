/* foreign: what a file is that was given in place of another kind, told by its first bytes, so that a refusal can name
 * it and say what to do. */
#ifndef WEIR_BASE_FOREIGN_H
#define WEIR_BASE_FOREIGN_H

#include <stddef.h>

#define FOREIGN_BYTES 64 /* that foreign_file likes to see */

/* A clause such as "a Parquet file; ...", or NULL when the first n bytes are of nothing known here. No text of UTF-8 is
 * taken for one, but a git-lfs pointer. */
const char *foreign_file(const void *first, size_t n);
/* The same for what is text, but no JSON lines: an array, a page of HTML. First bytes, a byte order mark left out. */
const char *foreign_json(const void *first, size_t n);

#endif
