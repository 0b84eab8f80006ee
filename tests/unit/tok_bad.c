/* tok: files that are wrong, or ask for what is not known, are refused by one clause that names it; no truncation is
 * accepted. */
#include "tok/tok.h"

#include <stdlib.h>

#include "base/io.h"
#include "tests/unit/check.h"

static void open_refuses(int json, const char *bytes, size_t n, const char *clause)
{
    struct tok_files f = {0};
    struct err e = {""};
    struct tok *t;

    *(json ? &f.json : &f.model) = (struct buf){.data = (uint8_t *)bytes, .len = n};
    t = tok_open(&f, &e);
    CHECK(!t);
    CHECK_STR(e.msg, clause);
    tok_close(t);
}

#define PROTO(bytes, clause) open_refuses(0, bytes, sizeof(bytes) - 1, "tokenizer.model: " clause)
#define BPE "\x12\x02\x18\x02"              /* trainer_spec { model_type: BPE } */
#define UNK "\x0a\x09\x0a\x05<unk>\x18\x02" /* pieces { piece: "<unk>" type: UNKNOWN } */

static void protos(void)
{
    PROTO("\x0a", "offset 1: the message ends within a number");
    PROTO("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
          "offset 11: field 1 has 18446744073709551615 bytes, 0 are left");
    PROTO("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "offset 11: a number of more than 64 bits");
    PROTO("\x0a\x05\x0a\x07"
          "abc",
          "offset 4: field 1 has 7 bytes, 3 are left");
    PROTO("\x0b\x0c", "offset 1: field 1 has wire type 3");
    PROTO("\x02", "offset 1: field number 0");
    PROTO("\x08\x01", "offset 2: a part of the model has wire type 0, not 2");
    PROTO("\x0a\x02\x15\x00", "offset 3: 4 bytes wanted, 1 left");
    PROTO("\x0a\x02\x18\x01", "piece 0 has no text");
    PROTO("\x0a\x03\x0a\x01\xff", "piece 0 is not UTF-8");
    PROTO("\x0a\x05\x0a\x01"
          "a\x18\x07",
          "piece 0 has type 7");
    PROTO("\x0a\x08\x0a\x01"
          "a\x15\x00\x00\xc0\x7f",
          "piece 0 has a score that is not a number");
    PROTO("\x0a\x03\x0a\x01"
          "a\x0a\x03\x0a\x01"
          "a",
          "piece \"a\" has ids 0 and 1");
    PROTO(UNK "\x12\x02\x18\x03", "the model is of type word, only unigram and BPE are known");
    PROTO(UNK "\x12\x02\x18\x09", "the model is of type beyond 4, only unigram and BPE are known");
    PROTO(UNK BPE "\x1a\x05\x12\x03"
                  "abc",
          "the character map is 3 bytes");
    PROTO(UNK BPE "\x1a\x0a\x12\x08\xff\x00\x00\x00"
                  "abcd",
          "the character map's trie has 255 bytes, of 4");
    PROTO(UNK BPE "\x1a\x0c\x12\x0a\x04\x00\x00\x00"
                  "abcd\xff\x00",
          "the character map's texts are not UTF-8 at byte 8");
    PROTO(UNK BPE "\x1a\x0b\x12\x09\x04\x00\x00\x00"
                  "abcde",
          "the character map's last text does not end");
    PROTO(UNK BPE "\x2a\x05\x12\x03"
                  "abc",
          "the denormalizer has a character map of 3 bytes; only an identity is known");
    PROTO(BPE, "there is no unknown piece among 0");
    PROTO(UNK "\x0a\x05\x0a\x01"
              "u\x18\x02" BPE,
          "pieces 0 and 1 are both the unknown piece");
    PROTO(UNK "\x12\x05\x18\x02\x98\x02\x01", "byte fallback is asked for, but there is no piece \"<0x00>\"");
}

#define JSON(text, clause) open_refuses(1, text, sizeof(text) - 1, "tokenizer.json: " clause)
#define LEVEL "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false}"
#define VOCAB "\"vocab\":{\"a\":0,\"b\":1,\"ab\":2}"
#define MODEL(rest) "{" LEVEL ",\"model\":{\"type\":\"BPE\"," rest "}}"
#define ADDED(token) "{\"added_tokens\":[" token "]," LEVEL ",\"model\":{" VOCAB ",\"merges\":[]}}"
#define PRE(steps) "{\"pre_tokenizer\":" steps ",\"model\":{" VOCAB ",\"merges\":[]}}"
#define SPLIT(pattern) PRE("{\"type\":\"Split\",\"pattern\":{\"Regex\":\"" pattern "\"},\"behavior\":\"Isolated\"}")

static void models(void)
{
    JSON("{\"a\":", "line 1, column 6: parse error: premature EOF");
    JSON("[]", "the text is no object");
    JSON("{\"extra\":1}", "member \"extra\" is not known");
    JSON("{" LEVEL "}", "there is no model");
    JSON(MODEL("\"merges\":[]"), "model has no vocab");
    JSON(MODEL(VOCAB), "model has no merges");
    JSON("{" LEVEL ",\"model\":{\"type\":\"WordLevel\"}}",
         "model is of type \"WordLevel\"; BPE, WordPiece and Unigram are known");
    JSON("{" LEVEL ",\"model\":{\"type\":\"Unigram\"}}", "model has no vocab");
    JSON("{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",0],[\"b\"]]}}",
         "vocab: element 1 is no pair of a text and a score");
    JSON("{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",0]],\"unk_id\":1}}", "unk_id is 1, of 1 pieces");
    JSON("{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",0]]}}", "model has no unk_id");
    JSON(MODEL("\"dropout\":0.1"), "model: member \"dropout\" is set, which is not known");
    JSON(MODEL("\"vocab\":{\"a\":-1}"), "vocab: the id of \"a\" is no whole number from 0 on");
    JSON(MODEL("\"vocab\":{\"a\":4000000000}"), "vocab: piece \"a\" has id 4000000000, among 1 pieces");
    JSON(MODEL("\"vocab\":{\"a\":0,\"b\":0}"), "vocab: id 0 is \"a\" and \"b\"");
    JSON(MODEL("\"vocab\":{\"a\":0,\"a\":1}"), "line 1, column 104: key \"a\" is there twice");
    JSON(MODEL(VOCAB ",\"merges\":[\"a b\",\"a\"]"), "merge 1 is no pair of two texts");
    JSON(MODEL(VOCAB ",\"merges\":[\"a b c\"]"), "merge 0 is no pair of two texts");
    JSON(MODEL(VOCAB ",\"merges\":[[\"a\"]]"), "merge 0 is no pair of two texts");
    JSON(MODEL(VOCAB ",\"merges\":[\"a c\"]"), "merge 0, \"a\" and \"c\": the second is not in the vocabulary");
    JSON(MODEL(VOCAB ",\"merges\":[[\"b\",\"a\"]]"),
         "merge 0, \"b\" and \"a\": the two joined are not in the vocabulary");
    JSON(MODEL(VOCAB ",\"merges\":[\"a b\",\"a b\"]"), "merge 1, \"a\" and \"b\", is there twice");
    JSON(MODEL(VOCAB ",\"merges\":[],\"unk_token\":\"u\""), "unk_token \"u\" is not in the vocabulary");
}

static void added(void)
{
    JSON(ADDED("{\"id\":9}"), "an added token has no id or no content");
    JSON(ADDED("{\"id\":1,\"content\":\"a\"}"), "added token \"a\" has ids 0 and 1");
    JSON(ADDED("{\"id\":1,\"content\":\"x\"}"), "added token: id 1 is \"b\" and \"x\"");
    JSON("{\"post_processor\":{\"type\":\"BertProcessing\",\"cls\":1},\"model\":{" VOCAB ",\"merges\":[]}}",
         "BertProcessing: a token without a name");
    JSON("{" LEVEL ",\"post_processor\":{\"type\":\"Bert\"},\"model\":{" VOCAB ",\"merges\":[]}}",
         "post_processor \"Bert\" is not known");
}

static void steps(void)
{
    JSON(PRE("{\"type\":\"UnicodeScripts\"}"), "pre_tokenizer \"UnicodeScripts\" is not known");
    JSON(PRE("{\"type\":\"Metaspace\",\"replacement\":\"_\"}"),
         "pre_tokenizer Metaspace: replacement \"_\" is not known");
    JSON(PRE("{\"type\":\"ByteLevel\",\"new\":1}"), "pre_tokenizer ByteLevel: ByteLevel: member \"new\" is not known");
    JSON(PRE("{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Kept\"}"),
         "pre_tokenizer Split: behavior \"Kept\" is not known");
    JSON(PRE("{\"type\":\"Split\",\"pattern\":{\"String\":\"\"},\"behavior\":\"Removed\"}"),
         "pre_tokenizer Split: a pattern that is a Regex or a String is needed");
    JSON(SPLIT("^a"), "pre_tokenizer Split: byte 0 of the pattern: ^ is not known here");
    JSON(SPLIT("[a[^b]]"), "pre_tokenizer Split: byte 2 of the pattern: [^ is not known here");
    JSON(SPLIT("[a&&b]"), "pre_tokenizer Split: byte 2 of the pattern: && is not known here");
    JSON(SPLIT("[\\\\W]"), "pre_tokenizer Split: byte 1 of the pattern: \\W is not known here");
    JSON(SPLIT("a{1,2}+"), "pre_tokenizer Split: byte 5 of the pattern: }+ is not known here");
    JSON(SPLIT("\\\\h"), "pre_tokenizer Split: byte 0 of the pattern: \\h is not known here");
    JSON(SPLIT("(?<n>a)"), "pre_tokenizer Split: byte 0 of the pattern: (?<n is not known here");
    JSON(SPLIT("(a"), "pre_tokenizer Split: the pattern \"(a\": missing closing parenthesis");
    JSON("{\"normalizer\":{\"type\":\"Nmt\"}}", "normalizer \"Nmt\" is not known");
    JSON("{\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"\"}}",
         "normalizer Replace: a pattern and content are needed");
    JSON("{\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"a-b\"}}",
         "normalizer Precompiled: byte 1 of precompiled_charsmap is no base64");
}

/* A byte without a piece is dropped and counted; a pattern that never ends is an error of encoding, and the ids stay as
 * they were. */
static void encoding(void)
{
    static const char model[] =
        "{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":"
        "{\"Regex\":\"(a+b?)+[cd]\"},\"behavior\":\"Isolated\"},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
        "\"use_regex\":false}]},\"model\":{" VOCAB ",\"merges\":[\"a b\"]}}";
    struct tok_files f = {.json = {.data = (uint8_t *)model, .len = sizeof model - 1}};
    struct err e = {""};
    struct tok *t = tok_open(&f, &e);
    struct tok_ids ids = {0};
    char many[64];

    CHECK_STR(e.msg, "");
    CHECK(t && tok_encode(t, "abba", 4, 0, &ids, &e) == 0 && ids.n == 3 && ids.id[0] == 2 && ids.id[1] == 1 &&
          ids.id[2] == 0);
    CHECK(t && tok_encode(t, "xaxbx xaxbx", 11, 0, &ids, &e) == 0 && ids.n == 5 && ids.id[3] == 2 && ids.id[4] == 2 &&
          ids.dropped == 7);
    memset(many, 'a', sizeof many);
    CHECK(t && tok_encode(t, many, sizeof many, 0, &ids, &e) < 0 && ids.n == 5 && ids.dropped == 7);
    CHECK_STR(e.msg, "the split pattern fails at byte 0: match limit exceeded");
    CHECK(t && tok_decode(t, (uint32_t[]){0, 3}, 2, &(struct buf){0}, &e) < 0);
    CHECK_STR(e.msg, "id 3 at 1 is not below 3");
    free(ids.id);
    tok_close(t);
}

/* Every proper prefix of a tokenizer.json is refused; one of a tokenizer.model may be whole, but never without a clause
 * or crash. */
static void truncations(void)
{
    struct buf json = {0}, model = {0};
    struct err e;

    CHECK(io_slurp("tests/vectors/tok/gpt2.json", 1 << 20, &json, &e) == 0);
    CHECK(io_slurp("tests/vectors/tok/spm-symbols.model", 1 << 20, &model, &e) == 0);
    for (size_t n = 0; n < json.len; n += 37) {
        struct tok_files f = {.json = {.data = json.data, .len = n}};

        CHECK(!tok_open(&f, &e));
    }
    for (size_t n = 0; n < model.len; n++) {
        struct tok_files f = {.model = {.data = model.data, .len = n}};
        struct tok *t;

        e.msg[0] = '\0';
        t = tok_open(&f, &e);
        CHECK(!t == (e.msg[0] != '\0'));
        tok_close(t);
    }
    buf_free(&json);
    buf_free(&model);
}

/* A small tokenizer that makes of each "a" 40, then of each of these 40 and so on, is stopped after 64 bytes for each
 * of the text and 64 KiB. */
static void growth(void)
{
    struct buf b = {0};
    struct tok_ids ids = {0};
    struct err e = {""};
    struct tok *t;

    buf_puts(&b, "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[");
    for (int i = 0; i < 15; i++)
        buf_printf(&b,
                   "%s{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":"
                   "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
                   i ? "," : "");
    buf_puts(&b, "]}," LEVEL ",\"model\":{" VOCAB ",\"merges\":[]}}");
    t = tok_open(&(struct tok_files){.json = b}, &e);
    CHECK_STR(e.msg, "");
    CHECK(t && tok_encode(t, "a", 1, 0, &ids, &e) < 0 && ids.n == 0);
    CHECK_STR(e.msg, "the normalizer makes more than 65600 bytes of the text");
    free(ids.id);
    tok_close(t);
    buf_free(&b);
}

/* What a post-processor puts before a text: several tokens too; add_bos_token takes it away. */
static void begins(void)
{
    static const char json[] =
        "{" LEVEL ",\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"b\"}},"
        "{\"SpecialToken\":{\"id\":\"ab\"}},{\"Sequence\":{\"id\":\"A\"}},{\"SpecialToken\":{\"id\":\"a\"}}]},"
        "\"model\":{" VOCAB ",\"merges\":[]}}";
    static const char off[] = "{\"add_bos_token\":false,\"eos_token\":null}",
                      bert[] = "{\"post_processor\":{\"type\":\"BertProcessing\",\"sep\":[\"b\",1],"
                               "\"cls\":[\"a\",0]},\"model\":{" VOCAB ",\"merges\":[]}}";
    struct tok_files f = {.json = {(uint8_t *)json, sizeof json - 1, 0}};
    struct tok_ids ids = {0};
    struct err e = {""};
    struct tok *t = tok_open(&f, &e);

    CHECK_STR(e.msg, "");
    tok_begin(t, &ids);
    CHECK(ids.n == 2 && ids.id[0] == 1 && ids.id[1] == 2 && tok_add_bos(t) && tok_bos(t) == 1 && tok_eos(t) == 0 &&
          tok_add_eos(t));
    tok_close(t);
    f.config = (struct buf){(uint8_t *)off, sizeof off - 1, 0};
    t = tok_open(&f, &e);
    tok_begin(t, &ids);
    CHECK(ids.n == 2 && !tok_add_bos(t) && tok_bos(t) == 1);
    tok_close(t);
    t = tok_open(&(struct tok_files){.json = {(uint8_t *)bert, sizeof bert - 1, 0}}, &e);
    CHECK_STR(e.msg, "");
    tok_begin(t, &ids);
    CHECK(ids.n == 3 && ids.id[2] == 0 && tok_bos(t) == 0 && tok_eos(t) == 1);
    tok_close(t);
    free(ids.id);
}

int main(void)
{
    protos();
    models();
    added();
    steps();
    encoding();
    growth();
    begins();
    truncations();
    return DONE();
}
