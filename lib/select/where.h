/* where: simple conditions on a record, and what budgets count of it. */
#ifndef WEIR_SELECT_WHERE_H
#define WEIR_SELECT_WHERE_H

#include "text/measure.h"

/* What a budget counts. Words are those of text/words.h. */
enum unit { UNIT_RECORDS, UNIT_BYTES, UNIT_CHARS, UNIT_WORDS, UNIT_TOKENS };
int unit_find(const char *name); /* records bytes chars words tokens; -1 for another word */
/* How much a record has of it; -1 with e set: it has no token ids. */
int unit_measure(enum unit u, const struct record *r, uint64_t *n, struct err *e);

struct where;
/* "NAME OP VALUE" with OP of = != < <= > >=; blanks around OP do not count. VALUE is a number, or with = and != any
 * text. */
struct where *where_parse(const char *text, struct err *e);
/* 1 when the record meets the condition; a record without NAME does not, whatever OP is. */
int where_holds(const struct where *w, const struct record *r);
int where_knows(const struct where *w, const struct record *r); /* has the record NAME at all? */
const char *where_name(const struct where *w);
void where_free(struct where *w);

#endif
