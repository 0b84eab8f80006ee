/* tok_spm: SentencePiece's BPE. Source: sentencepiece's normalizer and bpe_model, read for behaviour, written anew. */
#include <string.h>

#include "tok/tok_int.h"

/* What normalizing takes as one at s, and what it becomes: a symbol, a rule's characters, a character, or one byte that
 * is not UTF-8. */
static size_t sp_next(const struct tok *t, const char *s, size_t n, const char **to, size_t *to_n)
{
    const struct tok_cut *c = tok_cuts_find(&t->symbols, s, n);
    size_t len = c ? c->len : t->charsmap.units ? tok_charsmap_find(&t->charsmap, s, n, true, to, to_n) : 0;

    if (len && !c)
        return len;
    len = c ? len : tok_utf8(s, n);
    *to = len ? s : "\xef\xbf\xbd";
    *to_n = len ? len : 3;
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

/* The rules of tokenizer.model's normalizer: where spaces are added, taken off, shown. */
int tok_sp_normalize(struct tok_run *r, const char *s, size_t n)
{
    const struct tok *t = r->t;
    const char *space = t->sp_escape ? TOK_SPACE : " ", *to;
    size_t from = r->text.len, space_n = strlen(space), to_n, len;
    bool after_space = t->sp_trim;

    while (t->sp_trim && n && (len = sp_next(t, s, n, &to, &to_n), to_n == 1 && *to == ' '))
        s += len, n -= len;
    if (!n)
        return 0;
    if (t->sp_prefix && !t->sp_suffix)
        buf_puts(&r->text, space);
    for (; n; s += len, n -= len) {
        len = sp_next(t, s, n, &to, &to_n);
        for (; after_space && to_n && *to == ' '; to_n--)
            to++;
        sp_put(r, to, to_n);
        if (to_n)
            after_space = t->sp_trim && to[to_n - 1] == ' ';
        if (r->text.len > r->limit)
            return err_set(r->e, "the normalizer makes more than %zu bytes of the text", r->limit);
    }
    while (t->sp_trim && r->text.len >= from + space_n &&
           memcmp(r->text.data + r->text.len - space_n, space, space_n) == 0)
        r->text.len -= space_n;
    if (t->sp_prefix && t->sp_suffix)
        buf_puts(&r->text, space);
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
    } else {
        tok_unknown_emit(r, at, len, first, true);
    }
}

int tok_score_word(struct tok_run *r, size_t at, size_t len)
{
    const struct tok *t = r->t;
    size_t first = r->out->n, end = at + len;

    if (t->unused && !r->halves)
        r->halves = mem_new(t->n, sizeof *r->halves);
    while (at < end) {
        const char *s = (const char *)r->text.data + at;
        const struct tok_cut *c = tok_cuts_find(&t->symbols, s, end - at);
        size_t one = c ? c->len : tok_utf8(s, end - at);

        tok_symbol_add(r, at, one, TOK_NONE, c != NULL);
        at += one;
    }
    tok_merge_all(r);
    for (int32_t i = 0; i >= 0; i = r->sym[i].next)
        piece_emit(r, r->sym[i].at, r->sym[i].len, first);
    return 0;
}
