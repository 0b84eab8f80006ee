/*
 * tok_unigram: the likeliest way to cut a word into pieces (Viterbi). Source: Kudo 2018; ties and the unknown piece's
 * score as in sentencepiece (sums in float) and tokenizers (sums in double).
 */
#include <stdlib.h>
#include <string.h>

#include "tok/tok_int.h"

struct tok_node { /* of the best way that ends at a byte */
    double score;
    uint32_t from, id; /* from: where its last piece begins, UINT32_MAX: no way */
};

/* Score of the unknown piece, and what sentencepiece gives user-defined pieces for each byte. */
static void scores(struct tok *t)
{
    double least = 0;
    bool any = false;

    t->most_score = 0;
    for (uint32_t id = 0; id < t->n; id++) {
        if (t->sp ? t->piece[id].type != TOK_NORMAL : !(t->piece[id].flags & TOK_OWN))
            continue;
        least = !any || t->piece[id].score < least ? t->piece[id].score : least;
        t->most_score = !any || t->piece[id].score > t->most_score ? t->piece[id].score : t->most_score;
        any = true;
    }
    t->unk_score = t->sp ? (double)((float)least - 10.0f) : least - 10;
}

void tok_unigram_tables(struct tok *t)
{
    scores(t);
    for (uint32_t id = 0; id < t->n; id++) {
        const struct tok_entry *p = &t->piece[id];

        if (!(p->flags & TOK_OWN) || !p->len || p->type == TOK_CONTROL || p->type == TOK_UNKNOWN)
            continue;
        if (t->sp && (p->type == TOK_UNUSED || p->type == TOK_BYTE))
            continue;
        tok_cuts_add_piece(t, &t->lattice, id);
    }
    tok_cuts_sort(&t->lattice);
}

static double score_of(const struct tok *t, uint32_t id)
{
    const struct tok_entry *p = &t->piece[id];

    return t->sp && p->type == TOK_USER_DEFINED ? p->len * (float)t->most_score - 0.1 : p->score;
}

static void node_better(const struct tok *t, struct tok_node *to, double score, size_t from, uint32_t id)
{
    score = t->sp ? (double)(float)score : score;
    if (to->from == UINT32_MAX || score > to->score)
        *to = (struct tok_node){score, (uint32_t)from, id};
}

/* Every piece that begins at byte i, and the unknown one when none of them is just the character there. */
static size_t pieces_at(struct tok_run *r, const char *s, size_t len, size_t i)
{
    const struct tok *t = r->t;
    size_t lo = 0, hi = t->lattice.n, one = tok_utf8(s + i, len - i);
    double till = r->node[i].score;
    bool single = false;

    for (size_t d = 0; i + d < len && tok_cuts_narrow(&t->lattice, &lo, &hi, d, (uint8_t)s[i + d]); d++) {
        const struct tok_cut *c = &t->lattice.cut[lo];

        if (c->len != d + 1)
            continue;
        node_better(t, &r->node[i + d + 1], score_of(t, c->id) + till, i, c->id);
        single = single || d + 1 == one;
    }
    if (!single)
        node_better(t, &r->node[i + one], t->unk_score + till, i, (uint32_t)t->unk);
    return one;
}

/* From the end back, then turned round: spans whose text no piece is are unknown; those in a row are one. */
static void way_emit(struct tok_run *r, size_t at, size_t len)
{
    const struct tok *t = r->t;
    size_t first = r->out->n, n = 0;
    struct tok_node *way = r->node; /* reused from the front: a way of k pieces needs k of the nodes behind it */

    for (size_t end = len; end > 0;) {
        struct tok_node v = r->node[end];

        way[len - n] = (struct tok_node){(double)end, v.from, v.id};
        n++;
        end = v.from;
    }
    for (size_t k = n; k-- > 0;) {
        struct tok_node v = way[len - k];
        size_t from = v.from, end = (size_t)v.score;
        uint32_t id = v.id;

        while (t->fuse_unk && id == (uint32_t)t->unk && k > 0 && way[len - (k - 1)].id == (uint32_t)t->unk)
            end = (size_t)way[len - --k].score;
        if (id == (uint32_t)t->unk) { /* the joined text may be a piece after all */
            uint32_t whole = t->sp ? TOK_NONE : tok_find_own(t, (const char *)r->text.data + at + from, end - from);

            id = whole == TOK_NONE ? id : whole;
        }
        if (id == (uint32_t)t->unk)
            tok_unknown_emit(r, at + from, end - from, first, t->sp);
        else
            tok_ids_add(r->out, id);
    }
}

int tok_unigram_word(struct tok_run *r, size_t at, size_t len)
{
    const char *s = (const char *)r->text.data + at;

    if (len + 1 > r->node_cap) {
        r->node_cap = len + 1 > 2 * r->node_cap ? len + 1 : 2 * r->node_cap;
        r->node = mem_resize(r->node, r->node_cap, sizeof *r->node);
    }
    for (size_t i = 0; i <= len; i++)
        r->node[i] = (struct tok_node){0, UINT32_MAX, 0};
    for (size_t i = 0; i < len;)
        i += pieces_at(r, s, len, i);
    way_emit(r, at, len);
    return 0;
}
