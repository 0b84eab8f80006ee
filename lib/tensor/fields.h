/* fields: the pairs of a msgpack map, for the bodies of records. Private to tensor. */
#ifndef WEIR_TENSOR_FIELDS_H
#define WEIR_TENSOR_FIELDS_H

#include "tensor/bundle.h"
#include "wire/mp.h"

#define FIELDS_MAX 65536 /* pairs of one map */

struct field {
    const uint8_t *key; /* UTF-8 without NUL, not terminated */
    uint32_t key_n;
    int used;
    struct mp_in value; /* one whole object */
};

struct fields {
    struct field *item;
    uint32_t n;
    const char *what; /* for messages: "header", "part" */
};

/* Read the map at m, which mp_check has passed. Keys must be texts and each there once. Free with fields_free, also
 * after -1. */
int fields_read(struct fields *f, struct mp_in *m, const char *what, struct err *e);
void fields_free(struct fields *f);

/* The field of that key, marked as used, or NULL. */
struct field *fields_find(struct fields *f, const char *key);

/* Its value as one of a kind, into *v. 1 found, 0 absent, -1 of another kind. */
int fields_get(struct fields *f, const char *key, enum mp_kind kind, struct mp_value *v, struct err *e);

/* A text of at most limit bytes, copied to *s (NULL when absent: an error if need). 0 or -1. */
int fields_text(struct fields *f, const char *key, int need, uint32_t limit, char **s, struct err *e);

/* An integer from lo to hi; *v stays as it is when absent. 0 or -1. */
int fields_int(struct fields *f, const char *key, int64_t lo, int64_t hi, int64_t *v, struct err *e);

/* The pairs not marked as used, or all, as attributes. */
void fields_unused(const struct fields *f, struct attrs *a);
void fields_all(const struct fields *f, struct attrs *a);

/* An array of integers as a shape: at most RANK_MAX of at most 2^40. */
int fields_shape(struct fields *f, const char *key, struct shape *s, struct err *e);
int shape_read(struct mp_in *m, const char *what, struct shape *s, struct err *e);
void shape_put(struct buf *b, const struct shape *s);

/* The value of an attribute, and all pairs (without the map's beginning), as msgpack. */
void attr_put(struct buf *b, const struct attr *a);
void attrs_put_pairs(struct buf *b, const struct attrs *a);
void attrs_put_map(struct buf *b, const struct attrs *a);

#endif
