/* twin_lines: the lines of a text twin that is read. Private to twin_lines.c, twin_head.c and twin_get.c. */
#ifndef WEIR_TENSOR_TWIN_LINES_H
#define WEIR_TENSOR_TWIN_LINES_H

#include "tensor/twin.h"

struct twin {
    FILE *in;
    char *name, *line;
    size_t cap;
    uint64_t number;   /* of the line, from 1 */
    uint64_t segments; /* begun */
    char *keyword;     /* its first word */
    const char *at;    /* behind it */
    int again;         /* the line has been looked at but not used */
};

/* The next line that is neither blank nor a comment, without its line feed, in t->line. 1, 0 at the end, -1 (e is
 * whole). */
int twin_line(struct twin *t, struct err *e);

/* The next such line and its first word; or the same once more when t->again is set. 1, 0 at the end, -1 (e is whole).
 * */
int twin_keyword(struct twin *t, struct err *e);

/* 1 when the line's keyword is that. */
int twin_is(const struct twin *t, const char *keyword);

/* The line's next word (a new string), or whole number. 0 or -1. */
int twin_word(struct twin *t, char **word, struct err *e);
int twin_u64(struct twin *t, uint64_t *v, struct err *e);

/* Put "NAME:LINE: " before the sentence; returns -1. */
int twin_fail(const struct twin *t, struct err *e);

#endif
