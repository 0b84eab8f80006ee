/*
 * ddup against brute force. Families of two texts each, of any likeness: how many meet is what 1 - (1 - J^r)^b says;
 * with verify a pair is joined only if its true index is high enough, and whatever order the texts come in the clusters
 * are the same. Chains make one cluster.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "dup/dup.h"
#include "text/minhash.h"
#include "tests/unit/check.h"

#define PAIRS 600
#define WORDS 120

static struct record text[2 * PAIRS];
static double truth[PAIRS];
static struct err e;

/* In letters: digits are all the same to datatrove. */
static void put_word(struct buf *b, uint64_t v)
{
    for (int i = 0; i < 5; i++, v /= 26)
        buf_printf(b, "%c", 'a' + (int)(v % 26));
    buf_puts(b, " ");
}

/* Text i of pair p: the second has some words of the first replaced, more of them as p goes up. */
static void make_texts(void)
{
    for (int p = 0; p < PAIRS; p++)
        for (int i = 0; i < 2; i++) {
            struct rng r = rng_make(3, &p, sizeof p);
            struct buf b = {0};

            for (uint64_t w = 0; w < WORDS; w++) {
                int other = i && rng_below(r, 5000 + w, 100 * PAIRS) < (uint64_t)p * 12;

                put_word(&b, rng_below(r, w + (other ? 10000 : 0), 1000000));
            }
            text[2 * p + i].text = buf_str(&b);
            text[2 * p + i].text_len = b.len;
            text[2 * p + i].id = mem_printf("%d.%d", p, i);
            text[2 * p + i].id_len = strlen(text[2 * p + i].id);
        }
}

static size_t set_of(const struct dup_preset *p, const struct record *r, uint32_t *out)
{
    struct shingle *s = shingle_open(p->style, p->n, p->whole);
    const uint32_t *g;
    size_t n, k = 0;

    shingle_begin(s, r->text, r->text_len);
    while ((n = shingle_next(s, &g)) > 0)
        for (size_t i = 0; i < n; i++)
            out[k++] = g[i];
    shingle_close(s);
    return k;
}

/* The index by comparing everything with everything; n-grams of these texts are distinct but by rare chance. */
static void find_truth(const struct dup_preset *p)
{
    static uint32_t x[2048], y[2048];

    for (int i = 0; i < PAIRS; i++) {
        size_t n = set_of(p, &text[2 * i], x), m = set_of(p, &text[2 * i + 1], y), both = 0;

        for (size_t j = 0; j < n; j++)
            for (size_t k = 0; k < m; k++)
                both += x[j] == y[k];
        truth[i] = (double)both / (double)(n + m - both);
    }
}

/* joined[p]: pair p is one cluster. step: the order of adding, coprime to the number of texts. Returns texts in
 * clusters. */
static int run(const struct dup_opts *o, int step, int *joined, double *error)
{
    struct dup *d = dup_open(o, &e);
    struct dup_verdict v;
    int got, n = 0;

    memset(joined, 0, PAIRS * sizeof *joined);
    *error = 0;
    for (int i = 0; i < 2 * PAIRS; i++)
        CHECK(dup_add(d, &text[(long)i * step % (2 * PAIRS)], 1, 0, &e) == 0);
    CHECK(dup_resolve(d, &e) == 0);
    while ((got = dup_next(d, &v, &e)) > 0) {
        int p = atoi(v.id);

        CHECK(atoi(v.cluster) == p); /* no other text is like it */
        n++;
        if (v.first)
            continue;
        joined[p] = 1 + (v.cluster[v.cluster_len - 1] == '1');
        *error += (v.likeness - truth[p]) * (v.likeness - truth[p]) / (truth[p] * (1 - truth[p]) / o->p.hashes + 1e-4);
        if (o->verify > 0)
            CHECK_NEAR(v.jaccard, truth[p], 1e-12);
    }
    CHECK(got == 0);
    dup_close(d);
    return n;
}

static void preset(const struct dup_preset *p)
{
    struct dup_opts o = {.p = *p, .likeness = 1, .shard = 1, .shards = 1, .memory = 1 << 20};
    static int joined[PAIRS], again[PAIRS];
    double expect = 0, var = 0, error;
    int met = 0, n;

    find_truth(p);
    n = run(&o, 1, joined, &error);
    for (int i = 0; i < PAIRS; i++) {
        double m = minhash_meet(truth[i], p->bands, p->rows);

        expect += m;
        var += m * (1 - m);
        met += !!joined[i];
    }
    CHECK(n == 2 * met);
    CHECK_NEAR(met, expect, 4 * sqrt(var) + 1);
    CHECK(error / met < 1.5);
    CHECK(run(&o, 1201, again, &error) == n);
    CHECK(memcmp(joined, again, sizeof joined) == 0);
    o.verify = 0.75;
    CHECK(run(&o, 7, again, &error) <= n);
    for (int i = 0; i < PAIRS; i++)
        CHECK(!!again[i] == (joined[i] && truth[i] >= 0.75)); /* precision 1, and nothing else lost */
}

/* Text i has words 20 i to 20 i + 299 of one endless text: neighbours are like each other (J = 0.87), far ones are not.
 * */
static void chain(int n, int step)
{
    struct dup_opts o = {.p = dup_native, .shard = 1, .shards = 1, .memory = 1 << 20};
    struct dup *d;
    struct dup_verdict v;
    char first[32] = "";
    int seen = 0;

    o.p.bands = 42, o.p.rows = 3; /* so that neighbours surely meet: 1 - (1 - 0.87^3)^42 = 1 - 1e-20 */
    d = dup_open(&o, &e);
    for (int k = 0; k < n; k++) {
        struct buf b = {0};
        struct record r = {0};
        int i = (int)((long)k * step % n);

        for (int w = 0; w < 300; w++)
            buf_printf(&b, "v%d ", 20 * i + w);
        r.text = buf_str(&b), r.text_len = b.len;
        r.id = mem_printf("c%d", i), r.id_len = strlen(r.id);
        CHECK(dup_add(d, &r, 1, 0, &e) == 0);
        free((char *)(uintptr_t)r.id);
        buf_free(&b);
    }
    CHECK(dup_resolve(d, &e) == 0);
    while (dup_next(d, &v, &e) > 0) {
        if (!seen++)
            snprintf(first, sizeof first, "%.*s", (int)v.cluster_len, v.cluster);
        CHECK(strlen(first) == v.cluster_len && memcmp(first, v.cluster, v.cluster_len) == 0);
    }
    CHECK(seen == n);
    dup_close(d);
}

int main(void)
{
    make_texts();
    preset(&dup_native);
    preset(&dup_datatrove);
    preset(&dup_text_dedup);
    preset(&dup_redpajama);
    preset(&dup_nemo);
    chain(500, 1);
    chain(500, 77);
    return DONE();
}
