/*
 * pickle: Python's pickles as trees, executing nothing. Numbers, texts, containers and calls are built as nodes; a call
 * is only written down, and only of a global that the caller allows. Everything else is refused by its name.
 */
#ifndef WEIR_FILE_PICKLE_H
#define WEIR_FILE_PICKLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum pickle_kind {
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INT,
    PICKLE_LONG,
    PICKLE_FLOAT,
    PICKLE_TEXT,
    PICKLE_BYTES,
    PICKLE_LIST,
    PICKLE_TUPLE,
    PICKLE_DICT,
    PICKLE_SET,
    PICKLE_GLOBAL,
    PICKLE_CALL,
    PICKLE_PERSISTENT
};

struct pickle_node {
    enum pickle_kind kind;
    int64_t i;        /* BOOL, INT */
    double f;         /* FLOAT */
    const char *text; /* TEXT, BYTES, LONG (little endian): n bytes inside the pickle; GLOBAL: "torch.FloatStorage",
               * NUL-terminated */
    size_t n;
    struct pickle_node *
        *item; /* LIST, TUPLE, SET; DICT: key, value, key, value; CALL: global, arguments; PERSISTENT: the id */
    size_t items, cap;
};

struct pickle {
    struct pickle_node *root;
    struct pickle_node **node; /* all of them, to free */
    size_t nodes, cap;
    size_t used; /* bytes of the input up to and with STOP */
};

/*
 * Read one pickle of protocol 0 to 5 (binary opcodes) at p, which must outlive the tree.
 * allowed  in: says whether a global may be named ("collections.OrderedDict"); OrderedDict() gives a DICT
 * Returns 0; -1: a refused opcode or global, damaged, too deep or too large; 1: the n bytes end inside it.
 * Memory: at most some 200 bytes for each byte of the pickle.
 */
int pickle_read(struct pickle *k, const uint8_t *p, size_t n, int (*allowed)(const char *name), struct err *e);
void pickle_free(struct pickle *k);

const char *pickle_kind_name(const struct pickle_node *v); /* "a list", or the global's name */
int pickle_is_text(const struct pickle_node *v, const char *text);

#endif
