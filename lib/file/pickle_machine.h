/* pickle_machine: the stack machine that pickle.c drives and pickle_stack.c moves. Private to them. */
#ifndef WEIR_FILE_PICKLE_MACHINE_H
#define WEIR_FILE_PICKLE_MACHINE_H

#include "file/pickle.h"

struct machine {
    struct pickle *k;
    const uint8_t *p;
    size_t n, at;
    struct pickle_node **stack;
    size_t depth, stack_cap;
    size_t *mark;
    size_t marks, mark_cap;
    struct pickle_node **memo;
    size_t memos;     /* places of memo */
    size_t next_memo; /* MEMOIZE's */
    size_t copied;    /* items that calls of OrderedDict took over */
    int (*allowed)(const char *);
    int cut; /* the bytes ended inside the pickle */
    struct err *e;
};

/* ---- input (pickle.c) ---- */

const uint8_t *pickle_take(struct machine *m, uint64_t n);    /* n bytes, or NULL where they end */
int pickle_number(struct machine *m, int bytes, uint64_t *v); /* a little-endian count of so many bytes */
const char *pickle_line(struct machine *m, size_t *n);        /* a line of text, *n without its end; or NULL */

/* ---- nodes and the stack (pickle_stack.c) ---- */

struct pickle_node *pickle_node_new(struct machine *m, enum pickle_kind kind);
int pickle_push(struct machine *m, struct pickle_node *v); /* 0 */
void pickle_add(struct pickle_node *v, struct pickle_node *item);
int pickle_bad(struct machine *m, const char *what); /* -1, with the place said */
size_t pickle_floor(const struct machine *m);        /* the lowest place that may be popped */
struct pickle_node *pickle_pop(struct machine *m);   /* NULL: nothing is left */

/* ---- opcodes that work on what is there; each 0 or -1 ---- */

int pickle_mark(struct machine *m);
int pickle_gather(struct machine *m, enum pickle_kind kind,
                  int into); /* what stands above the mark: a new container, or into the one below it */
int pickle_tuple(struct machine *m, size_t n);
int pickle_append(struct machine *m);
int pickle_set_item(struct machine *m);
int pickle_memo(struct machine *m, int bytes, int get); /* put or get; the place in so many bytes, 0: the next */
int pickle_global(struct machine *m);
int pickle_stack_global(struct machine *m);
int pickle_reduce(struct machine *m);
int pickle_build(struct machine *m);
int pickle_persistent(struct machine *m);

#endif
