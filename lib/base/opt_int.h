/* opt_int: what the files of opt share. */
#ifndef WEIR_BASE_OPT_INT_H
#define WEIR_BASE_OPT_INT_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/opt.h"

#define OPT_KIND(o) ((o)->kind & (OPT_UNSAID - 1))

extern const struct opt opt_of_all[]; /* --help, --version */

/* The options of a spec, one after the other: {.spec = s}, then opt_next until it is 0. */
struct opt_walk {
    const struct opt_spec *spec;
    const struct opt *o;
    const struct opt_owner *owner; /* of o; NULL: every method has it */
    size_t table;                  /* the walk's own */
};
int opt_next(struct opt_walk *w);

union opt_number {
    uint64_t u;
    int64_t i;
    double f;
};

double opt_double(int kind, const union opt_number *v);
int opt_within(const struct opt *o, double v); /* 1 where v is within the option's bounds, or it has none */
const char *opt_range(const struct opt *o, char *out, size_t room); /* "from 0 to 1", "at least 1", "above 0" */

int opt_apply(const struct opt *o, const char *arg, struct err *e); /* -1: arg is no value of it; nothing is set */
void opt_given(const struct opt *o, const char *arg);               /* an option of methods: kept for opt_take */
void opt_forget(void);
_Noreturn void opt_help(const struct opt_spec *s);

int opt_same(const struct opt *a, const struct opt *b); /* one option, in the rows of two methods */

/* Append the methods that have option o, or one of its name, as "linear, ties and dare". */
void opt_owners(const struct opt_spec *s, const struct opt *o, int by_name, struct buf *out);

#endif
