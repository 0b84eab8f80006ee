#include "tensor/head.h"

#include <stdlib.h>
#include <string.h>

#include "tensor/fields.h"

static int read_shard(struct head *h, struct fields *f, struct err *e)
{
    struct field *t = fields_find(f, "shard");
    struct mp_value v, i, n;
    struct mp_in m;

    if (!t)
        return 0;
    m = t->value;
    if (mp_next(&m, &v) < 0 || v.kind != MP_ARRAY || v.n != 2 || mp_next(&m, &i) < 0 || mp_next(&m, &n) < 0 ||
        i.kind != MP_INT || n.kind != MP_INT)
        return err_set(e, "%s: shard should be an array of two integers", f->what);
    if (n.negative || n.u > SHARDS_MAX || i.negative || i.u < 1 || i.u > n.u)
        return err_set(e, "%s: shard %lld of %lld: counted from 1, %d at most", f->what, (long long)i.u, (long long)n.u,
                       SHARDS_MAX);
    h->shard = (int64_t)i.u;
    h->shards = (int64_t)n.u;
    return 0;
}

/* A map field given to fn as fields of its own. 0 when absent. */
static int read_map(struct head *h, struct fields *f, const char *key,
                    int (*fn)(struct head *, struct fields *, struct err *), struct err *e)
{
    struct field *t = fields_find(f, key);
    struct fields sub;
    struct mp_in m;
    int rc;

    if (!t)
        return 0;
    m = t->value;
    rc = fields_read(&sub, &m, key, e);
    if (rc == 0)
        rc = fn(h, &sub, e);
    fields_free(&sub);
    return rc;
}

static int read_total(struct head *h, struct fields *f, struct err *e)
{
    int64_t tensors = 0, bytes = 0;

    if (fields_int(f, "tensors", 0, INT64_MAX, &tensors, e) < 0 || fields_int(f, "bytes", 0, INT64_MAX, &bytes, e) < 0)
        return -1;
    h->tensors = (uint64_t)tensors;
    h->bytes = (uint64_t)bytes;
    return 0;
}

static int read_model(struct head *h, struct fields *f, struct err *e)
{
    (void)e;
    fields_all(f, &h->model);
    return 0;
}

static int read_meta(struct head *h, struct fields *f, struct err *e)
{
    (void)e;
    fields_all(f, &h->meta);
    return 0;
}

/* An array of texts as char *[]; *n is their number. */
static int read_texts(struct mp_in *m, const char *what, uint32_t limit, char ***list, int *n, struct err *e)
{
    struct mp_value v;
    uint32_t count;

    if (mp_next(m, &v) < 0 || v.kind != MP_ARRAY)
        return err_set(e, "%s should be an array, is %s", what, mp_kind_name(v.kind));
    if (v.n > limit)
        return err_set(e, "%s has %u items, the limit is %u", what, v.n, limit);
    count = v.n;
    *list = mem_new((size_t)count + 1, sizeof **list);
    for (*n = 0; (uint32_t)*n < count; ++*n) {
        if (mp_next(m, &v) < 0 || v.kind != MP_STR || !mp_is_text(v.p, v.n))
            return err_set(e, "%s: item %d should be a UTF-8 string, is %s", what, *n,
                           v.kind == MP_STR ? "other bytes" : mp_kind_name(v.kind));
        (*list)[*n] = mem_strndup((const char *)v.p, v.n);
    }
    return 0;
}

static int read_shapes(struct head *h, struct mp_in *m, struct err *e)
{
    struct mp_value v;

    if (mp_next(m, &v) < 0 || v.kind != MP_ARRAY || v.n != (uint32_t)h->names)
        return err_set(e, "manifest: shapes should be an array of %d like names", h->names);
    h->shape = mem_new((size_t)h->names, sizeof *h->shape);
    for (int i = 0; i < h->names; i++)
        if (shape_read(m, "manifest", &h->shape[i], e) < 0)
            return -1;
    return 0;
}

static int read_manifest(struct head *h, struct fields *f, struct err *e)
{
    struct field *names = fields_find(f, "names"), *shapes = fields_find(f, "shapes"),
                 *dtypes = fields_find(f, "dtypes");
    struct mp_value v;
    struct mp_in m;
    int n = 0;

    if (!names || !shapes)
        return err_set(e, "manifest lacks its %s", names ? "shapes" : "names");
    m = names->value;
    if (read_texts(&m, "manifest names", MANIFEST_MAX, &h->name, &h->names, e) < 0)
        return -1;
    m = shapes->value;
    if (read_shapes(h, &m, e) < 0 || !dtypes)
        return h->shape && !dtypes ? 0 : -1;
    m = dtypes->value;
    if (mp_next(&m, &v) < 0 || v.kind != MP_ARRAY || v.n != (uint32_t)h->names)
        return err_set(e, "manifest: dtypes should be an array of %d like names", h->names);
    m = dtypes->value;
    return read_texts(&m, "manifest dtypes", MANIFEST_MAX, &h->dtype, &n, e);
}

static int read_history(struct head *h, struct fields *f, struct err *e)
{
    struct mp_value v;
    struct mp_in m;
    int n, got = fields_get(f, "history", MP_ARRAY, &v, e);

    if (got <= 0)
        return got;
    if (v.n > FIELDS_MAX)
        return err_set(e, "history has %u commands, the limit is %d", v.n, FIELDS_MAX);
    m = fields_find(f, "history")->value;
    mp_next(&m, &v);
    h->history = mem_new(v.n, sizeof *h->history);
    for (uint32_t i = 0; i < v.n; i++) {
        h->histories++;
        if (read_texts(&m, "history", FIELDS_MAX, &h->history[i], &n, e) < 0)
            return -1;
    }
    return 0;
}

int head_read(struct head *h, const void *body, size_t n, struct err *e)
{
    struct mp_in m = {body, (const uint8_t *)body + n};
    int64_t version = 0;
    struct fields f;
    int rc;

    if (mp_check(body, n, e) < 0)
        return -1;
    rc = fields_read(&f, &m, "head", e);
    if (rc == 0)
        rc = fields_int(&f, "v", INT64_MIN, INT64_MAX, &version, e);
    if (rc == 0 && version != STREAM_VERSION)
        rc = err_set(e, "stream is of version %lld, this program reads version %d", (long long)version, STREAM_VERSION);
    if (rc == 0)
        rc = read_shard(h, &f, e) < 0 || read_map(h, &f, "total", read_total, e) < 0 ||
                     read_map(h, &f, "manifest", read_manifest, e) < 0 || read_map(h, &f, "model", read_model, e) < 0 ||
                     read_map(h, &f, "meta", read_meta, e) < 0 || read_history(h, &f, e) < 0
                 ? -1
                 : 0;
    if (rc == 0)
        fields_unused(&f, &h->more);
    fields_free(&f);
    return rc;
}

static void put_manifest(struct buf *out, const struct head *h)
{
    mp_put_str(out, "manifest");
    mp_put_map(out, h->dtype ? 3 : 2);
    mp_put_str(out, "names");
    mp_put_array(out, (uint32_t)h->names);
    for (int i = 0; i < h->names; i++)
        mp_put_str(out, h->name[i]);
    mp_put_str(out, "shapes");
    mp_put_array(out, (uint32_t)h->names);
    for (int i = 0; i < h->names; i++)
        shape_put(out, &h->shape[i]);
    if (h->dtype) {
        mp_put_str(out, "dtypes");
        mp_put_array(out, (uint32_t)h->names);
        for (int i = 0; i < h->names; i++)
            mp_put_str(out, h->dtype[i]);
    }
}

static void put_history(struct buf *out, const struct head *h)
{
    mp_put_str(out, "history");
    mp_put_array(out, (uint32_t)h->histories);
    for (int i = 0; i < h->histories; i++) {
        uint32_t n = 0;

        while (h->history[i][n])
            n++;
        mp_put_array(out, n);
        for (uint32_t k = 0; k < n; k++)
            mp_put_str(out, h->history[i][k]);
    }
}

void head_put(struct buf *out, const struct head *h)
{
    int total = h->tensors || h->bytes, manifest = h->name && h->shape;

    mp_put_map(out, 4u + (h->shards > 0) + (uint32_t)total + (uint32_t)manifest + (uint32_t)h->more.n);
    mp_put_str(out, "v");
    mp_put_int(out, STREAM_VERSION);
    if (h->shards > 0) {
        mp_put_str(out, "shard");
        mp_put_array(out, 2);
        mp_put_int(out, h->shard);
        mp_put_int(out, h->shards);
    }
    if (total) {
        mp_put_str(out, "total");
        mp_put_map(out, 2);
        mp_put_str(out, "tensors");
        mp_put_uint(out, h->tensors);
        mp_put_str(out, "bytes");
        mp_put_uint(out, h->bytes);
    }
    if (manifest)
        put_manifest(out, h);
    mp_put_str(out, "model");
    attrs_put_map(out, &h->model);
    mp_put_str(out, "meta");
    attrs_put_map(out, &h->meta);
    put_history(out, h);
    attrs_put_pairs(out, &h->more);
}

/* A copy by way of the bytes: whatever head_put writes, head_read reads. */
void head_copy(struct head *to, const struct head *from)
{
    struct buf b = {0};

    head_free(to);
    head_put(&b, from);
    head_read(to, b.data, b.len, NULL);
    buf_free(&b);
}

void head_drop_manifest(struct head *h)
{
    for (int i = 0; i < h->names; i++) {
        free(h->name ? h->name[i] : NULL);
        free(h->dtype ? h->dtype[i] : NULL);
    }
    free(h->name);
    free(h->shape);
    free(h->dtype);
    h->name = h->dtype = NULL;
    h->shape = NULL;
    h->names = 0;
    h->tensors = h->bytes = 0;
}

void head_free(struct head *h)
{
    head_drop_manifest(h);
    attrs_free(&h->model);
    attrs_free(&h->meta);
    attrs_free(&h->more);
    for (int i = 0; i < h->histories; i++) {
        for (int k = 0; h->history[i] && h->history[i][k]; k++)
            free(h->history[i][k]);
        free(h->history[i]);
    }
    free(h->history);
    *h = (struct head){0};
}

char *history_word(const char *word)
{
    const char *path = word[0] == '/'                                                  ? word
                       : strstr(word, "=/")                                            ? strstr(word, "=/") + 1
                       : word[0] == '-' && word[1] && word[1] != '-' && word[2] == '/' ? word + 2
                                                                                       : NULL;
    size_t end, start;

    if (!path)
        return mem_strdup(word);
    end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/';)
        start--;
    if (start == end) /* the root alone */
        start--;
    return mem_printf("%.*s%.*s", (int)(path - word), word, (int)(end - start), path + start);
}

void head_add_history(struct head *h, char *const *argv)
{
    size_t n = 0;
    char **line;

    while (argv[n])
        n++;
    line = mem_new(n + 2, sizeof *line);
    for (size_t i = 0; i < n; i++) {
        line[i] = history_word(argv[i]);
        if (!mp_is_text(line[i], strlen(line[i]))) /* a word that is no UTF-8 cannot travel in a string */
            for (char *p = line[i]; *p; p++)
                *p = (unsigned char)*p < 0x80 ? *p : '?';
    }
    line[n] = mem_strdup("@" WEIR_VERSION);
    h->history = mem_resize(h->history, (size_t)h->histories + 1, sizeof *h->history);
    h->history[h->histories++] = line;
}
