/*
 * Connected components by sorting: Kiveris, Lattanzi, Mirrokni, Rastogi, Vassilvitskii 2014, "Connected components in
 * MapReduce and beyond", the alternating algorithm. A large star ties the neighbours of u that rank behind u to the
 * first among u and its neighbours; a small star ties u and those before it to the first of them. Both keep what is
 * connected; when they change nothing more, every cluster is a star around its first node. O(log^2 n) rounds, each two
 * sorts; memory is the sorters'.
 */
#include <string.h>

#include "base/hash.h"
#include "dup/parts.h"

static int add_edge(struct sorter *s, const uint8_t *a, const uint8_t *b, struct err *e)
{
    uint8_t pair[EDGE];

    memcpy(pair, a, NODE);
    memcpy(pair + NODE, b, NODE);
    return sorter_add(s, pair, e);
}

/* A sorter's edges, each once. */
struct edges {
    struct sorter *s;
    uint8_t last[EDGE];
    int begun;
};

static int next_edge(struct edges *in, const uint8_t **u, const uint8_t **v, struct err *e)
{
    const uint8_t *p;
    int got;

    do
        got = sorter_next(in->s, &p, e);
    while (got > 0 && in->begun && memcmp(p, in->last, EDGE) == 0);
    if (got <= 0)
        return got;
    in->begun = 1;
    memcpy(in->last, p, EDGE);
    *u = in->last;
    *v = in->last + NODE;
    return 1;
}

/* Edges in both directions, sorted, to edges (v, m) with v > m. sum: of hashes of all edges read, so that equal graphs
 * are seen. */
static int large_star(struct sorter *from, struct sorter *to, uint64_t *sum, struct err *e)
{
    struct edges in = {.s = from};
    uint8_t now[NODE], least[NODE];
    const uint8_t *u, *v;
    int got, any = 0;

    *sum = 0;
    while ((got = next_edge(&in, &u, &v, e)) > 0) {
        *sum += hash64(u, EDGE);
        if (!any || memcmp(u, now, NODE) != 0) {
            memcpy(now, u, NODE);
            memcpy(least, memcmp(u, v, NODE) < 0 ? u : v, NODE);
            any = 1;
        }
        if (memcmp(v, u, NODE) > 0 && add_edge(to, v, least, e) < 0)
            return -1;
    }
    return got;
}

/* Edges (v, m), v > m, sorted, to the same kind, in both directions if asked. */
static int small_star(struct sorter *from, struct sorter *to, struct err *e)
{
    struct edges in = {.s = from};
    uint8_t now[NODE], least[NODE];
    const uint8_t *u, *v;
    int got, any = 0;

    while ((got = next_edge(&in, &u, &v, e)) > 0) {
        if (!any || memcmp(u, now, NODE) != 0) {
            memcpy(now, u, NODE);
            memcpy(least, v, NODE);
            any = 1;
            if (add_edge(to, u, least, e) < 0 || add_edge(to, least, u, e) < 0)
                return -1;
        } else if (add_edge(to, v, least, e) < 0 || add_edge(to, least, v, e) < 0) {
            return -1;
        }
    }
    return got;
}

/* The edges of *s through a star into a new sorter, which takes its place. */
static int step(struct sorter **s, int large, uint64_t *sum, size_t memory, struct err *e)
{
    struct sorter *to = sorter_new(EDGE, memory);
    int rc = large ? large_star(*s, to, sum, e) : small_star(*s, to, e);

    sorter_free(*s);
    *s = to;
    return rc < 0 ? -1 : sorter_ready(to, e);
}

struct sorter *dup_stars(struct sorter *s, size_t memory, struct err *e)
{
    uint64_t before = 0, now = 1;
    int rc = step(&s, 0, NULL, memory, e);

    while (rc == 0) {
        rc = step(&s, 1, &now, memory, e);
        if (rc < 0 || now == before)
            break;
        before = now;
        rc = step(&s, 0, NULL, memory, e);
    }
    if (rc == 0)
        return s;
    sorter_free(s);
    return NULL;
}
