/* parse: strict text to values. The whole text must match; each returns 0, or -1 with a clause that quotes the text. */
#ifndef WEIR_BASE_PARSE_H
#define WEIR_BASE_PARSE_H

#include <stdint.h>

#include "base/err.h"

int parse_u64(const char *s, uint64_t *out, struct err *e); /* decimal digits */
int parse_i64(const char *s, int64_t *out, struct err *e);
int parse_f64(const char *s, double *out, struct err *e); /* finite, C locale */
int parse_size(const char *s, uint64_t *out,
               struct err *e); /* bytes: digits and K M G T (1024) or kB MB GB TB (1000) */
int parse_fraction(const char *s, double *out, struct err *e);                    /* 0 to 1, or 0% to 100% */
int parse_pair(const char *s, char sep, uint64_t *a, uint64_t *b, struct err *e); /* "2:4", "1/8", "16x16" */

/* "3", "0:8" (8 not included), "4:" (to the end). hi is UINT64_MAX when open. */
int parse_range(const char *s, uint64_t *lo, uint64_t *hi, struct err *e);

#endif
