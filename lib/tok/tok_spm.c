/* tok_spm: SentencePiece's BPE. Source: sentencepiece's normalizer and bpe_model, read for behaviour, written anew. */
#include <string.h>

#include "tok/tok_int.h"

static bool begins(const char *s, size_t n, const char *with, size_t with_n)
{
    return n >= with_n && memcmp(s, with, with_n) == 0;
}

/* Bytes at s that normalizing takes as one: a symbol, a character, or one byte that is not UTF-8 (then *bad). */
static size_t sp_unit(const struct tok *t, const char *s, size_t n, bool *bad)
{
    uint32_t id = t->symbols.n ? tok_cuts_find(t, &t->symbols, s, n) : TOK_NONE;
    size_t len = id == TOK_NONE ? tok_utf8(s, n) : t->piece[id].len;

    *bad = len == 0;
    return len ? len : 1;
}

static void sp_put(struct tok_run *r, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] == ' ' && r->t->sp_escape)
            buf_add(&r->text, TOK_SPACE, 3);
        else
            buf_add(&r->text, s + i, 1);
}

/* The rules of tokenizer.model's normalizer with an identity character map: where spaces are added, taken off, shown. */
static void sp_normalize(struct tok_run *r, const char *s, size_t n)
{
    const struct tok *t = r->t;
    const char *space = t->sp_escape ? TOK_SPACE : " ";
    size_t from = r->text.len, space_n = strlen(space);
    bool after_space = t->sp_trim, bad;

    while (t->sp_trim && n && *s == ' ' && sp_unit(t, s, n, &bad) == 1)
        s++, n--;
    if (!n)
        return;
    if (t->sp_prefix && !t->sp_suffix)
        buf_puts(&r->text, space);
    while (n) {
        size_t len = sp_unit(t, s, n, &bad), skip = 0;

        while (after_space && skip < len && s[skip] == ' ')
            skip++;
        if (bad)
            buf_puts(&r->text, "\xef\xbf\xbd");
        else
            sp_put(r, s + skip, len - skip);
        if (skip < len)
            after_space = t->sp_trim && s[len - 1] == ' ';
        s += len;
        n -= len;
    }
    while (t->sp_trim && r->text.len >= from + space_n && memcmp(r->text.data + r->text.len - space_n, space, space_n) == 0)
        r->text.len -= space_n;
    if (t->sp_prefix && t->sp_suffix)
        buf_puts(&r->text, space);
}

/* tokenizer.json's Metaspace on r->text from `from` on: spaces shown, and one put before. */
static void metaspace(struct tok_run *r, size_t from)
{
    const struct tok *t = r->t;
    struct buf *b = &r->spare;

    b->len = 0;
    for (size_t i = from; i < r->text.len; i++)
        if (r->text.data[i] == ' ')
            buf_add(b, TOK_SPACE, 3);
        else
            buf_add(b, r->text.data + i, 1);
    r->text.len = from;
    if ((t->prefix == TOK_PREFIX_ALWAYS || (t->prefix == TOK_PREFIX_FIRST && r->first)) &&
        !begins((char *)b->data, b->len, TOK_SPACE, 3) && b->len)
        buf_add(&r->text, TOK_SPACE, 3);
    buf_add(&r->text, b->data, b->len);
}

int tok_spm_segment(struct tok_run *r, const char *s, size_t n)
{
    const struct tok *t = r->t;
    size_t from = r->text.len, word;

    if (t->sp) {
        sp_normalize(r, s, n);
    } else {
        tok_clean(&r->text, s, n);
        if (tok_normalize(t, &r->text, from, r->e) < 0)
            return -1;
        if (t->metaspace)
            metaspace(r, from);
    }
    if (r->text.len > INT32_MAX)
        return err_set(r->e, "the normalized text is %zu bytes, more than %d", r->text.len, INT32_MAX);
    word = from;
    for (size_t i = from; t->words && i + 3 <= r->text.len; i++) {
        const char *p = (const char *)r->text.data + i;

        if (!begins(p, 3, TOK_SPACE, 3) || i == word ||
            (!t->words_each && i >= word + 3 && begins(p - 3, 3, TOK_SPACE, 3)))
            continue;
        if (tok_word_encode(r, word, i - word) < 0)
            return -1;
        word = i;
    }
    return tok_word_encode(r, word, r->text.len - word);
}

/* A character that is no piece: its bytes' pieces, or the unknown piece. */
static int unknown_add(struct tok_run *r, size_t at, size_t len)
{
    const struct tok *t = r->t;
    struct tok_symbol *last = r->syms ? &r->sym[r->syms - 1] : NULL;

    if (t->byte_fallback) {
        for (size_t i = 0; i < len; i++)
            tok_symbol_add(r, at + i, 1, t->byte_id[r->text.data[at + i]], false);
        return 0;
    }
    if (t->unk < 0)
        return err_set(r->e, "no piece for the character \"%.*s\", and no unknown piece", (int)len, (const char *)r->text.data + at);
    if (t->fuse_unk && last && last->id == (uint32_t)t->unk)
        last->len += (uint32_t)len;
    else
        tok_symbol_add(r, at, len, (uint32_t)t->unk, false);
    return 0;
}

/*
 * Ids of a symbol that merging by score left: unused pieces are taken apart as they were last put together; unknown
 * characters in a row, from the id `first` of out on, are one unknown piece.
 */
static void piece_emit(struct tok_run *r, size_t at, size_t len, size_t first)
{
    const struct tok *t = r->t;
    const uint8_t *s = r->text.data + at;
    uint32_t id = tok_find(t, (const char *)s, len);

    if (id != TOK_NONE && t->piece[id].type == TOK_UNUSED && r->halves && r->halves[id]) {
        piece_emit(r, at, r->halves[id], first);
        piece_emit(r, at + r->halves[id], len - r->halves[id], first);
    } else if (id != TOK_NONE && id != (uint32_t)t->unk) {
        tok_ids_add(r->out, id);
    } else if (t->byte_fallback) {
        for (size_t i = 0; i < len; i++)
            tok_ids_add(r->out, t->byte_id[s[i]]);
    } else if (r->out->n == first || r->out->id[r->out->n - 1] != (uint32_t)t->unk) {
        tok_ids_add(r->out, (uint32_t)t->unk);
    }
}

static int word_by_score(struct tok_run *r, size_t at, size_t end)
{
    const struct tok *t = r->t;
    size_t first = r->out->n;

    if (t->unused && !r->halves)
        r->halves = mem_new(t->n, sizeof *r->halves);
    while (at < end) {
        const char *s = (const char *)r->text.data + at;
        uint32_t id = t->symbols.n ? tok_cuts_find(t, &t->symbols, s, end - at) : TOK_NONE;
        size_t len = id == TOK_NONE ? tok_utf8(s, end - at) : t->piece[id].len;

        tok_symbol_add(r, at, len, TOK_NONE, id != TOK_NONE);
        at += len;
    }
    tok_merge_all(r);
    for (int32_t i = 0; i >= 0; i = r->sym[i].next)
        piece_emit(r, r->sym[i].at, r->sym[i].len, first);
    return 0;
}

int tok_spm_word(struct tok_run *r, size_t at, size_t len)
{
    const struct tok *t = r->t;
    size_t end = at + len;
    uint32_t whole = t->ignore_merges ? tok_find(t, (const char *)r->text.data + at, len) : TOK_NONE;

    if (t->by_score)
        return word_by_score(r, at, end);
    if (whole != TOK_NONE) {
        tok_ids_add(r->out, whole);
        return 0;
    }
    while (at < end) {
        const char *s = (const char *)r->text.data + at;
        size_t one = tok_utf8(s, end - at);
        uint32_t id = tok_find(t, s, one);

        if (id != TOK_NONE)
            tok_symbol_add(r, at, one, id, false);
        else if (unknown_add(r, at, one) < 0)
            return -1;
        at += one;
    }
    tok_merge_all(r);
    for (int32_t i = 0; i >= 0; i = r->sym[i].next)
        tok_ids_add(r->out, r->sym[i].id);
    return 0;
}
