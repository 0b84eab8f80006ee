/* vocab_files: tokenizer.json, tokenizer_config.json and added_tokens.json with further added tokens; the rest of their
 * texts stays. */
#include <stdlib.h>
#include <string.h>

#include "arch/config.h"
#include "file/gguf.h"
#include "merge/vocab.h"
#include "record/json.h"

enum { TOKENIZER, CONFIG, ADDED, FILES };

static const struct {
    const char *name, *inside; /* inside: the list or object that gets them, NULL: the file itself */
} files[FILES] = {
    {"tokenizer.json", "added_tokens"}, {"tokenizer_config.json", "added_tokens_decoder"}, {"added_tokens.json", NULL}};

struct vocab_files {
    struct source *to;
    int blob[FILES];                     /* of the source, or -1 */
    struct buf text[FILES], more[FILES]; /* more: members, between commas */
};

struct vocab_files *vocab_files_open(struct source *to, const char *path, struct err *e)
{
    struct vocab_files *f = mem_new(1, sizeof *f);
    int from_gguf = 0;

    f->to = to;
    for (int k = 0; k < to->blobs; k++)
        from_gguf |= strcmp(to->blob[k].name, GGUF_BLOB) == 0;
    for (int i = 0; i < FILES; i++) {
        f->blob[i] = -1;
        for (int k = 0; k < to->blobs; k++)
            if (strcmp(to->blob[k].name, files[i].name) == 0)
                f->blob[i] = k;
        if (f->blob[i] >= 0 && source_blob(to, f->blob[i], &f->text[i], e) < 0) {
            vocab_files_close(f, 0, e);
            return NULL;
        }
    }
    if (f->blob[TOKENIZER] >= 0 && !from_gguf)
        return f;
    err_set(e,
            from_gguf ? "%s is a GGUF, to whose tokens none are added: give a folder"
                      : "%s has no tokenizer.json, to which tokens could be added",
            path);
    vocab_files_close(f, 0, e);
    return NULL;
}

static int flag(const struct json *t, const char *key)
{
    const struct json *v = json_get(t, key);

    return v && v->kind == JSON_BOOL && v->i;
}

static void put_token(struct buf *b, const struct json *t, const char *text, size_t n)
{
    static const char *const flags[] = {"single_word", "lstrip", "rstrip", "normalized", "special"};

    buf_puts(b, "\"content\": ");
    json_put_string(b, text, n);
    for (int i = 0; i < 5; i++)
        buf_printf(b, ", \"%s\": %s", flags[i], flag(t, flags[i]) ? "true" : "false");
}

int vocab_files_add(struct vocab_files *f, const struct json *t, uint64_t id, struct err *e)
{
    const struct json *text = json_get(t, "content");
    unsigned long long at = id;

    if (!text || text->kind != JSON_STRING)
        return err_set(e, "an added token has no content");
    for (int i = 0; i < FILES; i++)
        buf_puts(&f->more[i], f->more[i].len ? ",\n    " : "");
    buf_printf(&f->more[TOKENIZER], "{\"id\": %llu, ", at);
    put_token(&f->more[TOKENIZER], t, text->s, text->len);
    buf_puts(&f->more[TOKENIZER], "}");
    buf_printf(&f->more[CONFIG], "\"%llu\": {", at);
    put_token(&f->more[CONFIG], t, text->s, text->len);
    buf_puts(&f->more[CONFIG], "}");
    json_put_string(&f->more[ADDED], text->s, text->len);
    buf_printf(&f->more[ADDED], ": %llu", at);
    return 0;
}

/* Is there nothing between the bracket that closes at `end` and the one that opens? */
static int is_empty(const struct buf *t, size_t end)
{
    while (end > 0 && strchr(" \t\r\n", t->data[end - 1]))
        end--;
    return end > 0 && (t->data[end - 1] == '[' || t->data[end - 1] == '{');
}

/* Before the bracket that ends the list or object. */
static void insert(struct buf *t, const char *inside, const struct buf *more)
{
    struct buf out = {0};
    size_t from, to = t->len;

    if (inside)
        config_span(t, &inside, &from, &to);
    while (!inside && t->data[to - 1] != '}')
        to--;
    buf_add(&out, t->data, to - 1);
    buf_puts(&out, is_empty(t, to - 1) ? "" : ",\n    ");
    buf_add(&out, more->data, more->len);
    buf_add(&out, t->data + to - 1, t->len - to + 1);
    buf_free(t);
    *t = out;
}

/* Each file must be JSON of the kind that is added to, before and after. */
static int write_file(struct vocab_files *f, int i, struct err *e)
{
    struct file_blob *b = &f->to->blob[f->blob[i]];
    struct json *j = json_parse(f->text[i].data, f->text[i].len, 64, e);
    const struct json *in = j && files[i].inside ? json_get(j, files[i].inside) : j;
    enum json_kind want = i == TOKENIZER ? JSON_ARRAY : JSON_OBJECT;
    int there, rc = !j ? -1
                    : j->kind != JSON_OBJECT || (in ? in->kind != want : i == TOKENIZER)
                        ? err_set(e, "it is of no kind that tokens are added to")
                        : 0;

    there = in != NULL;
    json_free(j);
    if (rc == 0 && !there) /* transformers takes an added_tokens_decoder for all that was added: without one it goes by
                 * tokenizer.json */
        return 0;
    if (rc == 0) {
        insert(&f->text[i], files[i].inside, &f->more[i]);
        j = json_parse(f->text[i].data, f->text[i].len, 64, e);
        rc = j ? 0 : -1;
        json_free(j);
    }
    if (rc < 0)
        return err_in(e, "%s", files[i].name);
    free(b->path);
    b->path = NULL;
    buf_free(&b->data);
    b->data = f->text[i];
    f->text[i] = (struct buf){0};
    return 0;
}

int vocab_files_close(struct vocab_files *f, int write, struct err *e)
{
    int rc = 0;

    for (int i = 0; i < FILES; i++) {
        if (write && rc == 0 && f->blob[i] >= 0 && f->more[i].len)
            rc = write_file(f, i, e);
        buf_free(&f->text[i]);
        buf_free(&f->more[i]);
    }
    free(f);
    return rc;
}
