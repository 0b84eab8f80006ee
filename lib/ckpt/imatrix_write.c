/* imatrix: the way out, and what a quantized GGUF says of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "ckpt/imatrix.h"

static int by_name(const void *a, const void *b)
{
    const struct imatrix_entry *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

static const struct imatrix_entry **sorted(const struct imatrix *m)
{
    const struct imatrix_entry **list = mem_new(m->n + 1, sizeof *list);

    for (size_t i = 0; i < m->n; i++)
        list[i] = &m->entry[i];
    qsort(list, m->n, sizeof *list, by_name);
    return list;
}

static int pile_floats(struct pile *p, const char *stem, const char *suffix, const float *v, uint64_t experts,
                       uint64_t n, struct err *e)
{
    struct shape s = {experts > 1 ? 2 : 1,
                      {experts > 1 ? experts : n, n}}; /* as ggml counts dimensions: no ones at the end */
    char *name = mem_printf("%s%s", stem, suffix);
    int rc = pile_add(p, name, &s, DT_F32, NULL, e) < 0 ? -1 : pile_put(p, p->n - 1, 0, v, experts * n * sizeof *v, e);

    free(name);
    return rc;
}

static int write_gguf(const struct imatrix *m, int fd, struct err *e)
{
    const struct imatrix_entry **list = sorted(m);
    struct gguf_keys k = {0};
    struct pile pile = {.fd = -1};
    int rc = pile_open(&pile, "-", e);

    gguf_put_str(&k, "general.type", "imatrix", 7);
    gguf_put_array(&k, "imatrix.datasets", GGUF_STR, (uint64_t)m->datasets);
    for (int i = 0; i < m->datasets; i++)
        gguf_add_str(&k, m->dataset[i], strlen(m->dataset[i]));
    gguf_put_u32(&k, "imatrix.chunk_count", (uint32_t)m->chunks);
    gguf_put_u32(&k, "imatrix.chunk_size", (uint32_t)m->chunk_size);
    for (size_t i = 0; rc == 0 && i < m->n; i++) {
        const struct imatrix_entry *x = list[i];

        rc = pile_floats(&pile, x->name, ".in_sum2", x->sum2, x->experts, x->values / x->experts, e);
        if (rc == 0)
            rc = pile_floats(&pile, x->name, ".counts", x->count, x->experts, 1, e);
    }
    if (rc == 0)
        rc = gguf_write(&pile, &k, fd, e);
    gguf_keys_free(&k);
    pile_close(&pile);
    free(list);
    return rc;
}

static void add_int(struct buf *b, int64_t v)
{
    int32_t i = (int32_t)v;

    buf_add(b, &i, 4);
}

/* Means times calls; experts without a token get 1, which says nothing. */
static void dat_entry(struct buf *b, const struct imatrix_entry *x, int64_t chunk)
{
    int64_t calls = 0;

    for (uint64_t i = 0; i < x->experts; i++) {
        int64_t n = ((int64_t)x->count[i] + chunk - 1) / chunk;

        calls = n > calls ? n : calls;
    }
    add_int(b, (int64_t)strlen(x->name));
    buf_puts(b, x->name);
    add_int(b, calls);
    add_int(b, (int64_t)x->values);
    for (uint64_t i = 0; i < x->values; i++) {
        float count = x->count[i / (x->values / x->experts)], v = (count > 0 ? x->sum2[i] / count : 1) * (float)calls;

        buf_add(b, &v, sizeof v);
    }
}

static int write_dat(const struct imatrix *m, int fd, struct err *e)
{
    const struct imatrix_entry **list = sorted(m);
    struct buf b = {0};
    const char *set = m->datasets ? m->dataset[0] : "";
    int rc;

    add_int(&b, (int64_t)m->n);
    for (size_t i = 0; i < m->n; i++)
        dat_entry(&b, list[i], m->chunk_size > 0 ? m->chunk_size : 512);
    add_int(&b, m->chunks);
    add_int(&b, (int64_t)strlen(set));
    buf_puts(&b, set);
    rc = io_write(fd, b.data, b.len, e);
    buf_free(&b);
    free(list);
    return rc;
}

int imatrix_write(const struct imatrix *m, int dat, int fd, struct err *e)
{
    if (!m->n)
        return err_set(e, "no tensor has the companion norm2 and a name in a GGUF; run mcalib first");
    return dat ? write_dat(m, fd, e) : write_gguf(m, fd, e);
}

/* As in histories: where a file lies on this machine is nobody's business. */
static const char *without_folder(const char *path)
{
    return path[0] == '/' ? strrchr(path, '/') + 1 : path;
}

void imatrix_note(const struct imatrix *m, const char *path, struct attrs *head)
{
    imatrix_forget(head);
    if (path)
        attrs_set_str(head, "imatrix_file", without_folder(path));
    if (m->datasets)
        attrs_set_str(head, "imatrix_dataset", without_folder(m->dataset[0]));
    if (m->n)
        attrs_set_int(head, "imatrix_entries", (int64_t)m->n);
    if (m->chunks > 0)
        attrs_set_int(head, "imatrix_chunks", m->chunks);
    if (m->chunk_size > 0)
        attrs_set_int(head, "imatrix_chunk_size", m->chunk_size);
}

void imatrix_forget(struct attrs *head)
{
    static const char *const key[] = {"imatrix_file", "imatrix_dataset", "imatrix_entries", "imatrix_chunks",
                                      "imatrix_chunk_size"};

    for (size_t i = 0; i < sizeof key / sizeof *key; i++)
        attrs_drop(head, key[i]);
}

void imatrix_noted(struct imatrix *m, const struct attrs *head)
{
    const char *set = attrs_str(head, "imatrix_dataset", NULL);
    int64_t most = 0;

    if (set && !m->datasets) {
        m->dataset = mem_new(1, sizeof *m->dataset);
        m->dataset[m->datasets++] = mem_strdup(set);
    }
    for (size_t i = 0; i < m->n; i++)
        for (uint64_t k = 0; k < m->entry[i].experts; k++)
            most = (int64_t)m->entry[i].count[k] > most ? (int64_t)m->entry[i].count[k] : most;
    m->chunk_size = attrs_int(head, "imatrix_chunk_size", 512);
    m->chunk_size = m->chunk_size > 0 ? m->chunk_size : 512;
    m->chunks = attrs_int(head, "imatrix_chunks", most / m->chunk_size);
}

/* A file of the stream: the names of a GGUF are in one. */
static int pass_blob(struct to_gguf *names, struct reader *in, struct item *it, struct writer *out, struct err *e)
{
    struct buf data = {0};
    int rc = item_load(in, it, &data, e);

    if (rc == 0)
        rc = to_gguf_blob(names, it->name, data.data, data.len, e);
    if (rc == 0)
        rc = blob_write(out, it->name, data.data, data.len, e);
    buf_free(&data);
    return rc;
}

static int pass_tensor(struct imatrix *m, struct to_gguf *names, struct reader *in, struct bundle *b,
                       struct writer *out, uint64_t *given, struct err *e)
{
    int got = b->shape.rank < 2 ? 0 : bundle_load(in, b, e) < 0 ? -1 : imatrix_attach(m, names, b, e);

    *given += got > 0;
    return got < 0 ? -1 : bundle_write(out, in, b, e);
}

int imatrix_flow(struct imatrix *m, const char *path, struct reader *in, struct writer *out, uint64_t *unused,
                 struct err *e)
{
    struct to_gguf names;
    uint64_t given = 0;
    struct item it = {0};
    int got;

    *unused = 0;
    to_gguf_open(&names, &reader_head(in)->model, NULL);
    imatrix_note(m, path, &writer_head(out)->more);
    while ((got = stream_next(in, &it, e)) > 0) {
        if (it.kind == ITEM_BLOB)
            got = pass_blob(&names, in, &it, out, e);
        else
            got =
                it.kind == ITEM_TENSOR ? pass_tensor(m, &names, in, &it.b, out, &given, e) : item_copy(in, &it, out, e);
        if (got < 0)
            break;
    }
    for (size_t i = 0; i < m->n; i++)
        *unused += !m->entry[i].used;
    item_free(&it);
    to_gguf_close(&names);
    if (got == 0 && !given)
        return err_set(e, "%s: none of its %zu entries is a tensor of this stream", path, m->n);
    return got;
}

/* As llama-quantize writes them. */
void imatrix_keys(const struct attrs *head, struct gguf_keys *k)
{
    static const struct {
        const char *from, *to;
        int text;
    } key[] = {{"imatrix_file", "quantize.imatrix.file", 1},
               {"imatrix_dataset", "quantize.imatrix.dataset", 1},
               {"imatrix_entries", "quantize.imatrix.entries_count", 0},
               {"imatrix_chunks", "quantize.imatrix.chunks_count", 0}};

    for (size_t i = 0; i < sizeof key / sizeof *key; i++) {
        const char *text = attrs_str(head, key[i].from, "");

        if (!attrs_find(head, key[i].from))
            continue;
        if (key[i].text)
            gguf_put_str(k, key[i].to, text, strlen(text));
        else
            gguf_put_u32(k, key[i].to, (uint32_t)attrs_int(head, key[i].from, 0));
    }
}
