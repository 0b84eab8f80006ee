/*
 * measure: the numbers that a record can be told by: its scores, numbers in its meta, and what can be measured of its
 * text.
 *
 *     bytes chars words lines               of UTF-8; code points; as text/words.h finds them; line feeds, and a last
 *     line without one
 *     letters digits upper spaces signs     shares of the characters, 0 to 1: Unicode's categories L, Nd, Lu, P and S,
 *     and Python's isspace;
 *                                           none for an empty text
 *     tokens                                token ids, when the record has some
 */
#ifndef WEIR_TEXT_MEASURE_H
#define WEIR_TEXT_MEASURE_H

#include "record/text.h"

#define MEASURES 9
extern const char *const measure_name[MEASURES]; /* those of the text, in the order above */
int measure_find(const char *name);              /* the index there, or -1 */

/* All of them: NaN where there is none. words: 1, or 0 to leave them out (0), which spares most of the time. One pass,
 * and one for words. */
void measure_text(const char *text, size_t n, int words, double v[MEASURES]);

/* The number of that name: a score, else a meta value that is a number, else one of the above. 1, or 0 when there is
 * none. */
int record_number(const struct record *r, const char *name, double *v);
/* The same where the text has been measured: double[MEASURES], or NULL. */
int record_pick(const struct record *r, const char *name, const double *of_text, double *v);
/* Token ids: 1, or 0 when there are none. */
int record_token_count(const struct record *r, uint64_t *n);

#endif
