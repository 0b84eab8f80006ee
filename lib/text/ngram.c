#include "text/ngram.h"

#include <nettle/sha2.h>
#include <stdlib.h>

#include "base/hash.h"
#include "text/words.h"

#define CACHE_BITS 20
#define OUT_MAX 1024

struct cached {
    uint64_t key;
    uint32_t check, bucket; /* check: of the key's other half; a slot is free when bucket is UINT32_MAX */
};

struct ngram {
    struct ngram_opts o;
    struct words words;
    uint64_t seen;
    size_t at[NGRAM_MAX];                  /* where the last n words begin, the newest first */
    uint64_t lo[NGRAM_MAX], hi[NGRAM_MAX]; /* hashes of the runs of 1 .. n words that end in the newest */
    struct cached *cache;
    uint32_t out[OUT_MAX];
};

struct ngram *ngram_open(const struct ngram_opts *o)
{
    struct ngram *g = mem_new(1, sizeof *g);

    words_init();
    g->o = *o;
    g->words.regex = o->mode == NGRAM_DSIR_310;
    if (o->mode != NGRAM_NATIVE) {
        g->cache = mem_new((size_t)1 << CACHE_BITS, sizeof *g->cache);
        for (size_t i = 0; i < (size_t)1 << CACHE_BITS; i++)
            g->cache[i].bucket = UINT32_MAX;
    }
    return g;
}

void ngram_close(struct ngram *g)
{
    if (!g)
        return;
    words_free(&g->words);
    free(g->cache);
    free(g);
}

uint32_t ngram_bucket_dsir(const void *gram, size_t n, uint32_t buckets)
{
    struct sha256_ctx c;
    uint8_t d[SHA256_DIGEST_SIZE];
    uint64_t r = 0;

    sha256_init(&c);
    sha256_update(&c, n, gram);
    sha256_digest(&c, sizeof d, d);
    for (int i = 0; i < 32; i += 4) /* Horner over the digits of base 2^32 */
        r = (r << 32 | (uint64_t)d[i] << 24 | (uint64_t)d[i + 1] << 16 | (uint64_t)d[i + 2] << 8 | d[i + 3]) % buckets;
    return (uint32_t)r;
}

void ngram_begin(struct ngram *g, const void *text, size_t n)
{
    words_begin(&g->words, text, n);
    g->seen = 0;
}

uint64_t ngram_words(const struct ngram *g)
{
    return g->seen;
}

/* Murmur3's finalizer. */
static inline uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 33)) * 0xff51afd7ed558ccdu;
    z = (z ^ (z >> 33)) * 0xc4ceb9fe1a85ec53u;
    return z ^ (z >> 33);
}

static inline uint64_t join(uint64_t run, uint64_t word)
{
    return ((run << 27 | run >> 37) * 0x9e3779b97f4a7c15u) ^ word;
}

static uint32_t look_up(struct ngram *g, uint64_t lo, uint64_t hi, size_t from, size_t to)
{
    uint64_t key = mix(lo);
    struct cached *c = &g->cache[key >> (64 - CACHE_BITS)];

    if (c->bucket == UINT32_MAX || c->key != key || c->check != (uint32_t)hi)
        *c = (struct cached){key, (uint32_t)hi, ngram_bucket_dsir(g->words.low.data + from, to - from, g->o.buckets)};
    return c->bucket;
}

/* The newest word, of these hashes, begins at `at` and ends every run: a run's hash goes over its words from the first
 * on. */
static inline void extend(struct ngram *g, size_t at, uint64_t lo, uint64_t hi)
{
    for (uint32_t i = g->o.n - 1; i > 0; i--) {
        g->at[i] = g->at[i - 1];
        g->lo[i] = join(g->lo[i - 1], lo);
        g->hi[i] = join(g->hi[i - 1], hi);
    }
    g->at[0] = at;
    g->lo[0] = lo;
    g->hi[0] = hi;
    g->seen++;
}

static size_t dsir_next(struct ngram *g)
{
    size_t k = 0, at, len;

    while (k + g->o.n <= OUT_MAX && words_next(&g->words, &at, &len)) {
        struct hash128 h = hash128(g->words.low.data + at, len);
        uint32_t most;

        extend(g, at, h.lo, h.hi);
        most = g->seen < g->o.n ? (uint32_t)g->seen : g->o.n;
        for (uint32_t i = 0; i < most; i++)
            g->out[k++] = look_up(g, g->lo[i] + i, g->hi[i], g->at[i], at + len);
    }
    return k;
}

/* n: g->o.n, which is known to the compiler where it is one of the usual ones. */
static inline size_t native_runs(struct ngram *g, uint32_t n)
{
    uint64_t lo[NGRAM_MAX] = {0}, seen = g->seen;
    size_t k = 0, at, len;

    for (uint32_t i = 0; i < n; i++)
        lo[i] = g->lo[i];
    while (k + n <= OUT_MAX && words_next(&g->words, &at, &len)) {
        uint64_t word = hash64(g->words.low.data + at, len);

        for (uint32_t i = n - 1; i > 0; i--)
            lo[i] = join(lo[i - 1], word);
        lo[0] = word;
        seen++;
        for (uint32_t i = 0; i < n && i < seen; i++)
            g->out[k++] = (uint32_t)(((unsigned __int128)mix(lo[i] + i) * g->o.buckets) >> 64);
    }
    for (uint32_t i = 0; i < n; i++)
        g->lo[i] = lo[i];
    g->seen = seen;
    return k;
}

static size_t native_next(struct ngram *g)
{
    switch (g->o.n) {
    case 1:
        return native_runs(g, 1);
    case 2:
        return native_runs(g, 2);
    case 3:
        return native_runs(g, 3);
    default:
        return native_runs(g, g->o.n);
    }
}

size_t ngram_next(struct ngram *g, const uint32_t **bucket)
{
    *bucket = g->out;
    return g->o.mode == NGRAM_NATIVE ? native_next(g) : dsir_next(g);
}
