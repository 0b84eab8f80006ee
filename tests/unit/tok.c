/* tok: brook's two files give the ids that SentencePiece gives; what a tokenizer says of itself. Run from the root of
 * the tree. */
#include "tok/tok.h"

#include <stdlib.h>

#include "base/io.h"
#include "tests/unit/check.h"

#define BROOK "pipelines/brook/model/"

static struct buf slurp(const char *path)
{
    struct buf b = {0};
    struct err e;

    if (io_slurp(path, 1 << 26, &b, &e) < 0)
        printf("%s\n", e.msg);
    return b;
}

static struct tok *brook(int json)
{
    struct tok_files f = {.config = slurp(BROOK "tokenizer_config.json")};
    struct err e = {""};
    struct tok *t;

    *(json ? &f.json : &f.model) = slurp(json ? BROOK "tokenizer.json" : BROOK "tokenizer.model");
    t = tok_open(&f, &e);
    CHECK_STR(e.msg, "");
    buf_free(&f.json);
    buf_free(&f.model);
    buf_free(&f.config);
    return t;
}

/* Source: golden-tokens.json beside brook, made by sentencepiece 0.2. */
static void golden(const struct tok *t)
{
    static const char text[] =
        "The function returns a pointer to the first byte of the buffer, or NULL if the size is zero.\n"
        "for i in range(10): print(i)";
    static const uint32_t want[] = {372,  593,  1145, 263,  1869, 296,  270,  797, 2580, 292,  270,
                                    2039, 4020, 385,  1359, 484,  270,  1053, 309, 2060, 4017, 13,
                                    494,  1240, 291,  1656, 4026, 4037, 4027, 401, 1836};
    struct tok_ids ids = {0};
    struct buf back = {0};

    CHECK(tok_encode(t, text, sizeof text - 1, 0, &ids, NULL) == 0);
    CHECK(ids.n > 31 && memcmp(ids.id, want, sizeof want) == 0);
    CHECK(tok_decode(t, ids.id, ids.n, &back, NULL) == 0);
    CHECK_STR(buf_str(&back), text);
    free(ids.id);
    buf_free(&back);
}

/* Token counts of perplexity.tsv: a text without its last line break. */
static void count(const struct tok *t, const char *path, size_t want)
{
    struct buf b = slurp(path);
    struct tok_ids ids = {0};

    CHECK(b.len && tok_encode(t, (char *)b.data, b.len - 1, 0, &ids, NULL) == 0 && ids.n == want);
    free(ids.id);
    buf_free(&b);
}

static void itself(const struct tok *t, int json)
{
    size_t len;

    CHECK(tok_kind(t) == TOK_SPM && tok_vocab(t) == 4096);
    CHECK(tok_unk(t) == 0 && tok_bos(t) == 1 && tok_eos(t) == 2 && tok_pad(t) == -1);
    CHECK(tok_add_bos(t) == 1 && tok_add_eos(t) == 0 && tok_space_prefix(t) == 1 && tok_trim_spaces(t) == 0);
    CHECK_STR(tok_piece(t, 372, &len), "\xe2\x96\x81The");
    CHECK(len == 6);
    CHECK_STR(tok_piece(t, 13, &len), "<0x0A>");
    CHECK(tok_type(t, 0) == TOK_UNKNOWN && tok_type(t, 1) == TOK_CONTROL && tok_type(t, 13) == TOK_BYTE &&
          tok_type(t, 372) == TOK_NORMAL);
    CHECK((tok_merges(t) > 0) == json);
    CHECK_STR(tok_pre(t), "default");
}

int main(void)
{
    struct tok *a = brook(0), *b = brook(1);

    for (int json = 0; json < 2; json++) {
        const struct tok *t = json ? b : a;

        golden(t);
        itself(t, json);
        count(t, "pipelines/brook/prose.test.txt", 65414);
        count(t, "pipelines/brook/math.test.txt", 37379);
    }
    for (uint32_t id = 0; id < 4096; id++) {
        size_t n, m;
        const char *s = tok_piece(a, id, &n), *u = tok_piece(b, id, &m);

        CHECK(n == m && memcmp(s, u, n) == 0 && tok_type(a, id) == tok_type(b, id));
        CHECK(tok_score(a, id) == tok_score(b, id));
    }
    tok_close(a);
    tok_close(b);
    return DONE();
}
