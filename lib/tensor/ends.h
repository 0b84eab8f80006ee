/*
 * ends: what a filter of tensors has at its two ends: the stream that comes; the stream that goes, or none; a report.
 */
#ifndef WEIR_TENSOR_ENDS_H
#define WEIR_TENSOR_ENDS_H

#include "tensor/select.h"
#include "tensor/stream.h"

struct ends {
    const char *report_path;
    int dry_run;
    struct reader *in;
    struct writer *out; /* NULL: a dry run */
    struct buf report;  /* the filter's lines */
};

/* Option rows for a filter's table; what: what a line of the report is about. */
#define ENDS_OPTS(x, what)                                                                                             \
    {0, "report", "FILE", OPT_STRING | OPT_UNSAID, &(x).report_path, what, 0},                                         \
    {                                                                                                                  \
        'n', "dry-run", 0, OPT_FLAG, &(x).dry_run, "write no stream; the report goes to standard output", 0            \
    }

/* After the options are parsed: where the report goes (opt_check_report). */
void ends_check(struct ends *x);

/* Standard input as a stream, unless `in` is set, and standard output as one, unless it is a dry run. The input may be
 * a shard (reader_allow_partial). */
int ends_open(struct ends *x, struct err *e);

/*
 * After the last tensor: select_end, the stream's tail, the report to its place.
 * s          in: or NULL: the filter has no choice of tensors
 * done, why  in: as of select_end
 */
int ends_finish(struct ends *x, const struct select *s, uint64_t done, const char *why, struct err *e);
void ends_close(struct ends *x); /* the reader and the report */

#endif
