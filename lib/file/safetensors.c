/*
 * safetensors: u64 header length | JSON header | data. Every check of the format's own reader is made, in its order:
 * length of the header, UTF-8, JSON, known dtypes, offsets without overlap or hole, sizes that agree with the shapes,
 * and the end of the file. Two checks are stricter: the header begins with "{", and a key that comes twice is refused
 * by name.
 */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "file/file.h"
#include "record/json.h"

#define HEADER_MAX 100000000u
#define DEPTH_MAX 8

static int probe(const char *path, int is_folder, const uint8_t *first, size_t n)
{
    size_t len = strlen(path);

    if (is_folder)
        return 0;
    return (n > 8 && first[8] == '{') || (len > 12 && strcmp(path + len - 12, ".safetensors") == 0);
}

/* The members of one tensor's entry; offsets are relative to the data until the caller has checked them all. */
static int read_shape(const struct json *shape, struct shape *s, struct err *e)
{
    if (!shape || shape->kind != JSON_ARRAY)
        return err_set(e, "shape is missing or no array");
    if (shape->len > RANK_MAX)
        return err_set(e, "shape has %zu dimensions, %d at most", shape->len, RANK_MAX);
    for (const struct json *d = shape->first; d; d = d->next) {
        if (d->kind != JSON_INT || d->i < 0)
            return err_set(e, "dimension %d of shape is not a natural number", s->rank);
        s->dim[s->rank++] = (uint64_t)d->i;
    }
    return 0;
}

static int read_entry(const struct json *j, struct file_tensor *t, uint64_t *end, struct err *e)
{
    const char *type = json_str(j, "dtype", NULL);
    const struct json *o = json_get(j, "data_offsets");
    int dt = type ? dtype_find(type) : -1;

    if (j->kind != JSON_OBJECT)
        return err_set(e, "entry is not an object");
    if (dt < 0)
        return err_set(e, "dtype '%s' is not known", type ? type : "(missing)");
    t->dtype = (enum dtype)dt;
    if (read_shape(json_get(j, "shape"), &t->shape, e) < 0)
        return -1;
    if (!o || o->kind != JSON_ARRAY || o->len != 2 || o->first->kind != JSON_INT || o->first->next->kind != JSON_INT ||
        o->first->i < 0 || o->first->next->i < 0)
        return err_set(e, "data_offsets is not a pair of natural numbers");
    t->offset = (uint64_t)o->first->i;
    *end = (uint64_t)o->first->next->i;
    if (*end < t->offset)
        return err_set(e, "data_offsets end at %llu before their begin %llu", (unsigned long long)*end,
                       (unsigned long long)t->offset);
    t->bytes = *end - t->offset;
    return 0;
}

/* Do the bytes fit the shape and type? */
static int check_size(const struct file_tensor *t, struct err *e)
{
    uint64_t count = 1, bytes;
    char text[200];

    for (int i = 0; i < t->shape.rank; i++)
        if (mem_mul(count, t->shape.dim[i], &count) < 0)
            return err_set(e, "shape %s overflows", shape_text(&t->shape, text));
    if (dtype_bytes(t->dtype, count, &bytes) < 0)
        return err_set(e, "%s of shape %s overflows or does not fill whole bytes", dtype_info(t->dtype)->name,
                       shape_text(&t->shape, text));
    if (bytes != t->bytes)
        return err_set(e, "%s of shape %s is %llu bytes, data_offsets hold %llu", dtype_info(t->dtype)->name,
                       shape_text(&t->shape, text), (unsigned long long)bytes, (unsigned long long)t->bytes);
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct file_tensor *x = a, *y = b;

    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* No hole, no overlap, right sizes; makes the offsets absolute. data: where the data begin in a file of file_bytes. */
static int check_places(struct file_tensor *t, size_t n, uint64_t data, uint64_t file_bytes, struct err *e)
{
    uint64_t at = 0;

    if (n)
        qsort(t, n, sizeof *t, by_place);
    for (size_t i = 0; i < n; i++) {
        if (t[i].offset != at)
            return err_set(e, "%s: data begin at %llu, but what comes before ends at %llu", t[i].name,
                           (unsigned long long)t[i].offset, (unsigned long long)at);
        if (check_size(&t[i], e) < 0)
            return err_in(e, "%s", t[i].name);
        at += t[i].bytes; /* both below 2^63 */
        t[i].offset += data;
    }
    if (at != file_bytes - data)
        return err_set(e, "the tensors hold %llu bytes, the file holds %llu after its header", (unsigned long long)at,
                       (unsigned long long)(file_bytes - data));
    return 0;
}

static int read_meta(const struct json *j, struct attrs *meta, struct err *e)
{
    if (j->kind != JSON_OBJECT)
        return err_set(e, "__metadata__ is not an object");
    for (const struct json *m = j->first; m; m = m->next) {
        if (m->kind != JSON_STRING)
            return err_set(e, "__metadata__: the value of %s is not a string", m->key);
        attrs_set_str(meta, m->key, m->s);
    }
    return 0;
}

static int check_name(const struct json *m, struct err *e)
{
    if (m->key_len > NAME_MAX_BYTES)
        return err_set(e, "a tensor's name has %zu bytes, %d at most", m->key_len, NAME_MAX_BYTES);
    if (m->key_len == 0 || strlen(m->key) != m->key_len)
        return err_set(e, "a tensor's name is empty or holds a NUL: '%s'", m->key);
    return 0;
}

struct into {
    struct source *s;
    int part;
    int told; /* the fault that ended the reading was in a member, not in the text */
};

static int read_tensor(struct into *to, const struct json *m, struct err *e)
{
    struct file_tensor *t;
    uint64_t end;

    if (check_name(m, e) < 0)
        return -1;
    t = source_add_tensor(to->s);
    t->name = mem_strdup(m->key);
    t->part = to->part;
    return read_entry(m, t, &end, e) < 0 ? err_in(e, "%s", m->key) : 0;
}

static int read_member(void *ctx, const struct json *m, struct err *e)
{
    struct into *to = ctx;
    int rc = strcmp(m->key, "__metadata__") == 0 ? read_meta(m, &to->s->meta, e) : read_tensor(to, m, e);

    to->told = rc < 0;
    return rc;
}

static int read_members(struct source *s, int part, const struct buf *text, struct err *e)
{
    struct into to = {s, part, 0};
    size_t first = s->tensors, n;

    if (json_members(text->data, text->len, DEPTH_MAX, read_member, &to, e) < 0)
        return to.told ? -1 : err_in(e, "header");
    n = s->tensors - first;
    return check_places(n ? s->tensor + first : NULL, n, 8 + text->len, s->part[part].bytes, e);
}

static int read_header(struct source *s, int part, struct err *e)
{
    const struct file_part *f = &s->part[part];
    uint64_t n;
    struct buf text = {0};
    int rc = -1;

    if (f->bytes < 8)
        return err_set(e, "%llu bytes are too few for a header", (unsigned long long)f->bytes);
    if (io_pread(f->fd, &n, 8, 0, e) < 0)
        return -1;
    if (n > HEADER_MAX)
        return err_set(e, "header of %llu bytes, %u at most", (unsigned long long)n, HEADER_MAX);
    if (n > f->bytes - 8)
        return err_set(e, "header of %llu bytes in a file of %llu", (unsigned long long)n,
                       (unsigned long long)f->bytes);
    if (io_pread(f->fd, buf_space(&text, (size_t)n + 1), (size_t)n, 8, e) == 0) {
        text.len = (size_t)n;
        if (n == 0 || text.data[0] != '{')
            err_set(e, "header does not begin with '{'");
        else
            rc = read_members(s, part, &text, e);
    }
    buf_free(&text);
    return rc;
}

int safetensors_add(struct source *s, const char *path, struct err *e)
{
    int part = source_add_part(s, path, e);

    if (part < 0)
        return -1;
    return read_header(s, part, e) < 0 ? err_in(e, "%s", path) : 0;
}

const struct file_format file_safetensors = {"safetensors", "one file of tensors", probe, safetensors_add};
