/* tok_bpe: byte-level BPE. Source: GPT-2's tokenizer (Radford et al. 2019) as Hugging Face's tokenizers reads it. */
#include <string.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "tok/tok_int.h"

/* Bytes that print stand for themselves in Latin-1; the others, in order, for U+0100 and on. */
void tok_byte_alphabet(uint16_t code[256])
{
    uint16_t next = 256;

    for (int b = 0; b < 256; b++)
        code[b] = (b >= '!' && b <= '~') || (b >= 0xa1 && b != 0xad) ? (uint16_t)b : next++;
}

/* Room for matching, made once for a call. Steps are bounded so that a hostile pattern ends; a good one needs a few for each byte. */
static int match_ready(struct tok_run *r, size_t n)
{
    size_t steps = 10000000 + 64 * n;

    if (!r->match) {
        r->match = pcre2_match_data_create(1, NULL);
        r->context = pcre2_match_context_create(NULL);
        r->stack = pcre2_jit_stack_create(32 << 10, 8 << 20, NULL);
        if (!r->match || !r->context || !r->stack)
            return err_set(r->e, "out of memory for matching");
        pcre2_jit_stack_assign(r->context, NULL, r->stack);
    }
    pcre2_set_match_limit(r->context, steps > UINT32_MAX ? UINT32_MAX : (uint32_t)steps);
    return 0;
}

/* Next match within r->text[at, at + n) from offset `from`: 1 with lo and hi set (relative to at), 0 for none, -1. */
static int match_next(struct tok_run *r, const struct tok_split *sp, size_t at, size_t n, size_t from, size_t *lo, size_t *hi)
{
    PCRE2_SPTR s = r->text.data + at;
    int got = pcre2_match(sp->re, s, n, from, PCRE2_NO_UTF_CHECK, r->match, r->context);
    PCRE2_SIZE *v = pcre2_get_ovector_pointer(r->match);
    PCRE2_UCHAR why[128];

    if (got == PCRE2_ERROR_JIT_STACKLIMIT)
        got = pcre2_match(sp->re, s, n, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, r->match, r->context);
    if (got == PCRE2_ERROR_NOMATCH)
        return 0;
    if (got < 0) {
        pcre2_get_error_message(got, why, sizeof why);
        return err_set(r->e, "the split pattern fails at byte %zu: %s", at + from, (char *)why);
    }
    *lo = v[0];
    *hi = v[1];
    return 1;
}

/* Cut r->text[at, at + n) by the patterns k and on, and encode what is left between the cuts. */
static int split_word(struct tok_run *r, int k, size_t at, size_t n)
{
    const struct tok_split *sp = &r->t->split[k];
    size_t done = 0, from = 0, lo = 0, hi = 0;
    int got = 0;

    if (n == 0)
        return 0;
    if (k == r->t->splits)
        return tok_word_encode(r, at, n);
    while (from < n && (got = match_next(r, sp, at, n, from, &lo, &hi)) > 0) {
        if (lo == hi) { /* an empty match cuts nothing */
            from = lo < n ? lo + tok_utf8((const char *)r->text.data + at + lo, n - lo) : n;
            continue;
        }
        if ((sp->kind == TOK_MATCHES_AND_GAPS && split_word(r, k + 1, at + done, lo - done) < 0) ||
            split_word(r, k + 1, at + lo, hi - lo) < 0)
            return -1;
        done = from = hi;
    }
    if (got < 0)
        return -1;
    return sp->kind == TOK_MATCHES_AND_GAPS ? split_word(r, k + 1, at + done, n - done) : 0;
}

int tok_bpe_segment(struct tok_run *r, const char *s, size_t n)
{
    const struct tok *t = r->t;
    size_t from = r->text.len;

    if (t->prefix == TOK_PREFIX_ALWAYS && n && *s != ' ')
        buf_add(&r->text, " ", 1);
    tok_clean(&r->text, s, n);
    if (tok_normalize(t, &r->text, from, r->e) < 0 || match_ready(r, r->text.len) < 0)
        return -1;
    if (r->text.len > INT32_MAX)
        return err_set(r->e, "the normalized text is %zu bytes, more than %d", r->text.len, INT32_MAX);
    return split_word(r, 0, from, r->text.len - from);
}

/* Piece of a whole word, spelled in the byte alphabet, or TOK_NONE. */
static uint32_t whole_word(struct tok_run *r, size_t at, size_t len)
{
    uint16_t code[256];
    struct buf *b = &r->spare;

    tok_byte_alphabet(code);
    b->len = 0;
    for (size_t i = 0; i < len; i++) {
        uint16_t c = code[r->text.data[at + i]];
        uint8_t two[2] = {(uint8_t)(0xc0 | c >> 6), (uint8_t)(0x80 | (c & 0x3f))};
        uint8_t one = (uint8_t)c;

        buf_add(b, c < 0x80 ? &one : two, c < 0x80 ? 1 : 2);
    }
    return tok_find(r->t, (const char *)b->data, b->len);
}

int tok_bpe_word(struct tok_run *r, size_t at, size_t len)
{
    const struct tok *t = r->t;
    uint32_t whole = t->ignore_merges ? whole_word(r, at, len) : TOK_NONE;

    if (whole != TOK_NONE) {
        tok_ids_add(r->out, whole);
        return 0;
    }
    for (size_t i = at; i < at + len; i++) {
        uint32_t id = t->byte_id[r->text.data[i]];

        if (id == TOK_NONE)
            return err_set(r->e, "no piece for byte 0x%02x", r->text.data[i]);
        tok_symbol_add(r, i, 1, id, false);
    }
    tok_merge_all(r);
    for (int32_t i = 0; i >= 0; i = r->sym[i].next)
        tok_ids_add(r->out, r->sym[i].id);
    return 0;
}
