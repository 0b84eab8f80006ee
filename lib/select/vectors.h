/* vectors: texts as points, for methods that look at a whole set. */
#ifndef WEIR_SELECT_VECTORS_H
#define WEIR_SELECT_VECTORS_H

#include "record/text.h"
#include "text/ngram.h"

struct vectors {
    size_t n, d;
    float *x; /* [n][d], each row of length 1, or all zeros; or, with as_given, as the records have them */
    int as_given;
    const char *key; /* the meta value that holds the numbers; NULL: hashed n-grams of the text */
    struct ngram *g;
};

/* key: NULL for hashed n-grams: native, up to 2 words, d buckets, the root of each count, of length 1. Memory: 4 d
 * bytes a text. as_given: vectors from key keep their lengths. */
void vectors_init(struct vectors *v, const char *key, size_t d, int as_given);
/* Append that of r. -1: it has no numbers under the key, or not as many as the first. */
int vectors_add(struct vectors *v, const struct record *r, struct err *e);
void vectors_free(struct vectors *v);

/* The inner product of two rows: in eight lanes by index mod 8, which are added in pairs: the same everywhere. */
double vectors_dot(const float *a, const float *b, size_t d);

#endif
