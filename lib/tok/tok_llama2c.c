/* tok_llama2c: tokenizer.bin = int32 longest piece; then for each piece float score, int32 length, bytes;
 * little-endian. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tok/tok_int.h"

enum { UNK, BOS, EOS, FIRST_BYTE, SPECIAL = FIRST_BYTE + 256 };

/* What tok_from_parts takes, as it grows. */
struct pieces {
    struct buf text; /* spelled as SentencePiece does */
    size_t *at, *len;
    float *score;
    int32_t *type;
    uint32_t n, cap;
};

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void pieces_grow(struct pieces *v)
{
    if (v->n < v->cap)
        return;
    v->cap = v->cap ? v->cap + v->cap / 2 : 1024;
    v->at = mem_resize(v->at, v->cap, sizeof *v->at);
    v->len = mem_resize(v->len, v->cap, sizeof *v->len);
    v->score = mem_resize(v->score, v->cap, sizeof *v->score);
    v->type = mem_resize(v->type, v->cap, sizeof *v->type);
}

/* The export put line breaks around <s> and </s>, a space for U+2581; both are taken back. */
static void piece_add(struct pieces *v, const char *s, size_t n, float score)
{
    uint32_t id = v->n;

    pieces_grow(v);
    if ((id == BOS || id == EOS) && n > 2 && s[0] == '\n' && s[n - 1] == '\n')
        s++, n -= 2;
    v->at[id] = v->text.len;
    for (size_t i = 0; i < n; i++)
        buf_add(&v->text, s[i] == ' ' ? TOK_SPACE : s + i, s[i] == ' ' ? 3 : 1);
    v->len[id] = v->text.len - v->at[id];
    v->score[id] = score;
    v->type[id] = id == UNK ? TOK_UNKNOWN : id < FIRST_BYTE ? TOK_CONTROL : id < SPECIAL ? TOK_BYTE : TOK_NORMAL;
    v->n++;
}

static int pieces_read(struct pieces *v, const uint8_t *p, size_t n, uint32_t vocab, struct err *e)
{
    size_t at = 4;

    if (n < 4)
        return err_set(e, "%zu bytes are no tokenizer.bin", n);
    while (at < n && (!vocab || v->n < vocab)) {
        uint32_t bits, len;
        float score;

        if (n - at < 8)
            return err_set(e, "offset %zu: piece %u needs 8 bytes, %zu are left", at, v->n, n - at);
        bits = le32(p + at);
        len = le32(p + at + 4);
        memcpy(&score, &bits, 4);
        at += 8;
        if (len > n - at)
            return err_set(e, "offset %zu: piece %u has %u bytes, %zu are left", at, v->n, len, n - at);
        piece_add(v, (const char *)p + at, len, score);
        at += len;
    }
    if (vocab && v->n < vocab)
        return err_set(e, "%u pieces, the model has %u", v->n, vocab);
    if (v->n < SPECIAL)
        return err_set(e, "%u pieces, fewer than the %d special ones", v->n, SPECIAL);
    return 0;
}

struct tok *tok_open_llama2c(const void *p, size_t n, uint32_t vocab, struct err *e)
{
    struct pieces v = {0};
    struct tok *t = NULL;

    if (pieces_read(&v, p, n, vocab, e) == 0) {
        const char **text = mem_new(v.n, sizeof *text);
        struct tok_parts parts = {.kind = TOK_SPM,
                                  .n = v.n,
                                  .text = text,
                                  .len = v.len,
                                  .score = v.score,
                                  .type = v.type,
                                  .bos = BOS,
                                  .eos = EOS,
                                  .unk = UNK,
                                  .pad = -1,
                                  .add_bos = 1,
                                  .space_prefix = 1};

        for (uint32_t i = 0; i < v.n; i++)
            text[i] = (const char *)v.text.data + v.at[i];
        t = tok_from_parts(&parts, e);
        free(text);
    }
    buf_free(&v.text);
    free(v.at);
    free(v.len);
    free(v.score);
    free(v.type);
    return t;
}
