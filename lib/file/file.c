#include "file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/foreign.h"
#include "base/io.h"
#include "file/value.h"

#define FORMAT(name) extern const struct file_format file_##name;
#include "file/file.def"
#undef FORMAT

const struct file_format *const file_formats[] = {
#define FORMAT(name) &file_##name,
#include "file/file.def"
#undef FORMAT
    NULL};

/* A clone without git-lfs has pointers of some 130 bytes in place of files. */
static int check_pointer(const char *path, const void *first, size_t n, struct err *e)
{
    const char *what = n >= 7 && memcmp(first, "version", 7) == 0 ? foreign_file(first, n) : NULL;

    return what ? err_set(e, "%s: %s", path, what) : 0;
}

int source_add_part(struct source *s, const char *path, struct err *e)
{
    char first[FOREIGN_BYTES];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        return err_errno(e, "cannot open %s", path);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return err_set(e, "%s is no regular file; a checkpoint is read by seeking", path);
    }
    got = pread(fd, first, sizeof first, 0);
    if (got < 0 ? err_errno(e, "%s: cannot read", path) : check_pointer(path, first, (size_t)got, e)) {
        close(fd);
        return -1;
    }
    s->part = mem_resize(s->part, (size_t)s->parts + 1, sizeof *s->part);
    s->part[s->parts] = (struct file_part){mem_strdup(path), fd, (uint64_t)st.st_size};
    return s->parts++;
}

int source_add_spool(struct source *s, const char *path, int fd, uint64_t bytes)
{
    char *name = mem_strdup(path); /* path may be that of a part, which moves */

    s->part = mem_resize(s->part, (size_t)s->parts + 1, sizeof *s->part);
    s->part[s->parts] = (struct file_part){name, fd, bytes};
    return s->parts++;
}

struct file_tensor *source_add_tensor(struct source *s)
{
    s->tensor = mem_resize(s->tensor, s->tensors + 1, sizeof *s->tensor);
    memset(&s->tensor[s->tensors], 0, sizeof *s->tensor);
    return &s->tensor[s->tensors++];
}

struct file_blob *source_add_blob(struct source *s, const char *name)
{
    s->blob = mem_resize(s->blob, (size_t)s->blobs + 1, sizeof *s->blob);
    s->blob[s->blobs] = (struct file_blob){mem_strdup(name), NULL, {0}};
    return &s->blob[s->blobs++];
}

/* What stands at path: 1 a folder, 0 a file of whose first bytes at most *n are put into first, -1 unreadable. */
static int look(const char *path, uint8_t *first, size_t *n, struct err *e)
{
    struct stat st;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a fifo must not hang us: it is refused */

    if (fd < 0 || fstat(fd, &st) < 0) {
        err_errno(e, "cannot open %s", path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (S_ISREG(st.st_mode) && (got = io_read(fd, first, *n, e)) >= 0) {
        *n = (size_t)got;
        close(fd);
        return 0;
    }
    close(fd);
    *n = 0;
    if (S_ISDIR(st.st_mode))
        return 1;
    return err_set(e, "%s is neither a regular file nor a folder; a checkpoint is read by seeking", path);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A tensor's name that comes twice in the source, or NULL. */
static const char *name_twice(const struct source *s)
{
    const char **name = mem_new(s->tensors + 1, sizeof *name), *hit = NULL;

    for (size_t i = 0; i < s->tensors; i++)
        name[i] = s->tensor[i].name;
    qsort(name, s->tensors, sizeof *name, by_text);
    for (size_t i = 1; i < s->tensors && !hit; i++)
        if (strcmp(name[i - 1], name[i]) == 0)
            hit = name[i];
    free(name);
    return hit;
}

static int check_names(const struct source *s, const char *path, struct err *e)
{
    const char *twice = name_twice(s);

    if (twice)
        return err_set(e, "%s: tensor %s is there twice", path, twice);
    for (int i = 0; i < s->blobs; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(s->blob[i].name, s->blob[k].name) == 0)
                return err_set(e, "%s: a file %s came from an earlier path already", path, s->blob[i].name);
    return 0;
}

int source_open(struct source *s, const char *path, struct err *e)
{
    static const uint8_t weir[4] = {0x94, 0xc4, 0x08, 0x89};
    uint8_t first[64];
    size_t n = sizeof first;
    int folder = look(path, first, &n, e);

    if (folder < 0)
        return -1;
    if (n >= 4 && memcmp(first, weir, 4) == 0)
        return err_set(e, "%s is a stream already: read it with tcat or as standard input", path);
    for (int i = 0; file_formats[i]; i++)
        if (file_formats[i]->probe(path, folder, first, n)) {
            s->format = file_formats[i];
            return s->format->open(s, path, e) < 0 ? -1 : check_names(s, path, e);
        }
    if (folder)
        return err_set(e, "%s: no safetensors in this folder", path);
    if (check_pointer(path, first, n, e) < 0)
        return -1;
    return err_set(e, "%s: not a checkpoint of a format known here (%zu bytes looked at)", path, n);
}

void source_close(struct source *s)
{
    for (int i = 0; i < s->parts; i++) {
        free(s->part[i].path);
        close(s->part[i].fd);
    }
    for (size_t i = 0; i < s->tensors; i++) {
        free(s->tensor[i].name);
        value_free(s->tensor[i].value);
    }
    for (int i = 0; i < s->blobs; i++) {
        free(s->blob[i].name);
        free(s->blob[i].path);
        buf_free(&s->blob[i].data);
    }
    free(s->part);
    free(s->tensor);
    free(s->blob);
    attrs_free(&s->meta);
    memset(s, 0, sizeof *s);
}

int source_read(const struct source *s, const struct file_tensor *t, uint64_t at, void *out, size_t n, struct err *e)
{
    const struct file_part *p = &s->part[t->part];

    if (io_pread(p->fd, out, n, t->offset + at, e) < 0)
        return err_in(e, "%s", p->path);
    return 0;
}

int source_part(const struct source *s, const struct file_tensor *t, const struct view *v, const struct part *p,
                uint64_t row, uint64_t n, void *out, struct err *e)
{
    return t->value ? value_read(s, t, v, p, row, n, out, e) : source_read_rows(s, t, v, row, n, out, e);
}

int source_load(const struct source *s, const struct file_tensor *t, const struct view *v, struct bundle *b,
                struct err *e)
{
    int rc = 0;

    for (int i = 0; i < b->parts && rc == 0; i++) {
        struct part *p = &b->part[i];

        if (p->term < 0 || p->data)
            continue;
        p->data = mem_resize(NULL, p->rows * p->row_bytes + 1, 1);
        rc = source_part(s, t, v, p, 0, p->rows, p->data, e);
    }
    b->loaded = rc == 0;
    return rc;
}

const char *file_type_name(const struct file_tensor *t)
{
    return t->blocks ? t->blocks->name : dtype_info(t->dtype)->name;
}

int file_header(struct bundle *b, const struct file_tensor *t, const char *name, const struct shape *shape,
                struct err *e)
{
    uint64_t bytes;

    if (bundle_set_shape(b, shape, e) < 0)
        return -1;
    if (!t->blocks && !t->value && dtype_bytes(t->dtype, b->cols, &bytes) < 0)
        return err_set(e, "rows of %llu %s elements do not fill whole bytes", (unsigned long long)b->cols,
                       file_type_name(t));
    b->name = mem_strdup(name);
    b->layer = b->expert = -1;
    attrs_set_str(&b->more, "dtype", file_type_name(t));
    if (t->value)
        return value_header(b, t, e);
    bundle_add_term(b, t->blocks ? "ggml" : "dense");
    if (t->blocks) {
        struct shape s = {2, {b->rows, ggml_row_bytes(t->blocks, b->cols)}};

        attrs_set_str(&b->term[0].attrs, "type", t->blocks->name);
        bundle_declare_part(b, 0, "blocks", DT_U8, &s);
    } else {
        bundle_declare_part(b, 0, "dense", t->dtype, shape);
    }
    return 0;
}

int source_blob(const struct source *s, int i, struct buf *out, struct err *e)
{
    struct buf b = {0};
    int rc = 0;

    if (!s->blob[i].path)
        buf_add(out, s->blob[i].data.data, s->blob[i].data.len);
    else if ((rc = io_slurp(s->blob[i].path, BLOB_MAX_BYTES, &b, e)) == 0 &&
             (rc = check_pointer(s->blob[i].path, b.data, b.len, e)) == 0)
        buf_add(out, b.data, b.len);
    buf_free(&b);
    return rc;
}
