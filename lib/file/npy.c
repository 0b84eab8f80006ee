/* npy: reading. Source: numpy, lib/format.py (its description of versions 1 to 3). */
#include "file/npy.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "file/archive.h"
#include "file/strided.h"

#define HEADER_MAX 65536u

static const struct {
    const char *name;
    enum dtype dtype;
} types[] = {{"<f8", DT_F64}, {"<f4", DT_F32},  {"<f2", DT_F16}, {"<i8", DT_I64}, {"<i4", DT_I32},
             {"<i2", DT_I16}, {"|i1", DT_I8},   {"<u8", DT_U64}, {"<u4", DT_U32}, {"<u2", DT_U16},
             {"|u1", DT_U8},  {"|b1", DT_BOOL}, {"<c8", DT_C64}};

const char *npy_type(enum dtype t)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].dtype == t)
            return types[i].name;
    return NULL;
}

/* ---- the header, a literal of Python ---- */

struct text {
    const char *p, *end;
};

static void blanks(struct text *t)
{
    while (t->p < t->end && (*t->p == ' ' || *t->p == '\n'))
        t->p++;
}

static int next_is(struct text *t, const char *word)
{
    size_t n = strlen(word);

    blanks(t);
    if ((size_t)(t->end - t->p) < n || memcmp(t->p, word, n) != 0)
        return 0;
    t->p += n;
    return 1;
}

/* 'word' or "word" into out; -1: something else. */
static int quoted(struct text *t, char out[64])
{
    char q;
    size_t n = 0;

    blanks(t);
    if (t->p == t->end || (*t->p != '\'' && *t->p != '"'))
        return -1;
    for (q = *t->p++; t->p < t->end && *t->p != q && n < 63; t->p++)
        out[n++] = *t->p;
    out[n] = '\0';
    return t->p < t->end && *t->p++ == q ? 0 : -1;
}

static int read_type(struct text *t, struct file_tensor *out, struct err *e)
{
    char name[64];

    if (quoted(t, name) < 0)
        return err_set(e, "descr is no plain type; arrays of records are not read");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(name, types[i].name) == 0) {
            out->dtype = types[i].dtype;
            return 0;
        }
    return err_set(e, "type '%s' is not read; %s", name,
                   *name == '>' ? "its bytes are in the other order" : "it is no number that tensors hold");
}

static int read_shape(struct text *t, struct shape *s, struct err *e)
{
    if (!next_is(t, "("))
        return err_set(e, "shape is no tuple");
    while (!next_is(t, ")")) {
        uint64_t v = 0;
        int digits = 0;

        for (; t->p < t->end && *t->p >= '0' && *t->p <= '9' && digits < 19; t->p++, digits++)
            v = v * 10 + (uint64_t)(*t->p - '0');
        if (!digits || v > INT64_MAX)
            return err_set(e, "dimension %d of shape is not a natural number", s->rank);
        if (s->rank == RANK_MAX)
            return err_set(e, "shape has more than %d dimensions", RANK_MAX);
        s->dim[s->rank++] = v;
        if (next_is(t, ")"))
            return 0;
        if (!next_is(t, ","))
            return err_set(e, "shape is not closed");
    }
    return 0;
}

/* The three keys, each once, in any order. */
static int read_header(struct text *t, struct file_tensor *out, int *fortran, struct err *e)
{
    int seen = 0;
    char key[64];

    if (!next_is(t, "{"))
        return err_set(e, "the header is no dict");
    while (!next_is(t, "}")) {
        int which;

        if (quoted(t, key) < 0 || !next_is(t, ":"))
            return err_set(e, "the header is no dict of texts");
        which = strcmp(key, "descr") == 0           ? 1
                : strcmp(key, "fortran_order") == 0 ? 2
                : strcmp(key, "shape") == 0         ? 4
                                                    : 0;
        if (!which || seen & which)
            return err_set(e, "the header's key '%s' is not known, or there twice", key);
        seen |= which;
        if ((which == 1 && read_type(t, out, e) < 0) || (which == 4 && read_shape(t, &out->shape, e) < 0))
            return -1;
        if (which == 2 && !(*fortran = next_is(t, "True")) && !next_is(t, "False"))
            return err_set(e, "fortran_order is neither True nor False");
        if (!next_is(t, ",") && (blanks(t), t->p == t->end || *t->p != '}'))
            return err_set(e, "the header's dict is not closed after '%s'", key);
    }
    blanks(t);
    if (seen != 7 || t->p != t->end)
        return err_set(e, "the header lacks one of descr, fortran_order, shape, or goes on after its dict");
    return 0;
}

/* Sizes against the bytes that are there: from `at` of the part up to `end`. */
static int check_size(struct file_tensor *t, uint64_t at, uint64_t end, struct err *e)
{
    uint64_t count = 1;
    char text[200];

    for (int i = 0; i < t->shape.rank; i++)
        if (mem_mul(count, t->shape.dim[i], &count) < 0)
            return err_set(e, "shape %s overflows", shape_text(&t->shape, text));
    if (dtype_bytes(t->dtype, count, &t->bytes) < 0 || t->bytes > INT64_MAX)
        return err_set(e, "shape %s overflows", shape_text(&t->shape, text));
    if (t->bytes != end - at)
        return err_set(e, "%s of shape %s is %llu bytes, %llu are there", dtype_info(t->dtype)->name,
                       shape_text(&t->shape, text), (unsigned long long)t->bytes, (unsigned long long)(end - at));
    t->offset = at;
    return 0;
}

/* Columns first: put in the order of rows. */
static int turn(struct source *s, struct file_tensor *t, struct err *e)
{
    int64_t stride[RANK_MAX], step = 1;

    for (int i = 0; i < t->shape.rank; i++) {
        stride[i] = step;
        step *= (int64_t)t->shape.dim[i]; /* the whole product was checked */
    }
    return strided_plain(&t->shape, stride) ? 0 : strided_copy(s, t, stride, (size_t)dtype_info(t->dtype)->bits / 8, e);
}

/* The array in bytes [at, end) of t->part. */
static int read_array(struct source *s, struct file_tensor *t, uint64_t at, uint64_t end, struct err *e)
{
    const struct file_part *f = &s->part[t->part];
    uint8_t b[12];
    uint32_t n;
    char *text;
    struct text cursor;
    int rc, fortran = 0;

    if (end - at < 12 || io_pread(f->fd, b, 12, at, e) < 0)
        return err_set(e, "%llu bytes are too few for an array", (unsigned long long)(end - at));
    if (memcmp(b, "\x93NUMPY", 6) != 0 || b[6] < 1 || b[6] > 3 || b[7])
        return err_set(e, "not an array of numpy's version 1, 2 or 3");
    n = b[6] == 1 ? b[8] | (uint32_t)b[9] << 8
                  : b[8] | (uint32_t)b[9] << 8 | (uint32_t)b[10] << 16 | (uint32_t)b[11] << 24;
    at += b[6] == 1 ? 10 : 12;
    if (n > HEADER_MAX || n > end - at)
        return err_set(e, "a header of %u bytes, %llu are there and %u at most", n, (unsigned long long)(end - at),
                       HEADER_MAX);
    text = mem_new(n + 1, 1);
    cursor = (struct text){text, text + n};
    rc = io_pread(f->fd, text, n, at, e) < 0 || read_header(&cursor, t, &fortran, e) < 0 ||
                 check_size(t, at + n, end, e) < 0
             ? -1
             : 0;
    free(text);
    return rc == 0 && fortran ? turn(s, t, e) : rc;
}

static int add_array(struct source *s, int part, char *name, uint64_t at, uint64_t end, struct err *e)
{
    struct file_tensor t = {.name = name, .part = part};

    if (read_array(s, &t, at, end, e) < 0) {
        err_in(e, "%s", name);
        free(name);
        return -1;
    }
    *source_add_tensor(s) = t;
    return 0;
}

/* ---- .npy ---- */

static int probe_npy(const char *path, int is_folder, const uint8_t *first, size_t n)
{
    (void)path;
    return !is_folder && n >= 6 && memcmp(first, "\x93NUMPY", 6) == 0;
}

/* The last part of a path without its suffix. */
static char *stem(const char *path, const char *suffix)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t n = strlen(name), k = strlen(suffix);

    return mem_strndup(name, n > k && strcmp(name + n - k, suffix) == 0 ? n - k : n);
}

static int open_npy(struct source *s, const char *path, struct err *e)
{
    int part = source_add_part(s, path, e);

    if (part < 0)
        return -1;
    return add_array(s, part, stem(path, ".npy"), 0, s->part[part].bytes, e) < 0 ? err_in(e, "%s", path) : 0;
}

const struct file_format file_npy = {"npy", "one array of numpy", probe_npy, open_npy};

/* ---- .npz ---- */

/* A zip that is not PyTorch's (which is asked before) and is called so, or whose first entry is an array. */
static int probe_npz(const char *path, int is_folder, const uint8_t *first, size_t n)
{
    size_t len = strlen(path);

    return !is_folder && n >= 4 && (memcmp(first, "PK\3\4", 4) == 0 || memcmp(first, "PK\5\6", 4) == 0) &&
           ((len > 4 && strcmp(path + len - 4, ".npz") == 0) || memmem(first, n, ".npy", 4));
}

static int add_entries(struct source *s, int part, const struct archive *a, struct err *e)
{
    for (size_t i = 0; i < a->entries; i++) {
        const struct archive_entry *t = &a->entry[i];
        size_t n = strlen(t->name);
        uint64_t at;
        int where = part;

        if (n < 5 || strcmp(t->name + n - 4, ".npy") != 0)
            return err_set(e, "the entry %s is no array (.npy)", t->name);
        if (archive_place(s, t, &where, &at, e) < 0 ||
            add_array(s, where, mem_strndup(t->name, n - 4), at, at + t->bytes, e) < 0)
            return -1;
    }
    return 0;
}

static int open_npz(struct source *s, const char *path, struct err *e)
{
    int part = source_add_part(s, path, e), rc;
    struct archive a;

    if (part < 0)
        return -1;
    rc = archive_open(&a, s, part, e);
    if (rc == 0)
        rc = add_entries(s, part, &a, e);
    archive_close(&a);
    return rc < 0 ? err_in(e, "%s", path) : 0;
}

const struct file_format file_npz = {"npz", "several arrays of numpy, in a zip", probe_npz, open_npz};
