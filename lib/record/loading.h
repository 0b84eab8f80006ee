/* loading: files of texts into one output: what is refused is counted and kept aside, what is damaged is listed. */
#ifndef WEIR_RECORD_LOADING_H
#define WEIR_RECORD_LOADING_H

#include "record/cut.h"
#include "record/lost.h"
#include "record/refusals.h"

struct loading {
    const struct load_opts *how;
    const char *meta; /* further fields that stay (record_keep_meta); NULL: all */
    int strict;       /* the first line that is refused ends the work */
    struct refusals *refusals;
    struct lost *lost;               /* NULL: a file that cannot be read whole ends the work */
    void (*first)(const char *line); /* is told of the first refusal, at once: "FILE: line 3: why" */
};

/* All that cuts has. -1: what cannot be read or written, or one of the above ends the work. A file of which nothing is
 * a record counts as one that cannot be read. */
int loading_all(const struct loading *l, struct cuts *cuts, struct records_out *out, struct err *e);

#endif
