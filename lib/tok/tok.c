#include "tok/tok.h"

#include <stdlib.h>
#include <string.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "tok/tok_int.h"

/* ---- open and close ---- */

/* Id of a named special token, or -1 when it is not named or, for names that are only customary, not there. */
static int64_t named(const struct tok *t, const char *name)
{
    uint32_t id = name ? tok_find(t, name, strlen(name)) : TOK_NONE;

    return id == TOK_NONE ? -1 : (int64_t)id;
}

static int files_read(struct tok *t, const struct tok_files *f, struct err *e)
{
    if (!f->model.len && !f->json.len)
        return err_set(e, "there is neither tokenizer.model nor tokenizer.json");
    if (f->model.len) {
        if (tok_proto_read(t, f->model.data, f->model.len, e) < 0)
            return err_in(e, "tokenizer.model");
        t->add_bos = named(t, t->bos_text) >= 0; /* as Llama's tokenizers do where no config says otherwise */
    } else if (tok_json_read(t, f->json.data, f->json.len, e) < 0) {
        return err_in(e, "tokenizer.json");
    }
    if (f->model.len && f->json.len && tok_added_read(t, f->json.data, f->json.len, e) < 0)
        return err_in(e, "tokenizer.json");
    if (f->added.len && tok_atj_read(t, f->added.data, f->added.len, e) < 0)
        return err_in(e, "added_tokens.json");
    if (f->config.len && tok_config_read(t, f->config.data, f->config.len, e) < 0)
        return err_in(e, "tokenizer_config.json");
    return 0;
}

/* Tokens that the config added join those searched for; ids and holes are settled. */
static int settle(struct tok *t, struct err *e)
{
    struct tok_cuts *where = t->sp ? &t->symbols : &t->added;

    if (t->sp)
        for (size_t i = 0; i < t->added.n; i++)
            tok_cuts_add(where, t->added.id[i]);
    if (t->sp)
        t->added.n = 0;
    tok_cuts_sort(t, where);
    tok_fill_holes(t);
    tok_specials(t);
    if (t->kind == TOK_SPM && !t->by_score)
        tok_rank_scores(t);
    t->bos = named(t, t->bos_text);
    t->eos = named(t, t->eos_text);
    t->pad = named(t, t->pad_text);
    if (t->add_bos && t->bos < 0)
        return err_set(e, "bos \"%.200s\" is to be added, but is not in the vocabulary", t->bos_text ? t->bos_text : "");
    if (t->add_eos && t->eos < 0)
        return err_set(e, "eos \"%.200s\" is to be added, but is not in the vocabulary", t->eos_text ? t->eos_text : "");
    return 0;
}

void tok_specials(struct tok *t)
{
    for (size_t i = 0; i < t->added.n; i++)
        tok_cuts_add(&t->special, t->added.id[i]);
    for (uint32_t id = 0; id < t->n; id++)
        if (t->piece[id].type == TOK_CONTROL && t->piece[id].len)
            tok_cuts_add(&t->special, id);
    tok_cuts_sort(t, &t->special);
}

struct tok *tok_empty(void)
{
    struct tok *t = mem_new(1, sizeof *t);

    t->bos = t->eos = t->unk = t->pad = -1;
    memset(t->byte_id, 0xff, sizeof t->byte_id);
    return t;
}

struct tok *tok_open(const struct tok_files *f, struct err *e)
{
    struct tok *t = tok_empty();

    if (files_read(t, f, e) == 0 && settle(t, e) == 0)
        return t;
    tok_close(t);
    return NULL;
}

void tok_close(struct tok *t)
{
    if (!t)
        return;
    for (int i = 0; i < t->norms; i++) {
        free(t->norm[i].from);
        free(t->norm[i].to);
    }
    for (int i = 0; i < t->splits; i++)
        tok_regex_free(t->split[i].re);
    buf_free(&t->text);
    buf_free(&t->merge_text);
    free(t->piece);
    free(t->map.slot);
    free(t->order);
    free(t->pairs.slot);
    free(t->merge_at);
    free(t->added.id);
    free(t->special.id);
    free(t->symbols.id);
    free(t->bos_text);
    free(t->eos_text);
    free(t->pad_text);
    free(t);
}

/* ---- encode ---- */

void tok_run_free(struct tok_run *r)
{
    buf_free(&r->text);
    buf_free(&r->spare);
    free(r->sym);
    free(r->heap);
    free(r->word);
    free(r->halves);
    pcre2_match_data_free(r->match);
    pcre2_match_context_free(r->context);
    pcre2_jit_stack_free(r->stack);
}

static int segment(struct tok_run *r, const char *s, size_t n)
{
    return r->t->kind == TOK_BPE ? tok_bpe_segment(r, s, n) : tok_spm_segment(r, s, n);
}

/* Cut the text at added tokens, leftmost and longest first, and encode what lies between. */
static int segments(struct tok_run *r, const struct tok_cuts *cuts, const char *s, size_t n)
{
    const struct tok *t = r->t;
    size_t done = 0;

    r->first = true;
    for (size_t i = 0; cuts->n && i < n;) {
        uint32_t id = tok_cuts_find(t, cuts, s + i, n - i);

        if (id == TOK_NONE) {
            i++;
            continue;
        }
        if (i > done && segment(r, s + done, i - done) < 0)
            return -1;
        tok_ids_add(r->out, id);
        done = i += t->piece[id].len;
        r->first = false;
    }
    return done < n ? segment(r, s + done, n - done) : 0;
}

void tok_begin(const struct tok *t, struct tok_ids *out)
{
    if (t->add_bos && t->bos >= 0)
        tok_ids_add(out, (uint32_t)t->bos);
}

int tok_encode(const struct tok *t, const char *text, size_t n, int special, struct tok_ids *out, struct err *e)
{
    struct tok_run r = {.t = t, .out = out, .e = e};
    size_t before = out->n;
    int got;

    if (n > INT32_MAX)
        return err_set(e, "the text is %zu bytes, more than %d", n, INT32_MAX);
    got = segments(&r, special ? &t->special : &t->added, text, n);
    tok_run_free(&r);
    if (got < 0)
        out->n = before;
    return got;
}

/* ---- decode ---- */

/* Byte that each letter of the byte alphabet stands for, by code point; -1 for other letters. */
static void alphabet_inverse(int16_t byte[512])
{
    uint16_t code[256];

    tok_byte_alphabet(code);
    memset(byte, 0xff, 512 * sizeof *byte);
    for (int b = 0; b < 256; b++)
        byte[code[b]] = (int16_t)b;
}

/* Bytes of a piece in the byte alphabet; letters that are none of its stand for themselves. */
static void alphabet_decode(const int16_t byte[512], const char *s, size_t n, struct buf *out)
{
    while (n) {
        size_t len = tok_utf8(s, n);
        unsigned c = len == 1 ? (unsigned char)s[0] : len == 2 ? ((unsigned char)s[0] & 0x1fu) << 6 | ((unsigned char)s[1] & 0x3fu) : 511;

        if (c < 512 && byte[c] >= 0)
            buf_add(out, &(uint8_t){(uint8_t)byte[c]}, 1);
        else
            buf_add(out, s, len ? len : 1);
        s += len ? len : 1;
        n -= len ? len : 1;
    }
}

static void spaces_decode(const char *s, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n;) {
        bool space = n - i >= 3 && memcmp(s + i, TOK_SPACE, 3) == 0;

        buf_add(out, space ? " " : s + i, 1);
        i += space ? 3 : 1;
    }
}

static uint8_t byte_of(const struct tok *t, uint32_t id)
{
    int b = 0;

    while (b < 255 && t->byte_id[b] != id)
        b++;
    return (uint8_t)b;
}

static void piece_decode(const struct tok *t, const int16_t alphabet[512], uint32_t id, struct buf *out)
{
    const char *s = (const char *)t->text.data + t->piece[id].at;
    size_t n = t->piece[id].len;
    int type = t->piece[id].type;

    if (type == TOK_CONTROL)
        return;
    if (type == TOK_UNKNOWN)
        buf_puts(out, " \xe2\x81\x87 ");
    else if (type == TOK_BYTE)
        buf_add(out, &(uint8_t){byte_of(t, id)}, 1);
    else if (t->kind == TOK_SPM)
        spaces_decode(s, n, out);
    else if (type == TOK_USER_DEFINED)
        buf_add(out, s, n);
    else
        alphabet_decode(alphabet, s, n, out);
}

int tok_decode(const struct tok *t, const uint32_t *ids, size_t n, struct buf *out, struct err *e)
{
    size_t before = out->len;
    int16_t alphabet[512];

    for (size_t i = 0; i < n; i++)
        if (ids[i] >= t->n)
            return err_set(e, "id %u at %zu is not below %u", ids[i], i, t->n);
    alphabet_inverse(alphabet);
    for (size_t i = 0; i < n; i++)
        piece_decode(t, alphabet, ids[i], out);
    if (tok_space_prefix(t) && out->len > before && out->data[before] == ' ') {
        memmove(out->data + before, out->data + before + 1, out->len - before - 1);
        out->len--;
    }
    return 0;
}

/* ---- what a tokenizer is ---- */

int tok_kind(const struct tok *t)
{
    return t->kind;
}

uint32_t tok_vocab(const struct tok *t)
{
    return t->n;
}

int64_t tok_bos(const struct tok *t)
{
    return t->bos;
}

int64_t tok_eos(const struct tok *t)
{
    return t->eos;
}

int64_t tok_unk(const struct tok *t)
{
    return t->unk;
}

int64_t tok_pad(const struct tok *t)
{
    return t->pad;
}

int tok_add_bos(const struct tok *t)
{
    return t->add_bos;
}

int tok_add_eos(const struct tok *t)
{
    return t->add_eos;
}

int tok_space_prefix(const struct tok *t)
{
    return t->sp ? t->sp_prefix && !t->sp_suffix : t->prefix != TOK_PREFIX_NEVER;
}

int tok_trim_spaces(const struct tok *t)
{
    return t->sp && t->sp_trim;
}

const char *tok_piece(const struct tok *t, uint32_t id, size_t *len)
{
    *len = t->piece[id].len;
    return (const char *)t->text.data + t->piece[id].at;
}

float tok_score(const struct tok *t, uint32_t id)
{
    return t->kind == TOK_SPM ? t->piece[id].score : 0;
}

int tok_type(const struct tok *t, uint32_t id)
{
    return t->piece[id].type;
}

size_t tok_merges(const struct tok *t)
{
    return t->merges;
}

const char *tok_merge(const struct tok *t, size_t i)
{
    return (const char *)t->merge_text.data + t->merge_at[i];
}

const char *tok_pre(const struct tok *t)
{
    return t->pre;
}
