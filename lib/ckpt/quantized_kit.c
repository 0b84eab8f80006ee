/* quantized_kit: small things that the methods share. */
#include <stdlib.h>
#include <string.h>

#include "ckpt/quantized_int.h"

void quantized_give(struct file_tensor *t, char *name, const struct shape *shape, enum dtype dense,
                    struct file_value *v)
{
    if (name) {
        free(t->name);
        t->name = name;
    }
    t->shape = *shape;
    t->dtype = dense;
    value_give(t, v);
}

void quantized_round(struct file_value *v, enum dtype t)
{
    if (t == DT_F16 || t == DT_BF16)
        attrs_set_str(&v->attrs, "round", dtype_info(t)->name);
}

void quantized_table(struct file_value *v, enum dtype t)
{
    uint64_t codes = (uint64_t)1 << dtype_info(t)->bits;
    struct value_part *p = value_add(v, "table", t, 1, codes);

    p->vector = 1;
    p->read = read_data;
    for (uint64_t i = 0; i < p->row_bytes; i++) {
        uint8_t byte = (uint8_t)(codes == 16 ? 2 * i | (2 * i + 1) << 4 : i);

        buf_add(&p->data, &byte, 1);
    }
}

uint64_t quantized_count(const struct file_tensor *t)
{
    uint64_t n = 1;

    for (int i = 0; i < t->shape.rank; i++)
        n *= t->shape.dim[i];
    return n;
}

int quantized_number(struct quantized *q, const struct file_tensor *t, float *out, struct err *e)
{
    uint8_t data[8];

    if (quantized_count(t) != 1 || t->bytes > sizeof data || !dtype_info(t->dtype)->reads_f32)
        return err_set(e, "%s does not hold one real number", t->name);
    if (source_read(q->s, t, 0, data, (size_t)t->bytes, e) < 0)
        return -1;
    dtype_to_f32(t->dtype, data, out, 1);
    return 0;
}

static size_t skip_space(const struct buf *t, size_t i)
{
    while (i < t->len && strchr(" \t\r\n", t->data[i]) && t->data[i])
        i++;
    return i;
}

/* The end of the value that begins at text[i]: a string, a number or word, or all between its brackets. */
static size_t value_end(const struct buf *t, size_t i)
{
    int depth = 0;

    for (; i < t->len; i++) {
        uint8_t c = t->data[i];

        if (c == '"') {
            for (i++; i < t->len && t->data[i] != '"'; i++)
                i += t->data[i] == '\\';
            if (depth == 0)
                return i + 1;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                return i;
            if (--depth == 0)
                return i + 1;
        } else if (depth == 0 && strchr(", \t\r\n", c) && c) {
            return i;
        }
    }
    return t->len;
}

void quantized_drop_member(struct buf *text, const char *key)
{
    size_t n = strlen(key), i = skip_space(text, 0) + 1,
           before = 0; /* past the brace; where the comma before the member is, if any */

    while ((i = skip_space(text, i)) < text->len && text->data[i] == '"') {
        size_t from = i, name_end = value_end(text, i), colon = skip_space(text, name_end), end;
        int hit = name_end - from == n + 2 && memcmp(text->data + from + 1, key, n) == 0;

        end = skip_space(text, value_end(text, skip_space(text, colon + 1)));
        if (hit) {
            int last = end >= text->len || text->data[end] != ',';
            size_t cut = last && before ? before : from,
                   to = last ? value_end(text, skip_space(text, colon + 1)) : skip_space(text, end + 1);

            memmove(text->data + cut, text->data + to, text->len - to);
            text->len -= to - cut;
            return;
        }
        if (end >= text->len || text->data[end] != ',')
            return;
        before = end;
        i = end + 1;
    }
}

int quantized_order(struct quantized *q, struct file_value *v, const struct file_tensor *t, uint64_t n, uint64_t group,
                    uint64_t groups, struct err *e)
{
    uint64_t size = !t || t->dtype == DT_I64 ? 8 : 4;
    struct value_part *p;
    uint8_t *data;
    int rc, plain = 1, none = 1;

    if (!t)
        return 0;
    if ((t->dtype != DT_I32 && t->dtype != DT_I64) || quantized_count(t) != n || n > BLOB_MAX_BYTES / 8)
        return err_set(e, "%s: %llu of type %s, %llu columns", t->name, (unsigned long long)quantized_count(t),
                       dtype_info(t->dtype)->name, (unsigned long long)n);
    data = mem_new((size_t)(n * size) + 1, 1);
    rc = source_read(q->s, t, 0, data, (size_t)(n * size), e);
    for (uint64_t i = 0; i < n && rc == 0; i++) {
        uint32_t g;
        uint8_t *at = data + i * size;

        memcpy(&g, at, 4);
        none &= g == UINT32_MAX; /* -1: compressed-tensors' mark of groups that are runs */
        plain &= g == i / group;
        memmove(data + 4 * i, at, 4);
        if (g >= groups && !none)
            rc = err_set(e, "%s: column %llu is of group %u, there are %llu", t->name, (unsigned long long)i, g,
                         (unsigned long long)groups);
    }
    if (rc == 0 && !plain && !none) {
        p = value_add(v, "index", DT_U32, 1, n);
        p->vector = 1;
        p->read = read_data;
        buf_add(&p->data, data, (size_t)n * 4);
    }
    free(data);
    return rc;
}
