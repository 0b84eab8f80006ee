/*
 * Laws of choosing, over the whole table: an order names each text once; the seed fixes all of it, and moves what is
 * random; the first k of a longer order are the order of k. And the first k of parts, however
 * they are cut and joined, hold the first k of the whole, by amounts too.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "select/quota.h"
#include "select/select.h"
#include "tests/unit/check.h"

#define N 90
#define D 8

static float x[N * D];
static double score[N];
static uint32_t cluster[N], order[2][N];
static struct rng rng[N];
static struct err e;

static void make_set(uint64_t seed)
{
    struct rng r = rng_make(5, "set", 3);

    for (uint64_t i = 0; i < N; i++) {
        double sum = 0;

        score[i] = (double)rng_below(r, i, 40) / 8; /* some are equal */
        cluster[i] = (uint32_t)rng_below(r, N + i, 5);
        rng[i] = rng_make(seed, &i, sizeof i);
        for (uint64_t j = 0; j < D; j++) {
            x[i * D + j] = (float)rng_unit(r, 1000 + i * D + j);
            sum += (double)x[i * D + j] * x[i * D + j];
        }
        for (uint64_t j = 0; j < D; j++)
            x[i * D + j] = (float)(x[i * D + j] / sqrt(sum));
    }
}

static const uint32_t *order_of(const struct select_method *m, uint64_t seed, size_t want, uint32_t *out)
{
    struct select_set s = {.n = N,
                           .d = D,
                           .x = x,
                           .score = score,
                           .cluster = cluster,
                           .clusters = 5,
                           .rng = rng,
                           .want = want,
                           .order = out};
    double key[N];

    make_set(seed);
    if (m->order) {
        CHECK(m->order(&s, &e) == 0);
        CHECK(s.ordered >= want);
        return out;
    }
    for (size_t i = 0; i < N; i++)
        key[i] = m->key(rng[i], score[i]);
    select_by_key(key, N, out);
    return out;
}

static void orders(const struct select_method *m)
{
    static const char *const random[] = {"sample", "random", "leverage", "root-leverage", "ucb"};
    const uint32_t *a = order_of(m, 1, N, order[0]);
    uint8_t seen[N] = {0};
    int moves = 0;

    for (size_t i = 0; i < N; i++) {
        CHECK(a[i] < N && !seen[a[i]]);
        seen[a[i] % N] = 1;
    }
    CHECK(memcmp(a, order_of(m, 1, N, order[1]), N * sizeof *a) == 0);
    for (size_t k = 1; k < N; k += 11)
        CHECK(memcmp(a, order_of(m, 1, k, order[1]), k * sizeof *a) == 0);
    for (size_t i = 0; i < sizeof random / sizeof *random; i++)
        moves |= strcmp(m->name, random[i]) == 0;
    CHECK((memcmp(a, order_of(m, 2, N, order[1]), N * sizeof *a) != 0) == moves);
}

/* Text i into a rank. */
static void add(struct rank *k, uint64_t i, const struct select_method *m)
{
    char id[24];
    struct record r = {
        .id = id, .id_len = (size_t)snprintf(id, sizeof id, "t%llu", (unsigned long long)i), .text = id, .text_len = 1};
    struct rng by = rng_make(7, id, r.id_len);

    rank_group(k, "", 0);
    CHECK(rank_add(k, &r, m->key(by, (double)(i * 37 % 50)), 0, 1 + i % 9, &e) >= 0);
}

/* The numbers of the texts that one pass chooses of in[n], up to the amount, into out. part: of a shard. */
static size_t choose(const struct select_method *m, const uint64_t *in, size_t n, uint64_t amount, int part,
                     uint64_t *out)
{
    struct rank *k = rank_new(1 << 20, &e);
    struct record r = {0};
    uint32_t group;
    size_t chosen = 0;
    int got, fits;

    rank_one_over(k, part);
    for (size_t i = 0; i < n; i++)
        add(k, in[i], m);
    CHECK(rank_ready(k, &e) == 0);
    quota_set(k, amount, -1, 0);
    while ((got = rank_next(k, &r, &group, &fits, &e)) > 0)
        if (fits)
            out[chosen++] = strtoull(r.id + 1, NULL, 10);
    CHECK(got == 0);
    record_free(&r);
    rank_free(k);
    return chosen;
}

/* Parts: text i is of part (i * step) % parts; chosen in each, joined in turn, chosen again. */
static void merges(const struct select_method *m)
{
    uint64_t all[N], want[N], part[N], joined[2 * N], got[N];

    for (uint64_t i = 0; i < N; i++)
        all[i] = i;
    for (uint64_t parts = 2; parts <= 8; parts += 3)
        for (uint64_t amount = 1; amount < 600; amount += 83) {
            size_t n = choose(m, all, N, amount, 0, want), have = 0;

            for (uint64_t p = parts; p-- > 0;) {
                size_t of = 0;

                for (uint64_t i = 0; i < N; i++)
                    if (i * 7 % parts == p)
                        part[of++] = i;
                have += choose(m, part, of, amount, 1, joined + have);
                if (p == 1) /* two that are merged before the rest: the first of firsts */
                    have = choose(m, memcpy(part, joined, have * sizeof *part), have, amount, 1, joined);
            }
            CHECK(choose(m, joined, have, amount, 0, got) == n);
            CHECK(memcmp(got, want, n * sizeof *got) == 0);
        }
}

int main(void)
{
    for (int i = 0; CHECK_ROW(select_table[i], name); i++) {
        orders(select_table[i]);
        if (select_table[i]->key)
            merges(select_table[i]);
    }
    return DONE();
}
