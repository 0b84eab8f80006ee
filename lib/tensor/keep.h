/* keep: shared companions of the layer that is passing, and shared parts of values of the segment, by which `same` is
 * understood and written. Private to tensor. */
#ifndef WEIR_TENSOR_KEEP_H
#define WEIR_TENSOR_KEEP_H

#include "tensor/lent.h"

struct kept {
    char *bundle, *part;
    enum dtype dtype;
    struct shape shape;
    struct hash128 hash;
    struct lent *lent; /* the bytes, in a reader; NULL in a writer */
    int of_value;      /* a part of a term: kept until the segment ends */
    int64_t expert;    /* a companion of an expert's: kept until that ends */
};

struct keep {
    struct kept *item;
    int n;
    int64_t layer, expert;
};

/* A bundle of this layer (and expert, or -1) comes: companions kept of another are dropped. Bundles outside layers (-1)
 * share no companions. */
void keep_layer(struct keep *k, int64_t layer, int64_t expert);
void keep_clear(struct keep *k);

/* p of that bundle is here; lent may be NULL. */
void keep_add(struct keep *k, const char *bundle, const struct part *p, struct hash128 hash, struct lent *lent);

/* What p refers to by p->same, or NULL. */
const struct kept *keep_find_same(const struct keep *k, const struct part *p);

/* One with the bytes of p, which have that hash, or NULL; the bundle that p->same names is preferred. */
const struct kept *keep_find_equal(const struct keep *k, const struct part *p, struct hash128 hash);

#endif
