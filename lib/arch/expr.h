/*
 * expr: the small expressions of a page: numbers, names, + - * / // % **, comparisons, and or not (!), in, a if c else
 * b, lists by name. As in Python: // rounds down, % has the divisor's sign, ** binds to the right. True is 1. No calls
 * but int(x), sqrt(x), log(x), min(a,b), max(a,b), len(list).
 */
#ifndef WEIR_ARCH_EXPR_H
#define WEIR_ARCH_EXPR_H

#include <stddef.h>

#include "base/err.h"

enum value_kind { VALUE_NUMBER, VALUE_WORD, VALUE_LIST };
struct value {
    enum value_kind kind;
    double number;
    const char *word; /* lives as long as what it was read from */
    const double *list;
    int n;
};

struct expr;

/* Where names come from: 1 and *v, 0 when there is no such name, -1 with e set. */
struct names {
    int (*get)(void *ctx, const char *name, struct value *v, struct err *e);
    void *ctx;
};

/* Read all n bytes as one expression. NULL with e set: what stands where. Bounded: 200 nodes, 32 levels. Free with
 * expr_free (NULL is fine). */
struct expr *expr_parse(const char *text, size_t n, struct err *e);
void expr_free(struct expr *x);

/* Its value. A name alone that nobody knows is a word ("silu"); within an expression it is an error, as are operations
 * on words but == and !=.
 * -1: that, a division by zero, a result that is not finite. */
int expr_eval(const struct expr *x, const struct names *names, struct value *out, struct err *e);

/* Its value as a number; as a truth value. */
int expr_number(const struct expr *x, const struct names *names, double *out, struct err *e);

/* Is it nothing but one name? Then that name, else NULL. */
const char *expr_name(const struct expr *x);

/* Call see for each name in it. */
void expr_names(const struct expr *x, void (*see)(void *ctx, const char *name), void *ctx);

#endif
