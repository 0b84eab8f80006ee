/*
 * dup: which of many texts are duplicates, in bounded memory.
 *
 *     d = dup_open(&opts, &e);
 *     dup_add(d, r, n, &e) for every batch; dup_resolve(d, &e);
 *     while ((got = dup_next(d, &v, &e)) > 0) ...     the texts that are like others, in the order they were added
 *     dup_close(d);
 *
 * Each text has a signature, cut into bands; texts with an equal band meet in a bucket. Buckets are found by sorting
 * (band, text) on disk; each bucket joins its texts to the first of it, and what is joined over any number of steps is
 * a cluster, whose first text stays. "First" is one order over all texts, the rank, which neither the order of input
 * nor shards decide (but under DUP_BY_INPUT):
 *     DUP_BY_ID     XXH3-64 of the id, then XXH3-64 of the record, so that no source is preferred
 *     DUP_BY_INPUT  the place in the input: shard, then number
 *     DUP_BY_SCORE  a score, greatest (or least) first, then as DUP_BY_ID
 * Texts whose ids and records are equal go by their place; whichever stays is the same record.
 */
#ifndef WEIR_DUP_DUP_H
#define WEIR_DUP_DUP_H

#include "record/text.h"
#include "text/shingle.h"

enum dup_order { DUP_BY_ID, DUP_BY_INPUT, DUP_BY_SCORE };

struct dup_preset {
    const char *name, *brief;
    int exact; /* the whole text is compared; the rest is not used */
    enum shingle_style style;
    uint32_t n; /* words or characters in an n-gram */
    int whole;  /* see shingle_open */
    uint32_t hashes, bands, rows;
};

#define METHOD(n) extern const struct dup_preset dup_##n;
#include "dup/dup.def"
#undef METHOD

extern const struct dup_preset *const dup_table[];   /* ends with NULL */
const struct dup_preset *dup_find(const char *name); /* NULL when unknown */

/*
 * A preset with other numbers; 0 and NULL: as it is. bands: "BxR"; without it another threshold or number of hashes
 * cuts anew (minhash_bands; the threshold is 0.7 unless given). -1: they do not fit together, or the preset is exact
 * and has none of them.
 */
int dup_adjust(struct dup_preset *p, uint64_t ngram, uint64_t hashes, double threshold, const char *bands,
               struct err *e);

struct dup_opts {
    struct dup_preset p;
    int normalise; /* exact: compare the words in lower case (SHINGLE_WORDS) instead of the bytes */
    uint64_t seed;
    enum dup_order order;
    const char *score; /* DUP_BY_SCORE; "-NAME": the least is best */
    int against;       /* there are texts of a reference; only what is like one of them counts */
    int likeness;      /* verdicts tell the likeness to the text that stays */
    double verify; /* above 0: texts that meet are joined only if the Jaccard index of their n-grams is at least this */
    uint64_t shard, shards; /* of what dup_add is given; 1 of 1 when whole */
    size_t memory;          /* bytes for sorting */
};

/* What the settings are, as signatures carry it: equal strings, equal meaning. */
void dup_settings(const struct dup_opts *o, struct buf *out);

/* What a text has become. sig: uint32_t[dup_sig_len], good until the next call; NULL: it is like no other (no n-gram).
 * set: with verify, its n-grams, each once, ascending. */
struct dup_mark {
    const char *id;
    size_t id_len;
    uint64_t pref, record; /* rank: what goes before the id's hash; hash of the record */
    uint64_t shard, at;    /* place: shard from 1, number in it from 0 */
    const uint32_t *sig, *set;
    size_t set_n;
};

struct dup;
struct dup *dup_open(const struct dup_opts *o, struct err *e);
void dup_close(struct dup *d);
uint32_t dup_sig_len(const struct dup *d);

/* The marks of a batch, over par_jobs() threads: mark[n]. -1 when a score is missing. They count as the next ones of
 * the shard. */
int dup_marks(struct dup *d, const struct record *r, size_t n, const struct dup_mark **mark, struct err *e);
/* Add texts; reference: they are those to compare with (opts.against). */
int dup_add(struct dup *d, const struct record *r, size_t n, int reference, struct err *e);
/* Add a text by a mark that was made elsewhere. */
int dup_add_mark(struct dup *d, const struct dup_mark *m, int reference, struct err *e);

int dup_resolve(struct dup *d, struct err *e);

struct dup_verdict {
    uint64_t shard, at;
    int first;                /* it is the first of its cluster */
    double likeness;          /* estimated by signatures, to the first; 1 for the first and for exact */
    double jaccard;           /* true; with verify only */
    const char *id, *cluster; /* its own id; that of the first. Good until the next call */
    size_t id_len, cluster_len;
};
/* The next text that is like another, by place: 1, 0 at the end, -1 (a shard that came twice). */
int dup_next(struct dup *d, struct dup_verdict *v, struct err *e);

/* Records that carry marks from shard to shard: id, no text, and under the meta key "ddup" the array below; as a stream
 * or as lines. [settings, shard, shards, number, pref, record, [places], [n-grams]]; no places: it is like no other;
 * n-grams with verify only. */
#define DUP_KEY "ddup"
void dup_mark_put(struct record *r, struct buf *scratch, const struct dup_opts *o, const struct dup_mark *m,
                  uint32_t sig_len);
/* sig: uint32_t[sig_len], where places go; set: where n-grams go. Also gives shards. */
int dup_mark_get(const struct record *r, const char *settings, struct dup_mark *m, uint64_t *shards, uint32_t *sig,
                 uint32_t sig_len, struct buf *set, struct err *e);
/* What closes a shard's marks: ["end", shard, shards, number of marks]. dup_end_get: 1 when r is one, else 0. */
void dup_end_put(struct record *r, struct buf *scratch, uint64_t shard, uint64_t shards, uint64_t marks);
int dup_end_get(const struct record *r, uint64_t *shard, uint64_t *shards, uint64_t *marks);
/* And the decisions: ["decided", shard, shards, number, keep, cluster]. */
void dup_verdict_put(struct record *r, struct buf *scratch, const struct dup_verdict *v, uint64_t shards, int keep);
int dup_verdict_get(const struct record *r, struct dup_verdict *v, uint64_t *shards, int *keep, struct err *e);

#endif
