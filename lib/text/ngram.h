/*
 * ngram: hashed n-grams of words: every run of 1 to n neighbouring words, as the number of a bucket.
 *
 * NGRAM_DSIR   bucket = sha256(words joined by one space) mod buckets, the digest read as one big-endian integer: what
 *              p-lambda/dsir 1.0.3 computes. A cache of the last 2^20 n-grams under their XXH3-128 spares most digests.
 * NGRAM_DSIR_310 the same of NLTK's words from 3.10 on, whose \w is that of the package regex (text/words.h): words
 * keep their combining marks. NGRAM_NATIVE bucket = XXH3-64 of each word, mixed along the run; ten times as fast.
 */
#ifndef WEIR_TEXT_NGRAM_H
#define WEIR_TEXT_NGRAM_H

#include <stddef.h>
#include <stdint.h>

#define NGRAM_MAX 8
#define NGRAM_BUCKETS_MAX (1u << 24)

enum ngram_mode { NGRAM_DSIR, NGRAM_NATIVE, NGRAM_DSIR_310 };
struct ngram_opts {
    enum ngram_mode mode;
    uint32_t n, buckets; /* 1 .. NGRAM_MAX, 1 .. NGRAM_BUCKETS_MAX */
};

/* For one thread. Memory: but for NGRAM_NATIVE 24 MiB, and three times the longest text. */
struct ngram;
struct ngram *ngram_open(const struct ngram_opts *o);
void ngram_close(struct ngram *g);

/* Begin a text, which must stay until it is through. */
void ngram_begin(struct ngram *g, const void *text, size_t n);
/* Some more of its buckets: how many, 0 at the end. They come in the order of the words that end the runs, short runs
 * first. */
size_t ngram_next(struct ngram *g, const uint32_t **bucket);
uint64_t ngram_words(const struct ngram *g); /* words of the text so far */

/* The bucket of one n-gram: words joined by one space. For tests. */
uint32_t ngram_bucket_dsir(const void *gram, size_t n, uint32_t buckets);

#endif
