/* table: the methods of a family: a NULL-terminated array of pointers to structs whose first member is `const char
 * *name`. */
#ifndef WEIR_BASE_TABLE_H
#define WEIR_BASE_TABLE_H

#include "base/err.h"

/* The row of that name, or NULL. */
const void *table_find(const void *table, const char *name);

/* The index of that word, or -1. */
int table_word(const char *const *word, int n, const char *name);

/* The name that is at most two insertions, deletions, exchanges or swaps of neighbours away, or begins with name (two
 * letters at least), upper and lower case alike: the nearest; of those the one that begins with more of the same
 * letters; of those the first. NULL: none. table: or NULL. */
const char *table_nearest(const void *table, const char *name);

/* "WHAT 'wnada' is not known; did you mean wanda? --list names them". The second table is looked at, too (NULL: there
 * is none). Returns -1. */
int table_unknown(const char *what, const void *table, const void *second, const char *name, struct err *e);

#endif
