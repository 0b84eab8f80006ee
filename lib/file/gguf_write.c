#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "file/gguf.h"

static void put(struct buf *b, const void *v, size_t n) /* numbers are little endian, as this machine's are */
{
    buf_add(b, v, n);
}

static void put_u32(struct buf *b, uint32_t v)
{
    put(b, &v, sizeof v);
}

static void put_u64(struct buf *b, uint64_t v)
{
    put(b, &v, sizeof v);
}

static void put_str(struct buf *b, const char *s, size_t n)
{
    put_u64(b, n);
    put(b, s, n);
}

void gguf_keys_free(struct gguf_keys *k)
{
    for (uint64_t i = 0; i < k->n; i++)
        free(k->name[i]);
    free(k->name);
    buf_free(&k->text);
    memset(k, 0, sizeof *k);
}

void gguf_keys_file(const struct gguf_keys *k, struct buf *out)
{
    buf_puts(out, "GGUF");
    put_u32(out, 3);
    put_u64(out, 0);
    put_u64(out, k->n);
    put(out, k->text.data, k->text.len);
}

void gguf_keys_copy(struct gguf_keys *to, const struct gguf_keys *from)
{
    buf_add(&to->text, from->text.data, from->text.len);
    to->name = mem_new(from->n + 1, sizeof *to->name);
    for (to->n = 0; to->n < from->n; to->n++)
        to->name[to->n] = mem_strdup(from->name[to->n]);
    to->align = from->align;
}

int gguf_has_key(const struct gguf_keys *k, const char *key)
{
    for (uint64_t i = 0; i < k->n; i++)
        if (strcmp(k->name[i], key) == 0)
            return 1;
    return 0;
}

static void begin(struct gguf_keys *k, const char *key, enum gguf_kind kind)
{
    assert(!gguf_has_key(k, key));
    k->name = mem_resize(k->name, k->n + 1, sizeof *k->name);
    k->name[k->n++] = mem_strdup(key);
    put_str(&k->text, key, strlen(key));
    put_u32(&k->text, kind);
}

void gguf_put_value(struct gguf_keys *k, const struct gguf_in *g, const struct gguf_value *v)
{
    begin(k, v->key, v->kind);
    if (v->kind == GGUF_ARRAY)
        put_u32(&k->text, v->of);
    if (v->kind == GGUF_ARRAY || v->kind == GGUF_STR)
        put_u64(&k->text, v->n);
    put(&k->text, g->text.data + v->at, (size_t)v->bytes);
    if (strcmp(v->key, "general.alignment") == 0)
        k->align = g->align;
}

void gguf_put_u16(struct gguf_keys *k, const char *key, uint16_t v)
{
    begin(k, key, GGUF_U16);
    put(&k->text, &v, sizeof v);
}

void gguf_put_i32(struct gguf_keys *k, const char *key, int32_t v)
{
    begin(k, key, GGUF_I32);
    put(&k->text, &v, sizeof v);
}

void gguf_put_u32(struct gguf_keys *k, const char *key, uint32_t v)
{
    begin(k, key, GGUF_U32);
    put_u32(&k->text, v);
}

void gguf_put_f32(struct gguf_keys *k, const char *key, float v)
{
    begin(k, key, GGUF_F32);
    put(&k->text, &v, sizeof v);
}

void gguf_put_bool(struct gguf_keys *k, const char *key, int v)
{
    begin(k, key, GGUF_BOOL);
    put(&k->text, v ? "\1" : "\0", 1);
}

void gguf_put_str(struct gguf_keys *k, const char *key, const char *v, size_t n)
{
    begin(k, key, GGUF_STR);
    put_str(&k->text, v, n);
}

void gguf_put_bytes(struct gguf_keys *k, const char *key, const void *v, size_t n)
{
    gguf_put_array(k, key, GGUF_U8, n);
    put(&k->text, v, n);
}

void gguf_put_array(struct gguf_keys *k, const char *key, enum gguf_kind element, uint64_t n)
{
    begin(k, key, GGUF_ARRAY);
    put_u32(&k->text, element);
    put_u64(&k->text, n);
}

void gguf_add_str(struct gguf_keys *k, const char *v, size_t n)
{
    put_str(&k->text, v, n);
}

void gguf_add_i32(struct gguf_keys *k, int32_t v)
{
    put(&k->text, &v, sizeof v);
}

void gguf_add_f32(struct gguf_keys *k, float v)
{
    put(&k->text, &v, sizeof v);
}

const struct ggml_type *gguf_plain_type(enum dtype t)
{
    const struct ggml_type *g = ggml_find(dtype_info(t)->name);

    return g && g->block == 1 ? g : NULL;
}

int gguf_check(const char *name, const struct shape *s, enum dtype dtype, const struct ggml_type *blocks, struct err *e)
{
    char text[200];

    if (strlen(name) > GGUF_NAME_MAX)
        return err_set(e, "%s: name of %zu bytes, GGUF takes %d", name, strlen(name), GGUF_NAME_MAX);
    if (s->rank > 4)
        return err_set(e, "%s: shape %s has %d dimensions, GGUF takes 4", name, shape_text(s, text), s->rank);
    if (!blocks && !gguf_plain_type(dtype))
        return err_set(e, "%s: GGUF has no type for %s", name, dtype_info(dtype)->name);
    return 0;
}

static uint64_t padded(uint64_t n, uint64_t align)
{
    return (n + align - 1) / align * align;
}

static void put_zeros(struct buf *b, uint64_t n)
{
    memset(buf_space(b, (size_t)n + 1), 0, (size_t)n);
    b->len += (size_t)n;
}

/* name, dims fastest first, type, offset in the data; a scalar is one element */
static void put_entry(struct buf *h, const struct pile_item *t, uint64_t at)
{
    const struct ggml_type *type = t->blocks ? t->blocks : gguf_plain_type(t->dtype);
    uint32_t rank = (uint32_t)(t->shape.rank ? t->shape.rank : 1);

    put_str(h, t->name, strlen(t->name));
    put_u32(h, rank);
    for (uint32_t i = rank; i > 0; i--)
        put_u64(h, t->shape.rank ? t->shape.dim[i - 1] : 1);
    put_u32(h, type->number);
    put_u64(h, at);
}

static void make_header(struct buf *h, const struct pile *p, const struct gguf_keys *k, uint64_t align)
{
    uint64_t at = 0;

    buf_puts(h, "GGUF");
    put_u32(h, 3);
    put_u64(h, p->n);
    put_u64(h, k->n);
    put(h, k->text.data, k->text.len);
    for (size_t i = 0; i < p->n; i++) {
        put_entry(h, &p->item[i], at);
        at += padded(p->item[i].bytes, align);
    }
    put_zeros(h, padded(h->len, align) - h->len);
}

static int check_all(const struct pile *p, struct err *e)
{
    for (size_t i = 0; i < p->n; i++)
        if (gguf_check(p->item[i].name, &p->item[i].shape, p->item[i].dtype, p->item[i].blocks, e) < 0)
            return -1;
    return pile_check(p, e);
}

int gguf_write(const struct pile *p, const struct gguf_keys *k, int fd, struct err *e)
{
    uint64_t align = k->align ? k->align : GGUF_ALIGN;
    struct buf h = {0};
    int rc = check_all(p, e);

    if (rc < 0)
        return -1;
    make_header(&h, p, k, align);
    rc = io_write(fd, h.data, h.len, e);
    for (size_t i = 0; i < p->n && rc == 0; i++) {
        uint64_t n = p->item[i].bytes;

        h.len = 0;
        put_zeros(&h, padded(n, align) - n);
        if ((rc = pile_copy(p, i, fd, e)) == 0)
            rc = io_write(fd, h.data, h.len, e);
    }
    buf_free(&h);
    return rc;
}
