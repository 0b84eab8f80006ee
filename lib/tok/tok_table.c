/* tok_table: pieces by id and by text, merges by pair, and the longest piece at a place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "tok/tok_int.h"

static const char *text_of(const struct tok *t, uint32_t id)
{
    return (const char *)t->text.data + t->piece[id].at;
}

/* The slot of a text: the one that holds it, or the free one where it belongs. */
static uint32_t *map_slot(const struct tok *t, const struct tok_map *m, const char *s, size_t n)
{
    size_t i = hash64(s, n) & (m->cap - 1);

    while (m->slot[i]) {
        const struct tok_entry *p = &t->piece[m->slot[i] - 1];

        if (p->len == n && memcmp(t->text.data + p->at, s, n) == 0)
            break;
        i = (i + 1) & (m->cap - 1);
    }
    return &m->slot[i];
}

uint32_t tok_find(const struct tok *t, const char *s, size_t n)
{
    return t->map.cap ? *map_slot(t, &t->map, s, n) - 1 : TOK_NONE;
}

uint32_t tok_find_own(const struct tok *t, const char *s, size_t n)
{
    uint32_t id = tok_find(t, s, n);

    return id != TOK_NONE && t->piece[id].flags & TOK_OWN ? id : TOK_NONE;
}

static void map_grow(struct tok *t)
{
    struct tok_map bigger = {.cap = t->map.cap ? 2 * t->map.cap : 1024, .n = t->map.n};

    bigger.slot = mem_new(bigger.cap, sizeof *bigger.slot);
    for (size_t i = 0; i < t->map.cap; i++) {
        uint32_t v = t->map.slot[i];

        if (v)
            *map_slot(t, &bigger, text_of(t, v - 1), t->piece[v - 1].len) = v;
    }
    free(t->map.slot);
    t->map = bigger;
}

/* Make room up to id; new entries are holes. */
static void pieces_reach(struct tok *t, uint32_t id)
{
    if (id < t->n)
        return;
    if (id >= t->piece_cap) {
        t->piece_cap = id + id / 2 + 1024;
        t->piece = mem_resize(t->piece, t->piece_cap, sizeof *t->piece);
    }
    memset(t->piece + t->n, 0, (id + 1 - t->n) * sizeof *t->piece);
    t->n = id + 1;
}

int tok_put(struct tok *t, uint64_t id, const char *s, size_t n, int type, double score, uint64_t many, struct err *e)
{
    int shown = n > 200 ? 200 : (int)n;
    uint32_t *slot;

    if (id > 2 * many + 1024 || id >= INT32_MAX)
        return err_set(e, "piece \"%.*s\" has id %llu, among %llu pieces", shown, s, (unsigned long long)id,
                       (unsigned long long)many);
    if (n > INT32_MAX)
        return err_set(e, "piece %llu is %zu bytes long", (unsigned long long)id, n);
    if (id < t->n && t->piece[id].type)
        return err_set(e, "id %llu is \"%.200s\" and \"%.*s\"", (unsigned long long)id, text_of(t, (uint32_t)id), shown,
                       s);
    if (2 * (t->map.n + 1) > t->map.cap)
        map_grow(t);
    slot = map_slot(t, &t->map, s, n);
    if (*slot)
        return err_set(e, "piece \"%.*s\" has ids %u and %llu", shown, s, *slot - 1, (unsigned long long)id);
    pieces_reach(t, (uint32_t)id);
    t->piece[id] = (struct tok_entry){.at = t->text.len, .len = (uint32_t)n, .type = (uint8_t)type, .score = score};
    buf_add(&t->text, s, n);
    buf_add(&t->text, "", 1);
    *slot = (uint32_t)id + 1;
    t->map.n++;
    return 0;
}

void tok_fill_holes(struct tok *t)
{
    for (uint32_t id = 0; id < t->n; id++)
        if (!t->piece[id].type) {
            size_t at = t->text.len;

            buf_printf(&t->text, "[PAD%u]", id);
            t->piece[id] = (struct tok_entry){.at = at, .len = (uint32_t)(t->text.len - at), .type = TOK_UNUSED};
            buf_add(&t->text, "", 1);
        }
}

static struct tok_pair *pair_slot(const struct tok_pairs *p, uint64_t key)
{
    size_t i = (key * 0x9e3779b97f4a7c15u) >> 20 & (p->cap - 1);

    while (p->slot[i].key && p->slot[i].key != key)
        i = (i + 1) & (p->cap - 1);
    return &p->slot[i];
}

const struct tok_pair *tok_pair_find(const struct tok_pairs *p, uint32_t left, uint32_t right)
{
    const struct tok_pair *s;

    if (!p->cap)
        return NULL;
    s = pair_slot(p, ((uint64_t)left << 32 | right) + 1);
    return s->key ? s : NULL;
}

int tok_pair_put(struct tok_pairs *p, uint32_t left, uint32_t right, uint32_t rank, uint32_t id)
{
    uint64_t key = ((uint64_t)left << 32 | right) + 1;
    struct tok_pair *s;

    if (2 * (p->n + 1) > p->cap) {
        struct tok_pairs bigger = {.cap = p->cap ? 2 * p->cap : 1024, .n = p->n};

        bigger.slot = mem_new(bigger.cap, sizeof *bigger.slot);
        for (size_t i = 0; i < p->cap; i++)
            if (p->slot[i].key)
                *pair_slot(&bigger, p->slot[i].key) = p->slot[i];
        free(p->slot);
        *p = bigger;
    }
    s = pair_slot(p, key);
    if (s->key)
        return -1;
    *s = (struct tok_pair){key, rank, id};
    p->n++;
    return 0;
}

void tok_cuts_add(struct tok_cuts *c, const char *s, size_t n, uint32_t id)
{
    if (c->n == c->cap) {
        c->cap = c->cap ? c->cap + c->cap / 2 : 16;
        c->cut = mem_resize(c->cut, c->cap, sizeof *c->cut);
    }
    c->cut[c->n++] = (struct tok_cut){c->text.len, (uint32_t)n, id};
    buf_add(&c->text, s, n);
}

void tok_cuts_add_piece(const struct tok *t, struct tok_cuts *c, uint32_t id)
{
    tok_cuts_add(c, text_of(t, id), t->piece[id].len, id);
}

static int by_text(const void *a, const void *b, void *cuts)
{
    const uint8_t *text = ((const struct tok_cuts *)cuts)->text.data;
    const struct tok_cut *x = a, *y = b;
    int c = memcmp(text + x->at, text + y->at, x->len < y->len ? x->len : y->len);

    if (c || x->len != y->len)
        return c ? c : (x->len > y->len) - (x->len < y->len);
    return (x->at > y->at) - (x->at < y->at);
}

void tok_cuts_sort(struct tok_cuts *c)
{
    size_t n = 0;

    if (!c->n)
        return;
    qsort_r(c->cut, c->n, sizeof *c->cut, by_text, c);
    for (size_t i = 0; i < c->n; i++)
        if (!i || c->cut[i].len != c->cut[n - 1].len ||
            memcmp(c->text.data + c->cut[i].at, c->text.data + c->cut[n - 1].at, c->cut[i].len) != 0)
            c->cut[n++] = c->cut[i];
    c->n = n;
    for (size_t i = 0, b = 0; b <= 256; b++) {
        while (i < n && c->text.data[c->cut[i].at] < b)
            i++;
        c->first[b] = i;
    }
}

void tok_cuts_free(struct tok_cuts *c)
{
    buf_free(&c->text);
    free(c->cut);
    *c = (struct tok_cuts){0};
}

/* First place in [lo, hi) of c whose byte at `depth` is at least `want`; all of [lo, hi) agree before depth. */
static size_t cuts_bound(const struct tok_cuts *c, size_t lo, size_t hi, size_t depth, int want)
{
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct tok_cut *p = &c->cut[mid];
        int at = depth < p->len ? c->text.data[p->at + depth] : -1;

        if (at < want)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

int tok_cuts_narrow(const struct tok_cuts *c, size_t *lo, size_t *hi, size_t depth, uint8_t byte)
{
    if (!c->n)
        return 0;
    if (depth == 0) {
        *lo = c->first[byte];
        *hi = c->first[byte + 1];
    } else {
        *lo = cuts_bound(c, *lo, *hi, depth, byte);
        *hi = cuts_bound(c, *lo, *hi, depth, byte + 1);
    }
    return *lo < *hi;
}

const struct tok_cut *tok_cuts_find(const struct tok_cuts *c, const char *s, size_t n)
{
    const struct tok_cut *best = NULL;
    size_t lo = 0, hi = c->n;

    for (size_t depth = 0; depth < n && tok_cuts_narrow(c, &lo, &hi, depth, (uint8_t)s[depth]); depth++)
        if (c->cut[lo].len == depth + 1)
            best = &c->cut[lo];
    return best;
}

void tok_ids_add(struct tok_ids *ids, uint32_t id)
{
    if (ids->n == ids->cap) {
        ids->cap = ids->cap ? ids->cap + ids->cap / 2 : 256;
        ids->id = mem_resize(ids->id, ids->cap, sizeof *ids->id);
    }
    ids->id[ids->n++] = id;
}

void tok_find_bytes(struct tok *t)
{
    for (int b = 0; b < 256; b++) {
        char name[8];

        snprintf(name, sizeof name, "<0x%02X>", (unsigned)b);
        t->byte_id[b] = tok_find(t, name, 6);
        if (t->byte_id[b] != TOK_NONE)
            t->piece[t->byte_id[b]].type = TOK_BYTE;
    }
}

/* SentencePiece gives the k-th piece that its training joined the score -k; single characters come last. */
void tok_rank_scores(struct tok *t)
{
    uint32_t *made = mem_new(t->n, sizeof *made), next = 0; /* order in which a piece was first joined, plus 1 */
    uint32_t *rank = mem_new(t->merges, sizeof *rank);

    for (size_t i = 0; i < t->pairs.cap; i++)
        if (t->pairs.slot[i].key)
            rank[t->pairs.slot[i].rank] = t->pairs.slot[i].id;
    for (size_t r = 0; r < t->merges; r++)
        if (!made[rank[r]])
            made[rank[r]] = ++next;
    for (uint32_t id = 0; id < t->n; id++)
        if (t->piece[id].type == TOK_NORMAL)
            t->piece[id].score = -(double)(made[id] ? made[id] - 1 : next++);
    free(made);
    free(rank);
}

/* Whether a space follows another character within a piece, so that words cannot be encoded one by one. */
static bool space_inside(const struct tok *t, uint32_t id)
{
    const char *s = (const char *)t->text.data + t->piece[id].at, *end = s + t->piece[id].len, *hit = s;

    for (; (hit = memmem(hit, (size_t)(end - hit), TOK_SPACE, 3)); hit += 3)
        if (hit > s && (hit < s + 3 || memcmp(hit - 3, TOK_SPACE, 3)))
            return true;
    return false;
}

bool tok_space_inside(const struct tok *t)
{
    for (uint32_t id = 0; id < t->n; id++)
        if (space_inside(t, id))
            return true;
    return false;
}

void tok_find_letters(struct tok *t)
{
    uint16_t code[256];

    tok_byte_alphabet(code);
    for (int b = 0; b < 256; b++) {
        char s[2] = {(char)(code[b] < 0x80 ? code[b] : 0xc0 | code[b] >> 6), (char)(0x80 | (code[b] & 0x3f))};

        t->byte_id[b] = tok_find(t, s, code[b] < 0x80 ? 1 : 2);
    }
}

/* Where the two texts of a merge are joined: in merge_text, beyond what is kept; then they stay there as "a b". */
int tok_merge_put(struct tok *t, const char *a, size_t an, const char *b, size_t bn, struct err *e)
{
    size_t at = t->merge_text.len, skip = t->affix_prefix ? strlen(t->affix_prefix) : 0;
    int as = an < 100 ? (int)an : 100, bs = bn < 100 ? (int)bn : 100;
    uint32_t left = tok_find(t, a, an), right = tok_find(t, b, bn), joined;

    buf_add(&t->merge_text, a, an);
    skip = skip && skip < bn && !memcmp(b, t->affix_prefix, skip) ? skip : 0;
    buf_add(&t->merge_text, b + skip, bn - skip);
    joined = tok_find(t, (char *)t->merge_text.data + at, an + bn - skip);
    if (left == TOK_NONE || right == TOK_NONE || joined == TOK_NONE)
        return err_set(e, "merge %zu, \"%.*s\" and \"%.*s\": %s not in the vocabulary", t->merges, as, a, bs, b,
                       left == TOK_NONE    ? "the first is"
                       : right == TOK_NONE ? "the second is"
                                           : "the two joined are");
    if (tok_pair_put(&t->pairs, left, right, (uint32_t)t->merges, joined) < 0)
        return err_set(e, "merge %zu, \"%.*s\" and \"%.*s\", is there twice", t->merges, as, a, bs, b);
    t->merge_text.len = at + an;
    buf_add(&t->merge_text, " ", 1);
    buf_add(&t->merge_text, b, bn);
    buf_add(&t->merge_text, "", 1);
    t->merge_at[t->merges++] = at;
    return 0;
}

int tok_merge_text(struct tok *t, const char *s, size_t n, struct err *e)
{
    const char *gap = memchr(s, ' ', n), *end = s + n;

    if (!gap || memchr(gap + 1, ' ', (size_t)(end - gap - 1)))
        return err_set(e, "merge %zu is no pair of two texts", t->merges);
    return tok_merge_put(t, s, (size_t)(gap - s), gap + 1, (size_t)(end - gap - 1), e);
}
