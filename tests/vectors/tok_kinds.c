/*
 * tok_kinds: a tokenizer of every kind gives the ids of its own library for hard texts, read from its own file and from
 * the GGUF made of it (tok_kinds_make.py). Run from the root. A folder may be given, and then a table of what differs
 * is printed; a second one, which gets the GGUFs, headers that llama.cpp loads a vocabulary from.
 */
#include "tok/tok.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/io.h"
#include "ckpt/from_gguf.h"
#include "ckpt/to_gguf.h"
#include "tests/unit/check.h"

#define TEXTS 200

static struct buf text[TEXTS];
static int texts;
static const char *folder = "tests/vectors/tok_kinds", *keep;
static int shown;

static struct buf slurp(const char *name, const char *end)
{
    char *path = mem_printf("%s/%s%s", folder, name, end);
    struct buf b = {0};
    struct err e;

    if (io_slurp(path, 1 << 26, &b, &e) < 0)
        printf("%s\n", e.msg);
    free(path);
    return b;
}

static void texts_read(void)
{
    struct buf b = slurp("texts", ".txt");
    char *s = (char *)(buf_str(&b), b.data);

    for (char *end; b.len && (end = strchr(s, '\n')) && texts < TEXTS; s = end + 1, texts++)
        for (unsigned byte; s + 1 < end && sscanf(s, "%2x", &byte) == 1; s += 2)
            buf_add(&text[texts], &(uint8_t){(uint8_t)byte}, 1);
    buf_free(&b);
}

static void write_file(const char *name, const struct buf *b)
{
    char *path = mem_printf("%s/%s.gguf", keep ? keep : "", name);
    FILE *f = keep ? fopen(path, "wb") : NULL;

    CHECK(!keep || (f && fwrite(b->data, 1, b->len, f) == b->len && fclose(f) == 0));
    free(path);
}

/* The tokenizer as it comes back from the GGUF that is made of it. */
static struct tok *through_gguf(const char *name, const struct tok_files *f, const struct tok *t, struct err *e)
{
    struct to_gguf g = {.tok = *f, .p = {.vocab = tok_vocab(t), .bos = -1, .eos = -1, .unk = -1, .pad = -1}};
    struct gguf_keys k = {0};
    struct gguf_in in = {0};
    struct buf file = {0};
    struct tok *back = NULL;

    gguf_put_str(&k, "general.architecture", "llama", 5);
    if (to_gguf_tokenizer(&g, &k, e) == 0) {
        gguf_keys_file(&k, &file);
        write_file(name, &file);
        if (gguf_open_memory(&in, file.data, file.len, e) == 0)
            back = from_gguf_tokenizer(&in, e);
    }
    gguf_keys_free(&k);
    gguf_close(&in);
    buf_free(&file);
    return back;
}

/* How many texts give other ids; -1: the tokenizer cannot be had. */
static int differing(const char *name, const char *way, char *crcs, struct err *e)
{
    int is_model = strncmp(name, "sp-", 3) == 0, bad = 0, i = 0;
    struct tok_files f = {0};
    struct tok *t, *back;

    *(is_model ? &f.model : &f.json) = slurp(name, is_model ? ".model" : ".json");
    t = tok_open(&f, e);
    if (t && strncmp(way, "gguf", 4) == 0) {
        back = through_gguf(name, &f, t, e);
        tok_close(t);
        t = back;
    }
    for (char *s = strtok(crcs, "\t"); t && s; s = strtok(NULL, "\t"), i++) {
        struct tok_ids ids = {0};

        if (*s == '-')
            continue;
        int rc = tok_encode(t, (char *)text[i].data, text[i].len, strstr(way, "special") != NULL, &ids, e);
        uint32_t crc = (uint32_t)crc32(0, (const Bytef *)(ids.n ? ids.id : NULL), ids.n ? (uInt)(4 * ids.n) : 0);

        if (rc < 0 || (ids.n ? crc : 0) != strtoul(s, NULL, 16)) {
            bad++;
            if (shown++ < 400)
                printf("%s %s: text %d \"%.60s\": %s\n", name, way, i, buf_str(&text[i]),
                       rc < 0 ? e->msg : "other ids");
        }
        free(ids.id);
    }
    if (t && i != texts)
        printf("%s %s: %d texts of %d\n", name, way, i, texts);
    if (t && i != texts)
        bad = -1;
    tok_close(t);
    tok_files_free(&f);
    return t ? bad : -1;
}

int main(int argc, char **argv)
{
    struct buf file;
    int lines = 0;

    folder = argc > 1 ? argv[1] : folder;
    keep = argc > 2 ? argv[2] : NULL;
    texts_read();
    file = slurp("ids", ".tsv");
    buf_str(&file);
    for (char *s = (char *)file.data, *end; file.len && *s; s = end + 1, lines++) {
        char *name = s, *way = strchr(s, '\t');
        struct err e = {""};
        int bad;

        if (!way || !(end = strchr(s, '\n')))
            break;
        *end = *way++ = '\0';
        s = strchr(way, '\t');
        *s++ = '\0';
        if (strcmp(way, "refused") == 0) { /* no name in GGUF: said so */
            CHECK(differing(name, "gguf", s, &e) == -1);
            CHECK_STR(e.msg, "the tokenizer normalizes or splits text in a way that llama.cpp has no name for");
            if (argc > 1)
                printf("%s\tgguf\trefused\n", name);
            continue;
        }
        CHECK((bad = differing(name, way, s, &e)) == 0);
        if (bad < 0)
            printf("%s %s: %s\n", name, way, e.msg);
        if (argc > 1)
            printf("%s\t%s\t%d of %d\n", name, way, bad, texts);
    }
    CHECK(texts >= 124 && lines >= 60);
    for (int i = 0; i < texts; i++)
        buf_free(&text[i]);
    buf_free(&file);
    return DONE();
}
