/* tok_bpe: BPE by rank of pairs, over characters or over bytes spelled in the byte alphabet. Source: Hugging Face's
 * tokenizers, for behaviour. */
#include <string.h>

#include "tok/tok_int.h"

void tok_unknown_emit(struct tok_run *r, size_t at, size_t len, size_t first, bool fuse)
{
    const struct tok *t = r->t;
    const uint8_t *s = r->text.data + at;
    bool bytes = t->byte_fallback;

    for (size_t i = 0; bytes && i < len; i++)
        bytes = t->byte_id[s[i]] != TOK_NONE;
    for (size_t i = 0; bytes && i < len; i++)
        tok_ids_add(r->out, t->byte_id[s[i]]);
    if (bytes)
        return;
    if (t->unk < 0)
        r->out->dropped += len;
    else if (!fuse || r->out->n == first || r->out->id[r->out->n - 1] != (uint32_t)t->unk)
        tok_ids_add(r->out, (uint32_t)t->unk);
}

/* The piece of one character (or byte, by its letter) with what the model puts before and after it, or TOK_NONE. */
static uint32_t unit_id(struct tok_run *r, size_t at, size_t len, bool first, bool last)
{
    const struct tok *t = r->t;
    const uint8_t *s = r->text.data + at;
    bool before = t->affix_prefix && !first, after = t->affix_suffix && last;
    struct buf *b = &r->spare;

    if (t->letters && !before && !after)
        return t->byte_id[*s];
    if (!before && !after)
        return tok_find_own(t, (const char *)s, len);
    b->len = 0;
    if (before)
        buf_puts(b, t->affix_prefix);
    if (t->letters)
        tok_alphabet_put(b, s, len);
    else
        buf_add(b, s, len);
    if (after)
        buf_puts(b, t->affix_suffix);
    return tok_find_own(t, (const char *)b->data, b->len);
}

/* The piece of a whole word, which no text may forge a control token by. */
static uint32_t whole_word(struct tok_run *r, size_t at, size_t len)
{
    struct buf *b = &r->spare;
    uint32_t id;

    b->len = 0;
    if (r->t->letters)
        tok_alphabet_put(b, r->text.data + at, len);
    else
        buf_add(b, r->text.data + at, len);
    id = tok_find_own(r->t, (const char *)b->data, b->len);
    return id != TOK_NONE && r->t->piece[id].type == TOK_CONTROL ? TOK_NONE : id;
}

/* The unknown symbol waits until the next known character, as it may grow. */
struct unknown {
    size_t at, len;
};

static void unknown_flush(struct tok_run *r, struct unknown *u)
{
    if (u->len)
        tok_symbol_add(r, u->at, u->len, (uint32_t)r->t->unk, false);
    u->len = 0;
}

static void unknown_add(struct tok_run *r, struct unknown *u, size_t at, size_t len)
{
    const struct tok *t = r->t;
    bool bytes = t->byte_fallback;

    for (size_t i = 0; bytes && i < len; i++)
        bytes = t->byte_id[r->text.data[at + i]] != TOK_NONE;
    for (size_t i = 0; bytes && i < len; i++)
        tok_symbol_add(r, at + i, 1, t->byte_id[r->text.data[at + i]], false);
    if (bytes)
        return;
    if (t->unk < 0) {
        r->out->dropped += len;
        return;
    }
    if (!t->fuse_unk)
        unknown_flush(r, u);
    u->at = u->len ? u->at : at;
    u->len += len;
}

int tok_rank_word(struct tok_run *r, size_t at, size_t len)
{
    const struct tok *t = r->t;
    uint32_t whole = t->ignore_merges ? whole_word(r, at, len) : TOK_NONE;
    struct unknown u = {0};

    if (whole != TOK_NONE) {
        tok_ids_add(r->out, whole);
        return 0;
    }
    for (size_t i = at, one; i < at + len; i += one) {
        uint32_t id;

        one = t->letters ? 1 : tok_utf8((const char *)r->text.data + i, at + len - i);
        id = unit_id(r, i, one, i == at, i + one == at + len);
        if (id == TOK_NONE) {
            unknown_add(r, &u, i, one);
            continue;
        }
        unknown_flush(r, &u);
        tok_symbol_add(r, i, one, id, false);
    }
    unknown_flush(r, &u);
    tok_merge_all(r);
    for (int32_t i = r->syms ? 0 : -1; i >= 0; i = r->sym[i].next)
        tok_ids_add(r->out, r->sym[i].id);
    return 0;
}
