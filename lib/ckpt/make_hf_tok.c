/* make_hf_tok: tokenizer.json and tokenizer_config.json from a tokenizer. */
#include <stdlib.h>
#include <string.h>

#include "ckpt/make_hf.h"
#include "tok/tok_int.h"
#include "record/json.h"

static void put_piece(const struct tok *t, int64_t id, struct buf *b)
{
    size_t n;
    const char *s = tok_piece(t, (uint32_t)id, &n);

    json_put_string(b, s, n);
}

static void put_added(const struct tok *t, struct buf *b)
{
    int first = 1;

    buf_puts(b, "  \"added_tokens\": [");
    for (uint32_t id = 0; id < tok_vocab(t); id++) {
        int type = tok_type(t, id);

        if (type != TOK_CONTROL && type != TOK_UNKNOWN && type != TOK_USER_DEFINED)
            continue;
        buf_printf(b, "%s\n    {\"id\": %u, \"content\": ", first ? "" : ",", id);
        put_piece(t, id, b);
        buf_printf(
            b,
            ", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, \"normalized\": false, \"special\": %s}",
            type == TOK_USER_DEFINED ? "false" : "true");
        first = 0;
    }
    buf_puts(b, first ? "],\n" : "\n  ],\n");
}

static void put_spm_steps(const struct tok *t, struct buf *b)
{
    const char *prepend = tok_space_prefix(t) ? "{\"type\": \"Prepend\", \"prepend\": \"" TOK_SPACE "\"}, " : "";

    buf_printf(b,
               "  \"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [%s"
               "{\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"" TOK_SPACE "\"}]},\n"
               "  \"pre_tokenizer\": null,\n",
               prepend);
    buf_printf(b,
               "  \"decoder\": {\"type\": \"Sequence\", \"decoders\": [{\"type\": \"Replace\", \"pattern\": "
               "{\"String\": \"" TOK_SPACE
               "\"}, \"content\": \" \"}, {\"type\": \"ByteFallback\"}, {\"type\": \"Fuse\"}%s]},\n",
               tok_space_prefix(t) ? ", {\"type\": \"Strip\", \"content\": \" \", \"start\": 1, \"stop\": 0}" : "");
}

/* Byte-level BPE: the steps of its family, as they were read by name. */
static void put_bpe_steps(const struct tok *t, struct buf *b)
{
    static const char level[] =
        "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": true, \"use_regex\": %s}";

    buf_printf(b, "  \"normalizer\": %s,\n  \"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [",
               t->norms ? "{\"type\": \"NFC\"}" : "null");
    for (int i = 0; i < t->steps; i++) {
        const struct tok_step *s = &t->step[i];

        buf_puts(b, i ? ", " : "");
        if (s->kind == TOK_SPLIT) {
            buf_puts(b, "{\"type\": \"Split\", \"pattern\": {\"Regex\": ");
            json_put_string(b, s->pattern, strlen(s->pattern));
            buf_printf(b, "}, \"behavior\": \"%s\", \"invert\": false}",
                       s->how == TOK_CONTIGUOUS ? "Contiguous" : "Isolated");
        } else {
            buf_printf(b, level, "false");
        }
    }
    buf_puts(b, "]},\n  \"decoder\": ");
    buf_printf(b, level, "true");
    buf_puts(b, ",\n");
}

static void put_wpm_steps(struct buf *b)
{
    buf_puts(b, "  \"normalizer\": {\"type\": \"BertNormalizer\", \"clean_text\": true, \"handle_chinese_chars\": "
                "true, \"strip_accents\": null, "
                "\"lowercase\": true},\n  \"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"},\n"
                "  \"decoder\": {\"type\": \"WordPiece\", \"prefix\": \"##\", \"cleanup\": true},\n");
}

static void put_base64(const uint8_t *p, size_t n, struct buf *b)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);

        for (int k = 0; k < 4; k++)
            buf_puts(b, i + (size_t)k <= n ? (char[]){digit[v >> (18 - 6 * k) & 63], 0} : "=");
    }
}

/* As transformers makes them of a T5's SentencePiece model: its map, runs of spaces as one, words, each after a shown
 * space. */
static void put_ugm_steps(const struct tok *t, struct buf *b)
{
    size_t n;
    const void *map = tok_charsmap(t, &n);

    buf_puts(b, "  \"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [");
    if (map) {
        buf_puts(b, "{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"");
        put_base64(map, n, b);
        buf_puts(b, "\"}");
    }
    if (tok_trim_spaces(t))
        buf_printf(b,
                   "%s{\"type\": \"Strip\", \"strip_left\": false, \"strip_right\": true}, "
                   "{\"type\": \"Replace\", \"pattern\": {\"Regex\": \" {2,}\"}, \"content\": \" \"}",
                   map ? ", " : "");
    buf_printf(b,
               "]},\n  \"pre_tokenizer\": {\"type\": \"Metaspace\", \"replacement\": \"" TOK_SPACE
               "\", \"prepend_scheme\": \"%s\", \"split\": true},\n",
               tok_space_prefix(t) ? "always" : "never");
    buf_printf(b, "  \"decoder\": {\"type\": \"Metaspace\", \"replacement\": \"" TOK_SPACE
                  "\", \"prepend_scheme\": \"always\", \"split\": true},\n");
}

/* bos before and eos after, where a sequence has them. */
static void put_template(const struct tok *t, struct buf *b)
{
    int64_t mark[2] = {tok_add_bos(t) ? tok_bos(t) : -1, tok_add_eos(t) ? tok_eos(t) : -1};
    int n = 0;

    buf_puts(b, "  \"post_processor\": ");
    if (mark[0] < 0 && mark[1] < 0) {
        buf_puts(b, "null,\n");
        return;
    }
    buf_puts(b, "{\"type\": \"TemplateProcessing\"");
    for (int pair = 0; pair < 2; pair++) {
        buf_printf(b, ", \"%s\": [", pair ? "pair" : "single");
        for (int k = 0; k <= pair; k++) {
            if (mark[0] >= 0) {
                buf_printf(b, "%s{\"SpecialToken\": {\"id\": ", k ? ", " : "");
                put_piece(t, mark[0], b);
                buf_printf(b, ", \"type_id\": %d}}", k);
            }
            buf_printf(b, "%s{\"Sequence\": {\"id\": \"%c\", \"type_id\": %d}}", k || mark[0] >= 0 ? ", " : "", 'A' + k,
                       k);
            if (mark[1] >= 0) {
                buf_puts(b, ", {\"SpecialToken\": {\"id\": ");
                put_piece(t, mark[1], b);
                buf_printf(b, ", \"type_id\": %d}}", k);
            }
        }
        buf_puts(b, "]");
    }
    buf_puts(b, ", \"special_tokens\": {");
    for (int i = 0; i < 2; i++)
        if (mark[i] >= 0 && !(i && mark[0] == mark[1])) {
            buf_puts(b, n++ ? ", " : "");
            put_piece(t, mark[i], b);
            buf_puts(b, ": {\"id\": ");
            put_piece(t, mark[i], b);
            buf_printf(b, ", \"ids\": [%lld], \"tokens\": [", (long long)mark[i]);
            put_piece(t, mark[i], b);
            buf_puts(b, "]}");
        }
    buf_puts(b, "}},\n");
}

static void put_ids(const struct tok *t, struct buf *b)
{
    for (uint32_t id = 0; id < tok_vocab(t); id++) {
        buf_puts(b, id ? ",\n      " : "\n      ");
        put_piece(t, id, b);
        buf_printf(b, ": %u", id);
    }
}

static void put_unigram(const struct tok *t, struct buf *b)
{
    buf_printf(b,
               "  \"model\": {\n    \"type\": \"Unigram\", \"unk_id\": %lld, \"byte_fallback\": %s,\n    \"vocab\": [",
               (long long)tok_unk(t), t->byte_fallback ? "true" : "false");
    for (uint32_t id = 0; id < tok_vocab(t); id++) {
        buf_puts(b, id ? ",\n      [" : "\n      [");
        put_piece(t, id, b);
        buf_printf(b, ", %.17g]", t->piece[id].score);
    }
    buf_puts(b, "\n    ]\n  }\n}\n");
}

static void put_wordpiece(const struct tok *t, struct buf *b)
{
    buf_puts(b, "  \"model\": {\n    \"type\": \"WordPiece\", \"unk_token\": ");
    if (tok_unk(t) >= 0)
        put_piece(t, tok_unk(t), b);
    else
        buf_puts(b, "\"[UNK]\"");
    buf_puts(b, ", \"continuing_subword_prefix\": \"##\", \"max_input_chars_per_word\": 100,\n    \"vocab\": {");
    put_ids(t, b);
    buf_puts(b, "\n    }\n  }\n}\n");
}

static void put_model(const struct tok *t, struct buf *b)
{
    int spm = tok_kind(t) == TOK_SPM;

    if (tok_kind(t) == TOK_UGM) {
        put_unigram(t, b);
        return;
    }
    if (tok_kind(t) == TOK_WPM) {
        put_wordpiece(t, b);
        return;
    }
    buf_puts(b, "  \"model\": {\n    \"type\": \"BPE\", \"dropout\": null, \"unk_token\": ");
    if (spm && tok_unk(t) >= 0)
        put_piece(t, tok_unk(t), b);
    else
        buf_puts(b, "null");
    buf_printf(
        b,
        ", \"continuing_subword_prefix\": null, \"end_of_word_suffix\": null, \"fuse_unk\": %s, \"byte_fallback\": %s, "
        "\"ignore_merges\": %s,\n    \"vocab\": {",
        spm ? "true" : "false", spm && tok_find(t, "<0x00>", 6) != TOK_NONE ? "true" : "false",
        t->ignore_merges ? "true" : "false");
    put_ids(t, b);
    buf_puts(b, "\n    },\n");
    make_hf_merges(t, b);
    buf_puts(b, "  }\n}\n");
}

void make_hf_tokenizer(const struct tok *t, struct buf *out)
{
    buf_puts(out, "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n");
    put_added(t, out);
    if (tok_kind(t) == TOK_SPM)
        put_spm_steps(t, out);
    else if (tok_kind(t) == TOK_BPE)
        put_bpe_steps(t, out);
    else if (tok_kind(t) == TOK_UGM)
        put_ugm_steps(t, out);
    else
        put_wpm_steps(out);
    put_template(t, out);
    put_model(t, out);
}

static void put_token(const struct tok *t, const char *key, int64_t id, struct buf *b)
{
    if (id < 0)
        return;
    buf_printf(b, "  \"%s\": ", key);
    put_piece(t, id, b);
    buf_puts(b, ",\n");
}

/* transformers' class: the one that takes tokenizer.json as it is. LlamaTokenizer puts its own rules for spaces in its
 * place ("  two", and no space before a Gemma's text). */
static const char *class_of(const struct tok *t)
{
    return tok_kind(t) == TOK_WPM ? "BertTokenizer" : "PreTrainedTokenizerFast";
}

void make_hf_tokenizer_config(const struct tok *t, const char *template, size_t n, struct buf *out)
{
    buf_printf(out, "{\n  \"add_bos_token\": %s,\n  \"add_eos_token\": %s,\n", tok_add_bos(t) ? "true" : "false",
               tok_add_eos(t) ? "true" : "false");
    put_token(t, "bos_token", tok_bos(t), out);
    put_token(t, "eos_token", tok_eos(t), out);
    put_token(t, "unk_token", tok_unk(t), out);
    put_token(t, "pad_token", tok_pad(t), out);
    if (template) {
        buf_puts(out, "  \"chat_template\": ");
        json_put_string(out, template, n);
        buf_puts(out, ",\n");
    }
    if (tok_kind(t) == TOK_WPM) {
        put_token(t, "cls_token", tok_bos(t), out);
        put_token(t, "sep_token", tok_eos(t), out);
    }
    buf_printf(out, "  \"clean_up_tokenization_spaces\": false,\n  \"tokenizer_class\": \"%s\"\n}\n", class_of(t));
}
