#include "ckpt/imatrix.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "file/file.h"

#define COUNT_MAX 0x1p53f /* of tokens or chunks: whole numbers as doubles and in 64 bits */

void imatrix_free(struct imatrix *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->entry[i].name);
        free(m->entry[i].sum2);
        free(m->entry[i].count);
    }
    for (int i = 0; i < m->datasets; i++)
        free(m->dataset[i]);
    free(m->entry);
    free(m->dataset);
    memset(m, 0, sizeof *m);
}

static struct imatrix_entry *find(const struct imatrix *m, const char *name)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->entry[i].name, name) == 0)
            return &m->entry[i];
    return NULL;
}

static struct imatrix_entry *new_entry(struct imatrix *m, const char *name, uint64_t values, uint64_t experts)
{
    struct imatrix_entry *x;

    m->entry = mem_resize(m->entry, m->n + 1, sizeof *m->entry);
    x = &m->entry[m->n++];
    *x = (struct imatrix_entry){
        mem_strdup(name), values, experts, mem_new(values, sizeof *x->sum2), mem_new(experts, sizeof *x->count), 0};
    return x;
}

/* Add one entry of a file; sums and counts are given to it. */
static int add(struct imatrix *m, const char *name, uint64_t values, uint64_t experts, const float *sum2,
               const float *count, struct err *e)
{
    struct imatrix_entry *x = find(m, name);

    if (values == 0 || experts == 0 || values % experts)
        return err_set(e, "%s: %llu values for %llu counts", name, (unsigned long long)values,
                       (unsigned long long)experts);
    if (x && (x->values != values || x->experts != experts))
        return err_set(e, "%s: %llu values for %llu counts, where it had %llu for %llu", name,
                       (unsigned long long)values, (unsigned long long)experts, (unsigned long long)x->values,
                       (unsigned long long)x->experts);
    for (uint64_t i = 0; i < values; i++)
        if (!(sum2[i] >= 0 && isfinite(sum2[i] + (x ? x->sum2[i] : 0))))
            return err_set(e, "%s: value %llu is %g; a sum of squares is finite, over all files, and not negative",
                           name, (unsigned long long)i, (double)sum2[i]);
    for (uint64_t i = 0; i < experts; i++)
        if (!(count[i] >= 0 && count[i] + (x ? x->count[i] : 0) <= COUNT_MAX))
            return err_set(e, "%s: count %llu is %g; counts are from 0 to 2^53, those of several files together", name,
                           (unsigned long long)i, (double)count[i]);
    if (!x)
        x = new_entry(m, name, values, experts);
    for (uint64_t i = 0; i < values; i++)
        x->sum2[i] += sum2[i];
    for (uint64_t i = 0; i < experts; i++)
        x->count[i] += roundf(count[i]);
    return 0;
}

static void add_dataset(struct imatrix *m, const char *s, size_t n)
{
    m->dataset = mem_resize(m->dataset, (size_t)m->datasets + 1, sizeof *m->dataset);
    m->dataset[m->datasets++] = mem_strndup(s, n);
}

/* The .dat: a cursor over its bytes. */
struct dat {
    const uint8_t *at;
    size_t left;
};

static const uint8_t *take(struct dat *d, uint64_t n)
{
    const uint8_t *p = d->at;

    if (n > d->left)
        return NULL;
    d->at += n;
    d->left -= n;
    return p;
}

static int take_int(struct dat *d, int32_t *v)
{
    const uint8_t *p = take(d, 4);

    if (p)
        memcpy(v, p, 4);
    return p ? 0 : -1;
}

static int dat_entry(struct imatrix *m, struct dat *d, int i, struct err *e)
{
    int32_t length, calls, values;
    const uint8_t *text, *sums;
    char *name;
    float *sum2, count;
    int rc;

    if (take_int(d, &length) < 0 || length < 1 || !(text = take(d, (uint32_t)length)) ||
        memchr(text, 0, (size_t)length))
        return err_set(e, "entry %d has no name", i + 1);
    name = mem_strndup((const char *)text, (size_t)length);
    if (take_int(d, &calls) < 0 || take_int(d, &values) < 0 || values < 1 || !(sums = take(d, 4 * (uint64_t)values))) {
        rc = err_set(e, "entry %d, %.100s, ends early", i + 1, name);
    } else {
        sum2 = mem_new((size_t)values, sizeof *sum2);
        memcpy(sum2, sums, 4 * (size_t)values);
        count = calls > 0 ? (float)calls : 1; /* as llama-quantize: without calls they are means */
        rc = add(m, name, (uint64_t)values, 1, sum2, &count, e);
        free(sum2);
    }
    free(name);
    return rc;
}

static int read_dat(struct imatrix *m, const struct buf *data, struct err *e)
{
    struct dat d = {data->data, data->len};
    int32_t n, chunks, length;
    const uint8_t *text;

    if (take_int(&d, &n) < 0 || n < 1 || (uint64_t)n > data->len / 13)
        return err_set(
            e, "it is no importance matrix of llama.cpp's: neither a GGUF nor entries with a count before them");
    for (int i = 0; i < n; i++)
        if (dat_entry(m, &d, i, e) < 0)
            return -1;
    if (take_int(&d, &chunks) == 0)
        m->chunks += chunks > 0 ? chunks : 0;
    if (take_int(&d, &length) == 0 && length > 0 && (text = take(&d, (uint32_t)length)))
        add_dataset(m, (const char *)text, strnlen((const char *)text, (size_t)length));
    return d.left ? err_set(e, "%zu bytes too many at its end", d.left) : 0;
}

static float *tensor(const struct source *s, const struct file_tensor *t, struct err *e)
{
    float *v;

    if (t->dtype != DT_F32 || t->blocks) {
        err_set(e, "%s is %s, not F32", t->name, file_type_name(t));
        return NULL;
    }
    v = mem_new(shape_count(&t->shape) + 1, sizeof *v);
    if (source_read(s, t, 0, v, (size_t)t->bytes, e) == 0)
        return v;
    free(v);
    return NULL;
}

static const struct file_tensor *find_tensor(const struct source *s, const char *stem, size_t n, const char *suffix)
{
    for (size_t i = 0; i < s->tensors; i++)
        if (strncmp(s->tensor[i].name, stem, n) == 0 && strcmp(s->tensor[i].name + n, suffix) == 0)
            return &s->tensor[i];
    return NULL;
}

static int gguf_entry(struct imatrix *m, const struct source *s, const struct file_tensor *t, size_t stem,
                      struct err *e)
{
    const struct file_tensor *c = find_tensor(s, t->name, stem, ".counts");
    float *sum2 = NULL, *count = NULL;
    char *name = mem_strndup(t->name, stem);
    int rc = c ? 0 : err_set(e, "%s has no %s.counts beside it", t->name, name);

    if (rc == 0 && (!(sum2 = tensor(s, t, e)) || !(count = tensor(s, c, e))))
        rc = -1;
    if (rc == 0)
        rc = add(m, name, shape_count(&t->shape), shape_count(&c->shape), sum2, count, e);
    free(sum2);
    free(count);
    free(name);
    return rc;
}

static int gguf_keys_of(struct imatrix *m, struct source *s, struct err *e)
{
    struct gguf_in in = {0};
    const struct gguf_value *sets;
    struct buf text = {0};
    const char *type, *p;
    size_t n = 0;
    uint64_t at = 0;
    int rc = -1;

    for (int i = 0; i < s->blobs && rc < 0; i++)
        if (strcmp(s->blob[i].name, GGUF_BLOB) == 0)
            rc = source_blob(s, i, &text, e);
    if (rc < 0 || gguf_open_memory(&in, text.data, text.len, e) < 0) {
        buf_free(&text);
        return rc < 0 ? err_set(e, "it is no GGUF") : -1;
    }
    type = gguf_text(&in, "general.type", &n);
    if (!type || n != 7 || memcmp(type, "imatrix", 7) != 0)
        rc = err_set(e, "general.type is '%.*s', not imatrix", (int)(type && n < 80 ? n : 0), type ? type : "");
    m->chunks += gguf_int(&in, "imatrix.chunk_count", 0);
    m->chunk_size = gguf_int(&in, "imatrix.chunk_size", m->chunk_size);
    sets = gguf_find(&in, "imatrix.datasets");
    while (rc == 0 && sets && sets->kind == GGUF_ARRAY && sets->of == GGUF_STR &&
           gguf_next_text(&in, sets, &at, &p, &n))
        add_dataset(m, p, n);
    buf_free(&text);
    gguf_close(&in);
    return rc;
}

static int read_gguf(struct imatrix *m, const char *path, struct err *e)
{
    static const char suffix[] = ".in_sum2";
    struct source s = {0};
    int rc = source_open(&s, path, e);

    if (rc == 0)
        rc = gguf_keys_of(m, &s, e);
    for (size_t i = 0; rc == 0 && i < s.tensors; i++) {
        size_t len = strlen(s.tensor[i].name), n = len > sizeof suffix - 1 ? len - (sizeof suffix - 1) : 0;

        if (n && strcmp(s.tensor[i].name + n, suffix) == 0)
            rc = gguf_entry(m, &s, &s.tensor[i], n, e);
    }
    source_close(&s);
    return rc;
}

/* 1: a GGUF, 0, -1: it cannot be read. */
static int is_gguf(const char *path, struct err *e)
{
    FILE *f = fopen(path, "rb");
    char first[4] = "";
    int yes;

    if (!f)
        return err_errno(e, "cannot open it");
    yes = fread(first, 1, 4, f) == 4 && memcmp(first, "GGUF", 4) == 0;
    fclose(f);
    return yes;
}

static int add_file(struct imatrix *m, const char *path, struct err *e)
{
    struct buf data = {0};
    int gguf = is_gguf(path, e), rc;

    if (gguf < 0)
        return -1;
    if (m->n && gguf == m->by_chunk)
        return err_set(e, "it counts %s, the one before %s; they cannot be added", gguf ? "tokens" : "chunks",
                       gguf ? "chunks" : "tokens");
    m->by_chunk = !gguf;
    if (gguf)
        return read_gguf(m, path, e);
    rc = io_slurp(path, (uint64_t)1 << 30, &data, e);
    if (rc == 0)
        rc = read_dat(m, &data, e);
    buf_free(&data);
    return rc;
}

int imatrix_add(struct imatrix *m, const char *path, struct err *e)
{
    if (add_file(m, path, e) < 0)
        return err_in(e, "%s", path);
    return m->n ? 0 : err_set(e, "%s: it has no entries", path);
}

/* The GGUF name of a weight, and which of its experts it is. 0: it has none. */
static int named(struct to_gguf *names, const struct bundle *b, struct gguf_place *place, struct err *e)
{
    if (b->shape.rank < 2 || (!b->role && !names->has_from))
        return 0;
    return to_gguf_place(names, b, place, e) < 0 ? -1 : !place->skip;
}

int imatrix_attach(struct imatrix *m, struct to_gguf *names, struct bundle *b, struct err *e)
{
    struct gguf_place place;
    struct imatrix_entry *x;
    int got = named(names, b, &place, e);
    uint64_t expert = b->expert > 0 ? (uint64_t)b->expert : 0, from = expert * b->cols;
    struct shape s = {1, {b->cols}};
    float *v, count;

    if (got <= 0 || !(x = find(m, place.name)))
        return got < 0 ? -1 : 0;
    if (x->values % b->cols || from >= x->values || (x->experts > 1 && x->values / x->experts != b->cols) ||
        (b->expert < 0 && x->values != b->cols))
        return err_set(e, "%s: the importance matrix has %llu values for %s, which does not fit %llu columns", b->name,
                       (unsigned long long)x->values, x->name, (unsigned long long)b->cols);
    x->used = 1;
    count = x->count[x->experts > 1 ? expert : 0];
    bundle_drop_part(b, -1, "norm2");
    attrs_set_int(&b->more, "count", (int64_t)count);
    b->touched = 1;
    if (count == 0)
        return 1;
    v = mem_new(b->cols, sizeof *v);
    for (uint64_t i = 0; i < b->cols; i++)
        v[i] = x->sum2[from + i] / count;
    bundle_set_companion(b, "norm2", &s, v);
    free(v);
    return 1;
}

int imatrix_take(struct imatrix *m, struct to_gguf *names, const struct bundle *b, struct err *e)
{
    struct gguf_place place;
    struct imatrix_entry *x;
    int64_t count = attrs_int(&b->more, "count", 1);
    int got = named(names, b, &place, e), seen = bundle_part(b, -1, "norm2") != NULL;
    uint64_t expert = b->expert > 0 ? (uint64_t)b->expert : 0;
    float *v;

    if (got <= 0 || (!seen && count != 0))
        return got < 0 ? -1 : 0;
    if (!(x = find(m, place.name)))
        x = new_entry(m, place.name, b->cols, 1);
    if (expert >= x->experts) {
        x->sum2 = mem_resize(x->sum2, (expert + 1) * b->cols, sizeof *x->sum2);
        x->count = mem_resize(x->count, expert + 1, sizeof *x->count);
        memset(x->sum2 + x->values, 0, ((expert + 1) * b->cols - x->values) * sizeof *x->sum2);
        memset(x->count + x->experts, 0, (expert + 1 - x->experts) * sizeof *x->count);
        x->experts = expert + 1;
        x->values = x->experts * b->cols;
    }
    if (x->values != x->experts * b->cols)
        return err_set(e, "%s: %llu columns, where others of %s have %llu", b->name, (unsigned long long)b->cols,
                       x->name, (unsigned long long)(x->values / x->experts));
    if (!seen)
        return 0;
    if (count < 0 || count > (int64_t)COUNT_MAX)
        return err_set(e, "%s: key count is %lld; it is from 0 to 2^53", b->name, (long long)count);
    if (!(v = bundle_companion(b, "norm2", b->cols, e)))
        return err_in(e, "%s", b->name);
    x->count[expert] = (float)count;
    for (uint64_t i = 0; i < b->cols; i++)
        x->sum2[expert * b->cols + i] = v[i] * (float)count;
    free(v);
    return 0;
}
