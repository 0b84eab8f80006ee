/*
 * rate: scores of text records. One file a method, one row in rate.def. A method sees one record at a time, and adds
 * scores (record_set_score) and, where a number does not say it, meta values.
 */
#ifndef WEIR_RATE_RATE_H
#define WEIR_RATE_RATE_H

#include "base/opt.h"
#include "record/text.h"

struct rate_method {
    const char *name, *brief;
    const struct opt *opts; /* its own (struct opt_owner), or NULL */
    int serial; /* 1: apply is called for one record at a time, in order, and may use par_for; 0: from many threads at
                 * once */
    /* After the options are parsed: check them, read what they name. *state is the method's own. 0, or -1; `usage` is
     * set to 1 when the command line is at fault. */
    int (*open)(void **state, int *usage, struct err *e);
    /* Add to r. 0, or -1 and a sentence without the record's id. */
    int (*apply)(void *state, struct record *r, struct err *e);
    void (*close)(void *state);
};

#define METHOD(n) extern const struct rate_method rate_##n;
#include "rate/rate.def"
#undef METHOD

extern const struct rate_method *const rate_table[];   /* ends with NULL */
const struct rate_method *rate_find(const char *name); /* NULL when unknown */

/*
 * apply for the n records of a batch, over par_jobs() threads unless the method is serial; the scores do not depend on
 * the count.
 * -1: "ID: what is wrong" of the first record that failed; a score that is not finite fails too.
 */
int rate_batch(const struct rate_method *m, void *state, struct record *r, size_t n, struct err *e);

#endif
