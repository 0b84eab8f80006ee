/* gather: what dfeat can find out about a set of texts, one row each. States merge: associative and commutative to the
 * bit. */
#ifndef WEIR_TEXT_GATHER_H
#define WEIR_TEXT_GATHER_H

#include "record/text.h"

struct gather {
    const char *name, *brief;
    const struct opt *opts;
    void *(*open)(
        int counts); /* empty; 1: of its options; 0: of the kind of what will be merged into it. For one thread */
    void (*add)(void *state, const struct record *r);
    int (*merge)(void *to, const void *from, struct err *e);
    int (*read)(void *to, const char *path, struct err *e); /* all of its kind in a file */
    int (*write)(struct writer *out, const void *state, struct err *e);
    int (*put_line)(struct buf *b, const void *state, struct err *e);
    void (*close)(void *state);
};

extern const struct gather *const gather_table[]; /* ends with NULL; the first is the default */
const struct gather *gather_find(const char *name);

/* Count the records of a file, over par_jobs() threads, into all: exact, so which thread counted what does not show.
 * -1: the file is damaged, and nothing of it is counted. */
int gather_count(const struct gather *m, const char *file, const struct records_opts *how, void *all, struct err *e);

/* Add what dfeat made before. -1: the file is damaged or of other options, and nothing of it is added. */
int gather_add(const struct gather *m, const char *file, void *all, struct err *e);

/* Write all as a line of JSON or as a stream. name: for messages. */
int gather_put(const struct gather *m, int fd, const char *name, int line, const void *all, struct err *e);

#endif
