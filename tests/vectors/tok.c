/* tok: ids of hard texts, as SentencePiece and a plain reference in Python give them (tok_make.py). Run from the root.
 * */
#include "tok/tok.h"

#include <stdlib.h>

#include "base/io.h"
#include "tests/unit/check.h"

#define FOLDER "tests/vectors/tok/"

static struct buf slurp(const char *path)
{
    struct buf b = {0};
    struct err e;

    if (io_slurp(path, 1 << 26, &b, &e) < 0)
        printf("%s\n", e.msg);
    return b;
}

struct named {
    char name[32];
    struct tok *t;
};

/* The tokenizer of a name: FOLDER/name.model or .json, or brook's; opened once. */
static const struct tok *find(const char *name)
{
    static struct named all[32];
    struct named *a = all;
    struct tok_files f = {0};
    char *path = !strcmp(name, "brook") ? mem_strdup("pipelines/brook/model/tokenizer.model")
                                        : mem_printf(FOLDER "%s.%s", name, strncmp(name, "spm-", 4) ? "json" : "model");
    struct err e = {""};

    while (a->name[0] && strcmp(a->name, name))
        a++;
    if (!a->name[0]) {
        *(strstr(path, ".json") ? &f.json : &f.model) = slurp(path);
        snprintf(a->name, sizeof a->name, "%s", name);
        a->t = tok_open(&f, &e);
        CHECK_STR(e.msg, "");
        buf_free(&f.json);
        buf_free(&f.model);
    }
    free(path);
    return a->t;
}

static void text_set(struct buf *text, const char *hex)
{
    unsigned byte;

    text->len = 0;
    for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
        buf_add(text, &(uint8_t){(uint8_t)byte}, 1);
}

/* Read "12 7x3" as 12 7 7 7. */
static struct tok_ids ids_read(char *s)
{
    struct tok_ids ids = {0};

    while (*s) {
        unsigned long id = strtoul(s, &s, 10), n = *s == 'x' ? strtoul(s + 1, &s, 10) : 1;

        ids.id = mem_resize(ids.id, ids.n + n, sizeof *ids.id);
        while (n--)
            ids.id[ids.n++] = (uint32_t)id;
        s += *s == ' ';
    }
    return ids;
}

static void compare(const char *name, char *want_text, const struct buf *text, int line)
{
    const struct tok *t = find(name);
    struct tok_ids want = ids_read(want_text), got = {0};
    struct err e = {""};
    int same;

    if (!t)
        return;
    CHECK(tok_encode(t, (char *)text->data, text->len, 0, &got, &e) == 0);
    same = got.n == want.n && (!got.n || memcmp(got.id, want.id, got.n * sizeof *got.id) == 0);
    CHECK(same);
    if (!same)
        printf("%s, line %d of ids.tsv: %zu ids, wanted %zu: %s\n", name, line, got.n, want.n, e.msg);
    for (size_t i = 0; !same && i < got.n && i < 20; i++)
        printf("%u ", got.id[i]);
    free(want.id);
    free(got.id);
}

static void names(void)
{
    CHECK_STR(tok_pre(find("gpt2")), "gpt-2");
    CHECK_STR(tok_pre(find("qwen2")), "qwen2");
    CHECK_STR(tok_pre(find("llama3")), "llama-bpe");
    CHECK_STR(tok_pre(find("smollm")), "smollm");
    CHECK(tok_pre(find("prefix")) == NULL);
    CHECK(tok_kind(find("gpt2")) == TOK_BPE && tok_merges(find("gpt2")) == 150);
    CHECK_STR(tok_merge(find("gpt2"), 0), tok_merge(find("llama3"), 0));
}

int main(void)
{
    struct buf file = slurp(FOLDER "ids.tsv"), text = {0};
    int line = 0, seen = 0;

    buf_str(&file);
    for (char *s = (char *)file.data, *end; file.len && *s; s = end) {
        char *tab = strchr(s, '\t');

        end = strchr(s, '\n');
        line++;
        if (!tab || !end || tab > end)
            break;
        *tab = *end++ = '\0';
        if (!strcmp(s, "text"))
            text_set(&text, tab + 1);
        else
            compare(s, tab + 1, &text, line), seen++;
    }
    CHECK(seen >= 300);
    names();
    buf_free(&file);
    buf_free(&text);
    return DONE();
}
