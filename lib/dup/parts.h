/* parts: what the files of dup know of each other. */
#ifndef WEIR_DUP_PARTS_H
#define WEIR_DUP_PARTS_H

#include "base/sorter.h"
#include "base/tape.h"
#include "dup/dup.h"
#include "text/minhash.h"

/* A node: the rank of a text, then which it is. Big-endian, so that memcmp orders by rank. */
#define NODE 40 /* pref, hash of id, hash of record, place (shard << 40 | number), index in the order of adding */
#define NODE_PLACE 24
#define NODE_INDEX 32
#define EDGE (2 * NODE)
#define MEET (16 + NODE)    /* band's key, node */
#define VERDICT (8 + 8 + 8) /* place, index, index of the first */
#define SHARD_BITS 40
#define REFERENCE_LAST ((uint64_t)1 << 63) /* in pref with opts.against: what is not of the reference goes behind it */

struct text_entry { /* of one text, on a tape, by index */
    uint64_t id_at, set_at;
    uint32_t id_len, set_n;
};

struct worker {
    struct shingle *shingle;
    struct buf packed, joined;
};

struct dup {
    struct dup_opts o;
    struct minhash hash;
    uint32_t sig_len;      /* places that count */
    struct worker *worker; /* one a thread */
    int workers;
    uint64_t texts, at;   /* added so far; numbered in our shard */
    struct sorter *meets; /* then NULL */
    struct sorter *verdicts;
    struct tape *entries, *ids, *sigs, *sets;
    /* of the batch in work */
    const struct record *batch;
    struct dup_mark *mark;
    uint32_t *sig;   /* [cap][hash.padded] */
    struct buf *set; /* [cap]: sorted n-grams, with verify */
    size_t cap;
    /* of the verdict that was given last */
    uint8_t last[VERDICT];
    int begun;
    struct buf id, cluster, set_a, set_b;
};

/* All edges (v, m), v > m by rank, of what s holds (sorted and ready) become stars: every node to the first of its
 * cluster. Takes s.
 * Returns a sorter that is ready, or NULL. */
struct sorter *dup_stars(struct sorter *s, size_t memory, struct err *e);
/* Buckets to edges. */
int dup_join(struct dup *d, struct sorter *edges, struct err *e);

int dup_entry(struct dup *d, uint64_t index, struct text_entry *t, struct err *e);
int dup_likeness(struct dup *d, uint64_t a, uint64_t b, double *out, struct err *e);
/* The Jaccard index of the n-grams of two texts; that of a is kept for the next call. */
int dup_jaccard(struct dup *d, uint64_t a, uint64_t b, double *out, struct err *e);

#endif
