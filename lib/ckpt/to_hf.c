#include "ckpt/to_hf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "file/gguf.h"
#include "file/shards.h"
#include "arch/arch.h"
#include "record/json.h"

void to_hf_open(struct to_hf *t, const char *folder, const struct attrs *model)
{
    memset(t, 0, sizeof *t);
    t->folder = mem_strdup(folder);
    attrs_copy(&t->model, model);
}

void to_hf_close(struct to_hf *t)
{
    free(t->folder);
    attrs_free(&t->model);
    buf_free(&t->config);
    memset(t, 0, sizeof *t);
}

/* A new file of the folder, or -1. */
static int create(const struct to_hf *t, const char *name, struct err *e)
{
    char *path = mem_printf("%s/%s", t->folder, name);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0)
        err_errno(e, "cannot make %s", name);
    free(path);
    return fd;
}

static int finish(int fd, const char *name, int rc, struct err *e)
{
    if (rc < 0)
        err_in(e, "%s", name);
    if (rc == 0 && fsync(fd) < 0)
        rc = err_errno(e, "cannot write %s", name);
    if (close(fd) < 0 && rc == 0)
        rc = err_errno(e, "cannot write %s", name);
    return rc;
}

int to_hf_file(const struct to_hf *t, const char *name, const void *data, size_t n, struct err *e)
{
    int fd = create(t, name, e);

    return fd < 0 ? -1 : finish(fd, name, io_write(fd, data, n, e), e);
}

int to_hf_blob(struct to_hf *t, const char *name, const void *data, size_t n, struct err *e)
{
    if (strcmp(name, GGUF_BLOB) == 0)
        return 0;
    if (strcmp(name, "config.json") != 0)
        return to_hf_file(t, name, data, n, e);
    if (t->has_config)
        return err_set(e, "config.json comes twice in the stream");
    t->has_config = 1;
    buf_add(&t->config, data, n);
    return 0;
}

static const char *their_name(const struct json *config, const char *ours)
{
    const struct arch *a = arch_of_type(json_str(config, "model_type", ""));

    for (const struct arch_key *k = (a ? a : arch_find("llama"))->keys; k->ours; k++)
        if (strcmp(k->ours, ours) == 0)
            return k->theirs;
    return NULL;
}

static void put_value(struct buf *out, const struct attr *a)
{
    if (a->kind == ATTR_BOOL)
        buf_puts(out, a->i ? "true" : "false");
    else if (a->kind == ATTR_INT)
        buf_printf(out, "%lld", (long long)a->i);
    else
        buf_printf(out, "%.17g", a->f);
}

/* The end of a JSON string that begins at text[i], past its closing quote. The text is known to be JSON. */
static size_t string_end(const struct buf *t, size_t i)
{
    for (i++; i < t->len && t->data[i] != '"'; i++)
        if (t->data[i] == '\\')
            i++;
    return i + 1;
}

/* Where the value of a key of the outermost object lies: 1 with [*from, *to), or 0. */
static int find_value(const struct buf *t, const char *key, size_t *from, size_t *to)
{
    size_t n = strlen(key), i = 0;

    for (int depth = 0; i < t->len; i++) {
        uint8_t c = t->data[i];
        size_t end;

        if (c == '"') {
            end = string_end(t, i);
            if (depth == 1 && end - i == n + 2 && memcmp(t->data + i + 1, key, n) == 0) {
                while (end < t->len && strchr(" \t\r\n", t->data[end]))
                    end++;
                if (end < t->len && t->data[end] == ':') {
                    for (end++; strchr(" \t\r\n", t->data[end]);)
                        end++;
                    *from = *to = end;
                    while (*to < t->len && !strchr(",}] \t\r\n", t->data[*to]))
                        ++*to;
                    return 1;
                }
            }
            i = end - 1;
        }
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    }
    return 0;
}

/* One key's value in the text replaced, or the key put behind the first brace. */
static void correct(struct buf *t, const char *key, const struct attr *a)
{
    struct buf out = {0};
    size_t from, to;

    if (find_value(t, key, &from, &to)) {
        buf_add(&out, t->data, from);
    } else {
        from = to = (size_t)((uint8_t *)memchr(t->data, '{', t->len) - t->data) + 1;
        buf_add(&out, t->data, from);
        buf_printf(&out, "\n  \"%s\": ", key);
    }
    put_value(&out, a);
    if (from == to)
        buf_puts(&out, ",");
    buf_add(&out, t->data + to, t->len - to);
    buf_free(t);
    *t = out;
}

int to_hf_config(const struct buf *config, const struct attrs *tail, struct buf *out, struct err *e)
{
    struct json *j = json_parse(config->data, config->len, 64, e);
    struct buf t = {0};
    int rc = j && j->kind == JSON_OBJECT && j->len ? 0 : -1;

    if (rc < 0)
        rc = j ? err_set(e, "config.json is no object with members") : err_in(e, "config.json");
    buf_add(&t, config->data, config->len);
    for (int i = 0; rc == 0 && i < tail->n; i++) {
        const struct attr *a = &tail->item[i];
        const char *type = json_str(j, "model_type", "");

        if (strstr(a->key, "_bias") && strcmp(type, "llama") != 0) /* Mistral has Llama's shape, but no such key */
            rc = err_set(e, "config.json: models of type '%s' have no %s", type, a->key);
        if (their_name(j, a->key) && (a->kind == ATTR_INT || a->kind == ATTR_BOOL || a->kind == ATTR_F64))
            correct(&t, their_name(j, a->key), a);
    }
    if (rc == 0)
        buf_add(out, t.data, t.len);
    buf_free(&t);
    json_free(j);
    return rc;
}

static int write_config(const struct to_hf *t, const struct attrs *tail, struct err *e)
{
    struct buf out = {0};
    int rc = 0;

    if (!t->has_config)
        return 0;
    if (tail->n == 0) /* as it came, be it JSON or not */
        return to_hf_file(t, "config.json", t->config.data, t->config.len, e);
    rc = to_hf_config(&t->config, tail, &out, e);
    if (rc == 0)
        rc = to_hf_file(t, "config.json", out.data, out.len, e);
    buf_free(&out);
    return rc;
}

int to_hf_weights(const struct to_hf *t, const char *name, const struct pile *pile, const struct attrs *meta, struct err *e)
{
    int fd = create(t, name, e);

    return fd < 0 ? -1 : finish(fd, name, safetensors_write(pile, meta, fd, e), e);
}

static int write_shards(const struct to_hf *t, const struct pile *pile, const size_t *of, size_t n, const struct attrs *meta, struct err *e)
{
    struct buf index = {0};
    int rc = pile_check(pile, e); /* a name that two shards hold */

    for (size_t i = 0; i < n && rc == 0; i++) {
        char *name = shards_name("model", i, n, ".safetensors");
        struct pile part;

        shards_pile(pile, of, i, &part);
        rc = to_hf_weights(t, name, &part, meta, e);
        free(part.item);
        free(name);
    }
    shards_index(pile, of, n, &index);
    if (rc == 0)
        rc = to_hf_file(t, "model.safetensors.index.json", index.data, index.len, e);
    buf_free(&index);
    return rc;
}

int to_hf_finish(struct to_hf *t, const struct attrs *meta, const struct attrs *tail, const struct pile *pile, uint64_t max_shard,
                 struct err *e)
{
    size_t *of = mem_new(pile->n + 1, sizeof *of), n = max_shard ? shards_plan(pile, max_shard, 1, of) : 1;
    struct attrs m = {0};
    int rc = write_config(t, tail, e);

    attrs_copy(&m, meta);
    if (!attrs_find(&m, "format"))
        attrs_set_str(&m, "format", "pt");
    if (rc == 0)
        rc = n > 1 ? write_shards(t, pile, of, n, &m, e) : to_hf_weights(t, "model.safetensors", pile, &m, e);
    attrs_free(&m);
    free(of);
    return rc;
}
