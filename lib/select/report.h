/* report: what a selection was like: counts, lengths before and after, divergence from the target, groups. */
#ifndef WEIR_SELECT_REPORT_H
#define WEIR_SELECT_REPORT_H

#include "select/rank.h"

struct report;
/* target, raw: paths of features, both or neither (NULL). Memory: 256 KiB, and that of dfeat. NULL on error. */
struct report *report_open(const char *target, const char *raw, struct err *e);
void report_free(struct report *p);
/* A record that was read; one that met all conditions, its score over the temperature; one that was chosen. */
int report_seen(struct report *p, const struct record *r, struct err *e);
void report_passed(struct report *p, double score);
void report_chosen(struct report *p, const struct record *r);
/*
 * Tab-separated lines: a name, values before and after (or in and chosen).
 * Effective sample size: (sum w)^2 / sum w^2 with w = exp (score / temperature) over what met the conditions.
 */
int report_put(struct report *p, struct rank *k, const char *path, struct err *e);

#endif
