/*
 * feat: what is counted of a set of texts: hashed n-grams, and sizes. Whole numbers only, so that adding two of them is
 * associative and commutative to the bit: shards change nothing. In a stream a record of kind stat named "ngram"
 * (weir(5)).
 */
#ifndef WEIR_TEXT_FEAT_H
#define WEIR_TEXT_FEAT_H

#include "record/text.h"
#include "text/ngram.h"

#define FEAT_NAME "ngram"
#define FEAT_LENGTHS 40 /* bins: 0 words, 1, 2..3, 4..7, ... */

struct feat {
    struct ngram_opts o;
    uint64_t records, words, grams, chars, bytes;
    uint64_t lengths[FEAT_LENGTHS]; /* records by their number of words: bin 0 none, bin b from 2^(b-1) words on */
    uint64_t *count;                /* [o.buckets] */
};

const char *feat_mode_name(enum ngram_mode m); /* "dsir", "native" */
int feat_mode_find(const char *name);          /* -1 for another word */

void feat_init(struct feat *f, const struct ngram_opts *o); /* 8 bytes a bucket */
void feat_free(struct feat *f);
/* Count one text, by g of the same options. */
void feat_add(struct feat *f, struct ngram *g, const char *text, size_t n);
/* to += from. -1 when their options differ or a sum is beyond 2^63 - 1. {0} takes those of from. */
int feat_merge(struct feat *to, const struct feat *from, struct err *e);

int feat_same(const struct feat *a, const struct feat *b, struct err *e); /* 0, or -1: their options differ */

int feat_write(struct writer *out, const struct feat *f, struct err *e); /* as a record */
void feat_put_line(struct buf *b, const struct feat *f);                 /* as a JSON object, a line */
/* Add everything of that kind in a file: a stream, or lines when its first byte is `{`. "-" is standard input. -1 also
 * when there is none in it. */
int feat_read(struct feat *to, const char *path, struct err *e);

/*
 * log (p_target + 1e-8) - log (p_raw + 1e-8) for each bucket, where p_raw = count / grams and p_target = (count +
 * smooth) / (grams + smooth * buckets): Xie and others 2023, as p-lambda/dsir 1.0.3 computes it.
 * out: [buckets]. -1 when the options differ or one of them has counted nothing.
 */
int feat_log_ratio(const struct feat *target, const struct feat *raw, double smooth, double *out, struct err *e);
/* KL(a || b) in nats over buckets, with 1e-8 added to each probability inside the logarithm. Order of sum: ascending
 * buckets. */
double feat_kl(const struct feat *a, const struct feat *b);

#endif
