/* report: a line for each text that is like another. */
#ifndef WEIR_DUP_REPORT_H
#define WEIR_DUP_REPORT_H

#include "dup/dup.h"

struct report;
/* path NULL: a report that goes nowhere. */
struct report *report_open(const char *path, int jaccard, struct err *e);
int report_line(struct report *r, const struct dup_verdict *v, int keep, struct err *e);
/* The file appears; frees r. With abandon it does not. */
int report_close(struct report *r, int abandon, struct err *e);

#endif
