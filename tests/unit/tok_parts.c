/* tok: a tokenizer taken apart and put together again, as GGUF does, and one of llama2.c, give the ids of the first. */
#include "tok/tok.h"

#include <stdlib.h>

#include "base/io.h"
#include "tests/unit/check.h"

#define HARD "  The \xe6\x97\xa5\xe2\x96\x81 it's  12345\n\n\t\xff <tok>we'LL whale Ish<s>\xf0\x9f\x98\x80\r\n "

static struct buf slurp(const char *path)
{
    struct buf b = {0};
    struct err e;

    if (io_slurp(path, 1 << 26, &b, &e) < 0)
        printf("%s\n", e.msg);
    return b;
}

static struct tok *open_path(const char *path)
{
    struct tok_files f = {0};
    struct err e = {""};
    struct tok *t;

    *(strstr(path, ".json") ? &f.json : &f.model) = slurp(path);
    t = tok_open(&f, &e);
    CHECK_STR(e.msg, "");
    buf_free(&f.json);
    buf_free(&f.model);
    return t;
}

static void same_ids(const struct tok *a, const struct tok *b, const char *text, size_t n)
{
    struct tok_ids x = {0}, y = {0};

    CHECK(tok_encode(a, text, n, 0, &x, NULL) == 0 && tok_encode(b, text, n, 0, &y, NULL) == 0);
    CHECK(x.n == y.n && x.n && memcmp(x.id, y.id, x.n * sizeof *x.id) == 0);
    free(x.id);
    free(y.id);
}

static void both(const struct tok *a, const struct tok *b)
{
    struct buf prose = slurp("pipelines/brook/prose.test.txt");

    same_ids(a, b, (char *)prose.data, prose.len);
    same_ids(a, b, HARD, sizeof HARD - 1);
    CHECK(tok_kind(a) == tok_kind(b) && tok_vocab(a) == tok_vocab(b) && tok_bos(a) == tok_bos(b) &&
          tok_eos(a) == tok_eos(b));
    CHECK_STR(tok_pre(a), tok_pre(b));
    buf_free(&prose);
}

/* The arrays of a tokenizer; all end with it but the lists themselves. */
static struct tok_parts take_apart(const struct tok *t)
{
    uint32_t n = tok_vocab(t);
    const char **text = mem_new(n, sizeof *text), **merge = mem_new(tok_merges(t), sizeof *merge);
    size_t *len = mem_new(n, sizeof *len);
    float *score = mem_new(n, sizeof *score);
    int32_t *type = mem_new(n, sizeof *type);

    for (uint32_t i = 0; i < n; i++) {
        text[i] = tok_piece(t, i, &len[i]);
        score[i] = tok_score(t, i);
        type[i] = tok_type(t, i);
    }
    for (size_t i = 0; i < tok_merges(t); i++)
        merge[i] = tok_merge(t, i);
    return (struct tok_parts){.kind = tok_kind(t),
                              .n = n,
                              .text = text,
                              .len = len,
                              .score = score,
                              .type = type,
                              .merges = tok_merges(t),
                              .merge = merge,
                              .pre = tok_pre(t),
                              .bos = tok_bos(t),
                              .eos = tok_eos(t),
                              .unk = tok_unk(t),
                              .pad = tok_pad(t),
                              .add_bos = tok_add_bos(t),
                              .add_eos = tok_add_eos(t),
                              .space_prefix = tok_space_prefix(t),
                              .trim_spaces = tok_trim_spaces(t)};
}

static void parts_free(struct tok_parts *p)
{
    free((void *)p->text);
    free((void *)p->len);
    free((void *)p->score);
    free((void *)p->type);
    free((void *)p->merge);
}

static void there_and_back(const char *path)
{
    struct tok *a = open_path(path), *b;
    struct tok_parts p = take_apart(a);
    struct err e = {""};

    b = tok_from_parts(&p, &e);
    CHECK_STR(e.msg, "");
    if (b)
        both(a, b);
    tok_close(b);
    parts_free(&p);
    tok_close(a);
}

/* A user-defined token of a GGUF is cut out, and what follows begins with a space, as in llama.cpp; in SentencePiece it
 * is a piece of the text. */
static void user_defined(void)
{
    struct tok *a = open_path("tests/vectors/tok/spm-symbols.model"), *b;
    struct tok_parts p = take_apart(a);
    struct tok_ids whole = {0}, parts = {0};
    struct err e = {""};

    CHECK((b = tok_from_parts(&p, &e)));
    CHECK(tok_encode(b, "whale<tok>fish", 14, 0, &whole, NULL) == 0 && tok_encode(b, "whale", 5, 0, &parts, NULL) == 0);
    CHECK(tok_encode(b, "<tok>", 5, 0, &parts, NULL) == 0 && tok_encode(b, "fish", 4, 0, &parts, NULL) == 0);
    CHECK(whole.n == parts.n && memcmp(whole.id, parts.id, whole.n * sizeof *whole.id) == 0);
    free(whole.id);
    free(parts.id);
    tok_close(b);
    parts_free(&p);
    tok_close(a);
}

static void put32(struct buf *b, const void *p)
{
    buf_add(b, p, 4); /* the tests' machines are little-endian */
}

/* tokenizer.bin of brook as llama2.c's export writes it. */
static struct buf llama2c(const struct tok *t)
{
    struct buf b = {0};
    int32_t longest = 27;

    put32(&b, &longest);
    for (uint32_t id = 0; id < tok_vocab(t); id++) {
        size_t n;
        const char *s = tok_piece(t, id, &n), *hit;
        float score = tok_score(t, id);
        struct buf text = {0};
        int32_t len;

        for (; (hit = strstr(s, "\xe2\x96\x81")); s = hit + 3) {
            buf_add(&text, s, (size_t)(hit - s));
            buf_puts(&text, " ");
        }
        buf_printf(&text, id == 1 || id == 2 ? "\n%s\n" : "%s", s);
        len = (int32_t)text.len;
        put32(&b, &score);
        put32(&b, &len);
        buf_add(&b, text.data, text.len);
        buf_free(&text);
    }
    return b;
}

static void bin(void)
{
    struct tok *a = open_path("pipelines/brook/model/tokenizer.model"), *b;
    struct buf file = llama2c(a);
    struct err e = {""};

    b = tok_open_llama2c(file.data, file.len, 4096, &e);
    CHECK_STR(e.msg, "");
    if (b)
        both(a, b);
    tok_close(b);
    CHECK(!tok_open_llama2c(file.data, file.len, 4097, &e));
    CHECK_STR(e.msg, "4096 pieces, the model has 4097");
    CHECK(!tok_open_llama2c(file.data, file.len - 1, 0, &e));
    CHECK(!tok_open_llama2c(file.data, 3, 0, &e));
    CHECK_STR(e.msg, "3 bytes are no tokenizer.bin");
    memset(file.data + 8, 0xff, 4);
    CHECK(!tok_open_llama2c(file.data, file.len, 0, &e));
    CHECK(strstr(e.msg, "offset 12: piece 0 has 4294967295 bytes, "));
    buf_free(&file);
    tok_close(a);
}

static void refusals(void)
{
    const char *text[] = {"a", "b"};
    size_t len[] = {1, 1};
    float score[] = {0, NAN};
    struct tok_parts p = {.kind = TOK_SPM, .n = 2, .text = text, .len = len, .bos = 2, .eos = -1, .unk = 0, .pad = -1};
    struct err e;

    CHECK(!tok_from_parts(&p, &e));
    CHECK_STR(e.msg, "bos is 2, not below 2");
    p.bos = -1;
    CHECK(!tok_from_parts(&p, &e));
    CHECK_STR(e.msg, "there are no scores");
    p.score = score;
    CHECK(!tok_from_parts(&p, &e));
    CHECK_STR(e.msg, "piece 1 has a score that is not a number");
    score[1] = 0;
    p.add_bos = 1;
    CHECK(!tok_from_parts(&p, &e));
    CHECK_STR(e.msg, "bos is to be added, but not given");
    p.kind = TOK_BPE;
    p.add_bos = 0;
    p.pre = "viking";
    CHECK(!tok_from_parts(&p, &e));
    CHECK_STR(e.msg, "pre-tokenizer \"viking\" is not known");
    p.kind = 5;
    CHECK(!tok_from_parts(&p, &e));
    CHECK_STR(e.msg, "tokenizer of kind 5");
}

int main(void)
{
    there_and_back("pipelines/brook/model/tokenizer.model");
    there_and_back("pipelines/brook/model/tokenizer.json");
    there_and_back("tests/vectors/tok/spm-bytes.model");
    user_defined();
    there_and_back("tests/vectors/tok/spm-spaces.model");
    there_and_back("tests/vectors/tok/gpt2.json");
    there_and_back("tests/vectors/tok/qwen2.json");
    there_and_back("tests/vectors/tok/llama3.json");
    there_and_back("tests/vectors/tok/smollm.json");
    bin();
    refusals();
    return DONE();
}
