/* Buckets: the texts of one band's key come together, in order of rank. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "dup/parts.h"

#define LEADERS 256 /* of a bucket: what a text is compared with before it is joined, at most */
#define KNOWN 65536 /* pairs whose comparison is remembered: texts that are alike meet in many bands */

struct known {
    uint64_t a, b; /* indices + 1 */
    int like;
};

struct bucket {
    uint8_t key[16];
    uint8_t leader[LEADERS][NODE];
    int n;
    struct known known[KNOWN];
};

static int is_reference(const uint8_t *node)
{
    return !(node[0] & 0x80);
}

static int join_pair(struct sorter *edges, const uint8_t *v, const uint8_t *m, struct err *e)
{
    uint8_t pair[EDGE];

    memcpy(pair, v, NODE);
    memcpy(pair + NODE, m, NODE);
    return sorter_add(edges, pair, e);
}

/* Is the Jaccard index of the two high enough? */
static int are_like(struct dup *d, struct bucket *b, const uint8_t *v, const uint8_t *m, struct err *e)
{
    uint64_t x = get_be64(v + NODE_INDEX), y = get_be64(m + NODE_INDEX), pair[2] = {x, y};
    struct known *k = &b->known[hash64(pair, sizeof pair) % KNOWN];
    double jaccard;

    if (k->a == x + 1 && k->b == y + 1)
        return k->like;
    if (dup_jaccard(d, x, y, &jaccard, e) < 0)
        return -1;
    *k = (struct known){x + 1, y + 1, jaccard >= d->o.verify};
    return k->like;
}

/* With verify: an edge to each leader that the text is like; 1 when there was one. */
static int join_like(struct dup *d, struct bucket *b, const uint8_t *v, struct sorter *edges, struct err *e)
{
    int found = 0;

    for (int i = 0; i < b->n; i++) {
        int like = are_like(d, b, v, b->leader[i], e);

        if (like < 0)
            return -1;
        if (!like)
            continue;
        if (join_pair(edges, v, b->leader[i], e) < 0)
            return -1;
        found = 1;
    }
    return found;
}

/*
 * One text of the bucket. Without verify every text is joined to the first. With it, to each leader it is like, and it
 * becomes a leader when there is none; against a reference, the leaders are the reference's texts.
 */
static int meet(struct dup *d, struct bucket *b, const uint8_t *v, struct sorter *edges, struct err *e)
{
    int reference = d->o.against && is_reference(v), found = 0;

    if (d->o.against && !reference && b->n == 0)
        return 0;
    if (!reference && b->n) {
        if (d->o.verify <= 0)
            return join_pair(edges, v, b->leader[0], e);
        found = join_like(d, b, v, edges, e);
        if (found < 0)
            return -1;
    }
    if (!found && (reference || !d->o.against) && b->n < (d->o.verify > 0 ? LEADERS : 1))
        memcpy(b->leader[b->n++], v, NODE);
    return 0;
}

int dup_join(struct dup *d, struct sorter *edges, struct err *e)
{
    struct bucket *b = mem_new(1, sizeof *b);
    const uint8_t *p;
    int got, rc = 0;

    while (rc == 0 && (got = sorter_next(d->meets, &p, e)) > 0) {
        if (memcmp(b->key, p, 16) != 0) {
            memcpy(b->key, p, 16);
            b->n = 0;
        }
        rc = meet(d, b, p + 16, edges, e);
    }
    free(b);
    return rc < 0 || got < 0 ? -1 : 0;
}
