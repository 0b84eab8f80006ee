#include "select/rank.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/sorter.h"
#include "base/tape.h"
#include "wire/mp.h"

/* As the sorter orders them: key 8, hash of the id 16, hash of the record 8, place on the tape 8, bytes 8, amount 8,
 * group 4. */
#define ENTRY 60

struct place {
    uint64_t at, bytes, amount;
    uint32_t group;
};

struct rank {
    struct sorter *sorter;
    struct tape *tape;
    struct rank_group *group;
    uint32_t groups, *slot, slots; /* slot: index + 1 by the hash of the name; at most half full */
    int one_over;
    uint64_t limit, *heap, heaped; /* the `limit` best keys so far, the worst on top */
    struct buf pack;
    struct place *place; /* collected */
    uint64_t places, at;
    const uint32_t *order;
    size_t ordered;
};

struct rank *rank_new(size_t memory, struct err *e)
{
    struct rank *k = mem_new(1, sizeof *k);

    k->sorter = sorter_new(ENTRY, memory);
    k->tape = tape_new(e);
    if (k->tape)
        return k;
    rank_free(k);
    return NULL;
}

void rank_free(struct rank *k)
{
    sorter_free(k->sorter);
    if (k->tape)
        tape_free(k->tape);
    for (uint32_t i = 0; i < k->groups; i++)
        free(k->group[i].name);
    free(k->group);
    free(k->slot);
    free(k->heap);
    free(k->place);
    buf_free(&k->pack);
    free(k);
}

static uint32_t *slot_of(struct rank *k, const char *name, size_t n)
{
    uint32_t i = (uint32_t)hash64(name, n) & (k->slots - 1);

    while (k->slot[i] &&
           (strlen(k->group[k->slot[i] - 1].name) != n || memcmp(k->group[k->slot[i] - 1].name, name, n) != 0))
        i = (i + 1) & (k->slots - 1);
    return &k->slot[i];
}

uint32_t rank_group(struct rank *k, const char *name, size_t n)
{
    uint32_t *slot;

    n = strnlen(name, n); /* a name ends at its first NUL */
    if (2 * (k->groups + 1) > k->slots) {
        k->slots = k->slots ? 2 * k->slots : 16;
        free(k->slot);
        k->slot = mem_new(k->slots, sizeof *k->slot);
        for (uint32_t i = 0; i < k->groups; i++)
            *slot_of(k, k->group[i].name, strlen(k->group[i].name)) = i + 1;
    }
    slot = slot_of(k, name, n);
    if (!*slot) {
        if ((k->groups & (k->groups - 1)) == 0)
            k->group = mem_resize(k->group, k->groups ? 2 * (size_t)k->groups : 1, sizeof *k->group);
        k->group[k->groups] = (struct rank_group){.name = mem_strndup(name, n)};
        *slot = ++k->groups;
    }
    return *slot - 1;
}

struct rank_group *rank_groups(struct rank *k, uint32_t *n)
{
    *n = k->groups;
    return k->group;
}

static int by_name(const void *a, const void *b, void *ctx)
{
    const struct rank_group *g = ctx;

    return strcmp(g[*(const uint32_t *)a].name, g[*(const uint32_t *)b].name);
}

uint32_t *rank_groups_by_name(struct rank *k)
{
    uint32_t *order = mem_new(k->groups ? k->groups : 1, sizeof *order);

    for (uint32_t i = 0; i < k->groups; i++)
        order[i] = i;
    if (k->groups)
        qsort_r(order, k->groups, sizeof *order, by_name, k->group);
    return order;
}

void rank_limit(struct rank *k, uint64_t n)
{
    k->limit = n;
}

void rank_one_over(struct rank *k, int on)
{
    k->one_over = on;
}

/* A double as a number that sorts the other way round: the greatest first. */
static uint64_t descending(double v)
{
    uint64_t u;

    v += 0.0; /* -0 is 0 */
    memcpy(&u, &v, sizeof u);
    return u >> 63 ? u : ~u & ~((uint64_t)1 << 63);
}

static void sift(struct rank *k)
{
    uint64_t i = 0, v = k->heap[0];

    for (;;) {
        uint64_t c = 2 * i + 1;

        if (c + 1 < k->heaped && k->heap[c + 1] > k->heap[c])
            c++;
        if (c >= k->heaped || k->heap[c] <= v)
            break;
        k->heap[i] = k->heap[c];
        i = c;
    }
    k->heap[i] = v;
}

/* Can a record of this key (least is best) still be among the first `limit`? Equal keys can. */
static int in_reach(struct rank *k, uint64_t key)
{
    if (k->heaped < k->limit) {
        uint64_t i = k->heaped++;

        if ((i & (i - 1)) == 0)
            k->heap = mem_resize(k->heap, i ? 2 * i : 1, sizeof *k->heap);
        for (; i && k->heap[(i - 1) / 2] < key; i = (i - 1) / 2)
            k->heap[i] = k->heap[(i - 1) / 2];
        k->heap[i] = key;
        return 1;
    }
    if (key > k->heap[0])
        return 0;
    k->heap[0] = key;
    sift(k);
    return 1;
}

static void put_be32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

int rank_add(struct rank *k, const struct record *r, double key, uint32_t group, uint64_t amount, struct err *e)
{
    struct rank_group *g = &k->group[group];
    struct hash128 id = hash128(r->id, r->id_len);
    uint64_t down = descending(key);
    uint8_t entry[ENTRY];

    g->records++;
    g->amount += amount;
    if (k->limit && !in_reach(k, down))
        return 0;
    k->pack.len = 0;
    record_pack(&k->pack, r);
    put_be64(entry, down);
    put_be64(entry + 8, id.hi);
    put_be64(entry + 16, id.lo);
    put_be64(entry + 24, hash64(k->pack.data, k->pack.len));
    put_be64(entry + 32, tape_len(k->tape));
    put_be64(entry + 40, k->pack.len);
    put_be64(entry + 48, amount);
    put_be32(entry + 56, group);
    if (tape_add(k->tape, k->pack.data, k->pack.len, e) < 0 || sorter_add(k->sorter, entry, e) < 0)
        return -1;
    return 1;
}

int rank_ready(struct rank *k, struct err *e)
{
    return sorter_ready(k->sorter, e);
}

static int next_place(struct rank *k, struct place *p, struct err *e)
{
    const uint8_t *entry;
    int got = sorter_next(k->sorter, &entry, e);

    if (got > 0)
        *p = (struct place){get_be64(entry + 32), get_be64(entry + 40), get_be64(entry + 48),
                            (uint32_t)(get_be64(entry + 52) & UINT32_MAX)};
    return got;
}

static int load(struct rank *k, const struct place *p, struct record *r, struct err *e)
{
    struct mp_in m;

    k->pack.len = 0;
    if (tape_get(k->tape, p->at, buf_space(&k->pack, p->bytes), p->bytes, e) < 0)
        return -1;
    m = (struct mp_in){k->pack.data, k->pack.data + p->bytes};
    return record_unpack(r, &m, e);
}

/* A group takes records until one does not fit; that one and all later ones are left, so that a budget takes a
 * beginning of the order. */
static int take(struct rank_group *g, uint64_t amount, int one_over)
{
    if (g->full)
        return 0;
    if (amount > g->budget - g->taken) {
        g->full = 1;
        g->chosen += (uint64_t)one_over;
        return one_over;
    }
    g->taken += amount;
    g->chosen++;
    return 1;
}

int rank_next(struct rank *k, struct record *r, uint32_t *group, int *fits, struct err *e)
{
    struct place p;
    int got = 1;

    if (k->place && k->at == k->ordered)
        return 0;
    if (k->place)
        p = k->place[k->order[k->at++]];
    else if ((got = next_place(k, &p, e)) <= 0)
        return got;
    *group = p.group;
    *fits = take(&k->group[p.group], p.amount, k->one_over);
    return load(k, &p, r, e) < 0 ? -1 : 1;
}

uint64_t rank_count(const struct rank *k)
{
    return sorter_count(k->sorter);
}

int rank_collect(struct rank *k, struct err *e)
{
    struct place p;
    int got;

    k->place = mem_new(rank_count(k) ? rank_count(k) : 1, sizeof *k->place);
    while ((got = next_place(k, &p, e)) > 0)
        k->place[k->places++] = p;
    return got;
}

int rank_get(struct rank *k, uint64_t i, struct record *r, uint32_t *group, struct err *e)
{
    *group = k->place[i].group;
    return load(k, &k->place[i], r, e);
}

void rank_order(struct rank *k, const uint32_t *order, size_t n)
{
    k->order = order;
    k->ordered = n;
}

void rank_borders(struct rank *k)
{
    for (uint32_t i = 0; i < k->groups; i++)
        k->group[i].border = SIZE_MAX;
    for (size_t i = 0; i < k->ordered; i++) {
        const struct place *p = &k->place[k->order[i]];
        struct rank_group *g = &k->group[p->group];

        if (g->border != SIZE_MAX)
            continue;
        if (p->amount > g->budget - g->taken)
            g->border = i;
        else
            g->taken += p->amount;
    }
    for (uint32_t i = 0; i < k->groups; i++)
        k->group[i].taken = 0;
}

size_t rank_at(const struct rank *k)
{
    return (size_t)k->at - 1;
}
