/* gguf: a GGUF file as a source of tensors. Offsets must be the running sum of padded sizes, as ggml's own reader
 * demands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file/file.h"
#include "file/gguf.h"
#include "file/gguf_cursor.h"

#define SPLITS_MAX 65535 /* split.no is a u16 */

static int probe(const char *path, int is_folder, const uint8_t *first, size_t n)
{
    (void)path;
    return !is_folder && n >= 4 && memcmp(first, "GGUF", 4) == 0;
}

static uint64_t padded(uint64_t n, uint64_t align)
{
    return (n + align - 1) / align * align;
}

/* Dims come fastest first. */
static int read_dims(struct cursor *c, struct shape *s, struct err *e)
{
    uint32_t n;
    uint64_t count = 1;

    if (cursor_u32(c, &n, e) < 0)
        return -1;
    if (n > 4)
        return err_set(e, "%u dimensions, 4 at most", n);
    s->rank = (int)n;
    for (uint32_t i = n; i > 0; i--) {
        uint64_t d;

        if (cursor_u64(c, &d, e) < 0)
            return -1;
        if (d > INT64_MAX)
            return err_set(e, "dimension %u is %lld, which is negative", n - i, (long long)d);
        if (mem_mul(count, d, &count) < 0 || count > INT64_MAX)
            return err_set(e, "the product of the dimensions overflows at %llu", (unsigned long long)d);
        s->dim[i - 1] = d;
    }
    return 0;
}

static int read_type(uint32_t number, struct file_tensor *t, struct err *e)
{
    const struct ggml_type *g = ggml_by_number(number);
    int dt = -1;

    if (!g)
        return err_set(e, "type %u is unknown or was removed from ggml", number);
    for (int i = 0; g->block == 1 && i < DT_COUNT && dt < 0; i++)
        if (gguf_plain_type((enum dtype)i) == g)
            dt = i;
    t->dtype = dt >= 0 ? (enum dtype)dt : DT_U8;
    t->blocks = dt >= 0 ? NULL : g;
    return 0;
}

static int measure(struct file_tensor *t, struct err *e)
{
    uint64_t cols = t->shape.rank ? t->shape.dim[t->shape.rank - 1] : 1, rows = 1, row;

    for (int i = 0; i + 1 < t->shape.rank; i++)
        rows *= t->shape.dim[i]; /* the whole product was checked */
    if (cols == 0 || rows == 0) {
        t->bytes = 0;
        return 0;
    }
    row = t->blocks ? ggml_row_bytes(t->blocks, cols) : 0;
    if (t->blocks && !row)
        return err_set(e, "rows of %llu elements do not fill %s blocks of %u", (unsigned long long)cols,
                       t->blocks->name, t->blocks->block);
    if (!t->blocks && dtype_bytes(t->dtype, cols, &row) < 0)
        return err_set(e, "rows of %llu elements overflow", (unsigned long long)cols);
    if (mem_mul(rows, row, &t->bytes) < 0 || t->bytes > INT64_MAX)
        return err_set(e, "%llu rows of %llu bytes overflow", (unsigned long long)rows, (unsigned long long)row);
    return 0;
}

static int read_entry(struct cursor *c, struct file_tensor *t, uint64_t running, struct err *e)
{
    uint32_t type;

    if (strlen(t->name) > GGUF_NAME_MAX)
        return err_set(e, "a name of %zu bytes, %d at most", strlen(t->name), GGUF_NAME_MAX);
    if (read_dims(c, &t->shape, e) < 0 || cursor_u32(c, &type, e) < 0 || read_type(type, t, e) < 0 ||
        measure(t, e) < 0 || cursor_u64(c, &t->offset, e) < 0)
        return -1;
    if (t->offset != running)
        return err_set(e, "its data begin at %llu, but what comes before ends at %llu", (unsigned long long)t->offset,
                       (unsigned long long)running);
    return 0;
}

static int read_entries(struct source *s, int part, const struct gguf_in *g, struct cursor *c, struct err *e)
{
    uint64_t running = 0;

    for (uint64_t i = 0; i < g->tensors; i++) {
        char *name = cursor_name(c, "a tensor's name", e);
        struct file_tensor *t;

        if (!name)
            return err_in(e, "tensor %llu of %llu", (unsigned long long)i + 1, (unsigned long long)g->tensors);
        t = source_add_tensor(s);
        t->name = name;
        t->part = part;
        if (read_entry(c, t, running, e) < 0)
            return err_in(e, "%s", name);
        if (t->bytes > INT64_MAX - running - g->align)
            return err_set(e, "%s: the tensors' sizes overflow", name);
        running += padded(t->bytes, g->align);
    }
    return 0;
}

/* Offsets become absolute; the data must be there. */
static int place(struct source *s, size_t first, int part, uint64_t data, struct err *e)
{
    uint64_t have = s->part[part].bytes;

    for (size_t i = first; i < s->tensors; i++) {
        struct file_tensor *t = &s->tensor[i];

        t->offset += data;
        if (t->bytes && (t->offset > have || t->bytes > have - t->offset))
            return err_set(e, "%s: its data end at %llu, the file at %llu", t->name,
                           (unsigned long long)(t->offset + t->bytes), (unsigned long long)have);
    }
    return 0;
}

/* The keys as a GGUF of no tensors, which travels as a blob: so they come back as they were. split.* says how the bytes
 * lay in files, which is over. */
static void add_keys(struct source *s, const struct gguf_in *g)
{
    struct gguf_keys k = {0};

    for (uint64_t i = 0; i < g->values; i++)
        if (strncmp(g->value[i].key, "split.", 6) != 0)
            gguf_put_value(&k, g, &g->value[i]);
    gguf_keys_file(&k, &source_add_blob(s, GGUF_BLOB)->data);
    gguf_keys_free(&k);
}

static int read_part(struct source *s, const char *path, struct gguf_in *g, struct err *e)
{
    int part = source_add_part(s, path, e);
    struct cursor c = {.text = &g->text};
    size_t first = s->tensors;

    if (part < 0)
        return -1;
    c.fd = s->part[part].fd;
    c.bytes = s->part[part].bytes;
    if (gguf_read_keys(g, &c, e) < 0 || read_entries(s, part, g, &c, e) < 0 ||
        place(s, first, part, padded(c.at, g->align), e) < 0)
        return err_in(e, "%s", path);
    return 0;
}

/* "PREFIX-00002-of-00007.gguf" of part 2 of 7; its length before the number, or 0 when the path ends in no such thing.
 * */
static size_t split_prefix(const char *path, int64_t no, int64_t count)
{
    char end[40];
    size_t n = strlen(path),
           k = (size_t)snprintf(end, sizeof end, "-%05lld-of-%05lld.gguf", (long long)no, (long long)count);

    return n > k && strcmp(path + n - k, end) == 0 ? n - k : 0;
}

/* A part's own word of which it is: split.no counts from 0 and must be `no`, split.count must be `count`. */
static int check_split(const struct gguf_in *g, int64_t no, int64_t count, struct err *e)
{
    if (gguf_int(g, "split.no", -1) != no)
        return err_set(e, "split.no is %lld, part %lld of %lld says %lld", (long long)gguf_int(g, "split.no", -1),
                       (long long)no + 1, (long long)count, (long long)no);
    if (gguf_int(g, "split.count", -1) != count)
        return err_set(e, "split.count is %lld, in the part before it was %lld",
                       (long long)gguf_int(g, "split.count", -1), (long long)count);
    return 0;
}

/* Parts 1 to count of prefix. The first part's keys count. */
static int read_parts(struct source *s, const char *prefix, int prefix_n, int64_t count, struct err *e)
{
    int64_t want = -1;
    size_t first = s->tensors;

    for (int64_t i = 0; i < count; i++) {
        struct gguf_in g = {0};
        char *path = mem_printf("%.*s-%05lld-of-%05lld.gguf", prefix_n, prefix, (long long)i + 1, (long long)count);
        int rc = read_part(s, path, &g, e);

        if (rc == 0 && check_split(&g, i, count, e) < 0)
            rc = err_in(e, "%s", path);
        if (rc == 0 && i == 0) {
            add_keys(s, &g);
            want = gguf_int(&g, "split.tensors.count", -1);
        }
        free(path);
        gguf_close(&g);
        if (rc < 0)
            return -1;
    }
    if (want >= 0 && (uint64_t)want != s->tensors - first)
        return err_set(e, "%.*s: split.tensors.count is %lld, the %lld parts hold %zu tensors", prefix_n, prefix,
                       (long long)want, (long long)count, s->tensors - first);
    return 0;
}

/* Forget the tensors and the part that were added since, to read them again in their order. */
static void forget(struct source *s, size_t tensors, int parts)
{
    while (s->tensors > tensors)
        free(s->tensor[--s->tensors].name);
    while (s->parts > parts) {
        free(s->part[--s->parts].path);
        close(s->part[s->parts].fd);
    }
}

/* A part of a split file that came with its brothers already: cat and shells name them all. */
static int is_there(const struct source *s, const char *path)
{
    for (int i = 0; i < s->parts; i++)
        if (strcmp(s->part[i].path, path) == 0 && strstr(path, "-of-"))
            return 1;
    return 0;
}

static int open_file(struct source *s, const char *path, struct err *e)
{
    struct gguf_in g = {0};
    size_t tensors = s->tensors, n;
    int parts = s->parts, rc;
    int64_t count, no;

    if (is_there(s, path))
        return 0;
    rc = read_part(s, path, &g, e);
    count = gguf_int(&g, "split.count", 1);
    no = gguf_int(&g, "split.no", 0);
    if (rc == 0 && count <= 1) {
        add_keys(s, &g);
    } else if (rc == 0) {
        forget(s, tensors, parts);
        if (count > SPLITS_MAX || no < 0 || no >= count || !(n = split_prefix(path, no + 1, count)))
            rc =
                err_set(e, "%s: split.no %lld of split.count %lld, and its name does not end in -%05lld-of-%05lld.gguf",
                        path, (long long)no, (long long)count, (long long)no + 1, (long long)count);
        else
            rc = read_parts(s, path, (int)n, count, e);
    }
    gguf_close(&g);
    return rc;
}

const struct file_format file_gguf = {"gguf", "GGUF, versions 2 and 3, split files too", probe, open_file};
