/* gather: what dfeat can find out about a set of texts, one row each. States merge: associative and commutative to the
 * bit. */
#ifndef WEIR_TEXT_GATHER_H
#define WEIR_TEXT_GATHER_H

#include "record/text.h"
#include "text/ngram.h"

struct gather_opts {
    struct ngram_opts grams;
    const char *fields; /* separated by commas */
};

struct gather {
    const char *name, *brief;
    void *(*open)(
        const struct gather_opts *o); /* empty; NULL: of the kind of what will be merged into it. For one thread */
    void (*add)(void *state, const struct record *r);
    int (*merge)(void *to, const void *from, struct err *e);
    int (*read)(void *to, const char *path, struct err *e); /* all of its kind in a file */
    int (*write)(struct writer *out, const void *state, struct err *e);
    int (*put_line)(struct buf *b, const void *state, struct err *e);
    void (*close)(void *state);
};

extern const struct gather *const gather_table[]; /* ends with NULL; the first is the default */
const struct gather *gather_find(const char *name);

#endif
