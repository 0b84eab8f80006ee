/* make_hf_spm: tokenizer.model, SentencePiece's protobuf: field numbers of sentencepiece_model.proto. */
#include "ckpt/make_hf.h"
#include "tok/tok_int.h"

static void put_varint(struct buf *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        buf_add(b, &(uint8_t){(uint8_t)(v | 0x80)}, 1);
    buf_add(b, &(uint8_t){(uint8_t)v}, 1);
}

static void put_field(struct buf *b, unsigned field, uint64_t v)
{
    put_varint(b, field << 3);
    put_varint(b, v);
}

static void put_bytes(struct buf *b, unsigned field, const void *p, size_t n)
{
    put_varint(b, field << 3 | 2);
    put_varint(b, n);
    buf_add(b, p, n);
}

static void put_sentence_piece(const struct tok *t, uint32_t id, struct buf *out)
{
    struct buf p = {0};
    size_t n;
    const char *s = tok_piece(t, id, &n);
    float score = tok_score(t, id);

    put_bytes(&p, 1, s, n);
    put_varint(&p, 2 << 3 | 5);
    buf_add(&p, &score, 4);
    if (tok_type(t, id) != TOK_NORMAL)
        put_field(&p, 3, (uint64_t)tok_type(t, id));
    put_bytes(out, 1, p.data, p.len);
    buf_free(&p);
}

/* Whether there is a tokenizer.model for it. */
static int make_hf_sentencepiece_is(const struct tok *t)
{
    return tok_kind(t) == TOK_SPM || tok_kind(t) == TOK_UGM;
}

void make_hf_sentencepiece(const struct tok *t, struct buf *out)
{
    const int64_t id[4] = {tok_unk(t), tok_bos(t), tok_eos(t), tok_pad(t)};
    struct buf trainer = {0}, normal = {0};
    const void *map;
    size_t map_n;

    if (!make_hf_sentencepiece_is(t))
        return;
    for (uint32_t i = 0; i < tok_vocab(t); i++)
        put_sentence_piece(t, i, out);
    put_field(&trainer, 3, tok_kind(t) == TOK_UGM ? 1 : 2); /* model_type unigram, BPE */
    put_field(&trainer, 4, tok_vocab(t));
    put_field(&trainer, 35, tok_find(t, "<0x00>", 6) != TOK_NONE); /* byte_fallback */
    for (unsigned i = 0; i < 4; i++)
        put_field(&trainer, 40 + i, (uint64_t)id[i]); /* -1 as ten bytes: none */
    for (unsigned i = 0; i < 4; i++) {
        size_t n;
        const char *s = id[i] >= 0 ? tok_piece(t, (uint32_t)id[i], &n) : NULL;

        if (s)
            put_bytes(&trainer, 45 + i, s, n);
    }
    put_bytes(out, 2, trainer.data, trainer.len);
    map = tok_charsmap(t, &map_n);
    put_bytes(&normal, 1, map ? "nmt_nfkc" : "identity", 8);
    if (map)
        put_bytes(&normal, 2, map, map_n);
    put_field(&normal, 3, (uint64_t)tok_space_prefix(t));
    put_field(&normal, 4, (uint64_t)tok_trim_spaces(t));
    put_field(&normal, 5, 1);
    put_bytes(out, 3, normal.data, normal.len);
    buf_free(&trainer);
    buf_free(&normal);
}
