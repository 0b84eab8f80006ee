/* archive: the directory of a zip, and its entries. Source: APPNOTE.TXT 6.3.10 (PKWARE). */
#include "file/archive.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"

#define END_BYTES 22
#define COMMENT_MAX 65535u
#define RATIO_MAX 1032 /* deflate codes at most 258 bytes in two bits */

static uint16_t le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const uint8_t *p)
{
    return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static uint64_t le64(const uint8_t *p)
{
    return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* What the end record says. */
struct directory {
    uint64_t at, bytes, entries;
};

/* The zip64 end record, to which the locator before the end record points. */
static int read_end64(const struct file_part *f, uint64_t end, struct directory *d, struct err *e)
{
    uint8_t b[56];
    uint64_t at;

    if (end < 20 || io_pread(f->fd, b, 20, end - 20, e) < 0 || le32(b) != 0x07064b50)
        return err_set(e, "the zip's end says 64 bits, but there is no zip64 locator before it");
    at = le64(b + 8);
    if (at > end || end - at < sizeof b)
        return err_set(e, "the zip64 end record is said to be at %llu, past %llu", (unsigned long long)at,
                       (unsigned long long)end);
    if (io_pread(f->fd, b, sizeof b, at, e) < 0)
        return -1;
    if (le32(b) != 0x06064b50)
        return err_set(e, "there is no zip64 end record at %llu", (unsigned long long)at);
    *d = (struct directory){le64(b + 48), le64(b + 40), le64(b + 32)};
    return 0;
}

/* The end record in the last n bytes of a file: the last place where it fits the comment's length; or NULL. */
static const uint8_t *end_record(const uint8_t *b, uint64_t n)
{
    for (uint64_t i = n; i >= END_BYTES; i--) {
        const uint8_t *p = b + i - END_BYTES;

        if (le32(p) == 0x06054b50 && le16(p + 20) == n - i)
            return p;
    }
    return NULL;
}

static int find_end(const struct file_part *f, struct directory *d, struct err *e)
{
    uint64_t n = f->bytes < END_BYTES + COMMENT_MAX ? f->bytes : END_BYTES + COMMENT_MAX;
    uint8_t *b = mem_new((size_t)n + 1, 1);
    int rc = io_pread(f->fd, b, (size_t)n, f->bytes - n, e);
    const uint8_t *p = rc == 0 ? end_record(b, n) : NULL;

    if (rc == 0 && !p)
        rc = err_set(e, "a zip without its end record: was the file cut short?");
    if (rc == 0) {
        *d = (struct directory){le32(p + 16), le32(p + 12), le16(p + 10)};
        if (le16(p + 4) || le16(p + 6) || le16(p + 8) != le16(p + 10))
            rc = err_set(e, "a zip in several volumes");
        else if (d->at == UINT32_MAX || d->bytes == UINT32_MAX || d->entries == UINT16_MAX)
            rc = read_end64(f, f->bytes - n + (uint64_t)(p - b), d, e);
    }
    free(b);
    if (rc == 0 && (d->at > f->bytes || d->bytes > f->bytes - d->at))
        rc = err_set(e, "the zip's directory is said to be bytes %llu to %llu of %llu", (unsigned long long)d->at,
                     (unsigned long long)(d->at + d->bytes), (unsigned long long)f->bytes);
    if (rc == 0 && (d->entries > ARCHIVE_ENTRIES_MAX || d->entries > d->bytes / 46))
        rc = err_set(e, "the zip's directory of %llu bytes is said to have %llu entries", (unsigned long long)d->bytes,
                     (unsigned long long)d->entries);
    return rc;
}

/* 64-bit values from the extra field where the directory has no room for them. */
static int read_extra(const uint8_t *x, size_t n, struct archive_entry *t, struct err *e)
{
    uint64_t *want[3] = {t->bytes == UINT32_MAX ? &t->bytes : NULL, t->stored == UINT32_MAX ? &t->stored : NULL,
                         t->header == UINT32_MAX ? &t->header : NULL};

    while (n >= 4) {
        size_t len = le16(x + 2), at = 4;

        if (len > n - 4)
            return err_set(e, "an extra field of %zu bytes in %zu", len, n - 4);
        for (int i = 0; i < 3 && le16(x) == 1; i++)
            if (want[i]) {
                if (at + 8 > len + 4)
                    return err_set(e, "a zip64 field of %zu bytes is too short", len);
                *want[i] = le64(x + at);
                want[i] = NULL;
                at += 8;
            }
        x += len + 4;
        n -= len + 4;
    }
    return 0;
}

/* One entry of the directory at p, of which n bytes are left; *used of them. */
static int read_entry(const uint8_t *p, size_t n, struct archive_entry *t, size_t *used, struct err *e)
{
    size_t name_n, extra_n;

    if (n < 46 || le32(p) != 0x02014b50)
        return err_set(e, "the zip's directory ends inside an entry, or holds something else");
    name_n = le16(p + 28);
    extra_n = le16(p + 30);
    *used = 46 + name_n + extra_n + le16(p + 32);
    if (*used > n)
        return err_set(e, "an entry of %zu bytes in the zip's directory, %zu are left", *used, n);
    if (name_n == 0 || name_n > NAME_MAX_BYTES || memchr(p + 46, '\0', name_n))
        return err_set(e, "an entry's name has %zu bytes, or holds a NUL", name_n);
    t->name = mem_strndup((const char *)p + 46, name_n);
    t->crc = le32(p + 16);
    t->stored = le32(p + 20);
    t->bytes = le32(p + 24);
    t->header = le32(p + 42);
    t->deflated = le16(p + 10) == 8;
    if (read_extra(p + 46 + name_n, extra_n, t, e) < 0)
        return -1;
    if (le16(p + 8) & 0x2041)
        return err_set(e, "the entry is encrypted");
    if (le16(p + 10) != 0 && le16(p + 10) != 8)
        return err_set(e, "compression method %d; stored (0) and deflate (8) are read", le16(p + 10));
    return 0;
}

static int check_sizes(const struct archive_entry *t, struct err *e)
{
    uint64_t most;

    if (!t->deflated && t->stored != t->bytes)
        return err_set(e, "stored in %llu bytes, said to be %llu", (unsigned long long)t->stored,
                       (unsigned long long)t->bytes);
    if (t->deflated && (mem_mul(t->stored, RATIO_MAX, &most) < 0 || t->bytes > most))
        return err_set(e, "%llu bytes cannot unpack to the %llu claimed", (unsigned long long)t->stored,
                       (unsigned long long)t->bytes);
    return 0;
}

/* The local header must say the same, as far as it says; sets where the data are. */
static int check_local(const struct file_part *f, struct archive_entry *t, uint64_t directory, struct err *e)
{
    uint8_t b[30], *name;
    size_t n = strlen(t->name);
    int rc;

    if (t->header > directory || directory - t->header < 30 + n)
        return err_set(e, "its header is said to be at %llu, the directory is at %llu", (unsigned long long)t->header,
                       (unsigned long long)directory);
    if (io_pread(f->fd, b, 30, t->header, e) < 0)
        return -1;
    if (le32(b) != 0x04034b50 || le16(b + 26) != n || (le16(b + 8) == 8) != t->deflated)
        return err_set(e, "its header at %llu is none, or differs from the directory", (unsigned long long)t->header);
    name = mem_new(n + 1, 1);
    rc = io_pread(f->fd, name, n, t->header + 30, e);
    if (rc == 0 && memcmp(name, t->name, n) != 0)
        rc = err_set(e, "its header at %llu has another name", (unsigned long long)t->header);
    free(name);
    t->at = t->header + 30 + n + le16(b + 28);
    if (rc == 0 && (t->at > directory || t->stored > directory - t->at))
        rc = err_set(e, "its data, bytes %llu to %llu, reach into the directory at %llu", (unsigned long long)t->at,
                     (unsigned long long)(t->at + t->stored), (unsigned long long)directory);
    if (rc == 0 && !(le16(b + 6) & 8) && le32(b + 22) != UINT32_MAX && le32(b + 22) != t->bytes)
        rc = err_set(e, "its header says %u bytes, the directory %llu", le32(b + 22), (unsigned long long)t->bytes);
    return rc;
}

static int by_place(const void *a, const void *b)
{
    const struct archive_entry *x = *(const struct archive_entry *const *)a,
                               *y = *(const struct archive_entry *const *)b;

    return x->header < y->header ? -1 : x->header > y->header;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct archive_entry *const *)a)->name, (*(const struct archive_entry *const *)b)->name);
}

/* No two entries share bytes or a name. */
static int check_all(const struct archive *a, struct err *e)
{
    const struct archive_entry **t = mem_new(a->entries + 1, sizeof *t);
    int rc = 0;

    for (size_t i = 0; i < a->entries; i++)
        t[i] = &a->entry[i];
    qsort(t, a->entries, sizeof *t, by_place);
    for (size_t i = 1; i < a->entries && rc == 0; i++)
        if (t[i]->header < t[i - 1]->at + t[i - 1]->stored)
            rc = err_set(e, "%s: its header at %llu lies inside %s, which ends at %llu", t[i]->name,
                         (unsigned long long)t[i]->header, t[i - 1]->name,
                         (unsigned long long)(t[i - 1]->at + t[i - 1]->stored));
    qsort(t, a->entries, sizeof *t, by_name);
    for (size_t i = 1; i < a->entries && rc == 0; i++)
        if (strcmp(t[i]->name, t[i - 1]->name) == 0)
            rc = err_set(e, "the entry %s is there twice", t[i]->name);
    free(t);
    return rc;
}

static int read_directory(struct archive *a, const struct file_part *f, const struct directory *d, const uint8_t *p,
                          struct err *e)
{
    size_t at = 0, used = 0;

    for (uint64_t i = 0; i < d->entries; i++) {
        struct archive_entry *t;
        int rc;

        a->entry = mem_resize(a->entry, a->entries + 1, sizeof *a->entry);
        t = &a->entry[a->entries++];
        *t = (struct archive_entry){0};
        rc = read_entry(p + at, (size_t)d->bytes - at, t, &used, e);
        if (rc < 0 || check_sizes(t, e) < 0 || check_local(f, t, d->at, e) < 0)
            return t->name ? err_in(e, "%s", t->name) : -1;
        at += used;
    }
    return check_all(a, e);
}

int archive_open(struct archive *a, const struct source *s, int part, struct err *e)
{
    const struct file_part *f = &s->part[part];
    struct directory d = {0};
    uint8_t *p;
    int rc;

    memset(a, 0, sizeof *a);
    if (find_end(f, &d, e) < 0)
        return -1;
    p = mem_new((size_t)d.bytes + 1, 1);
    rc = io_pread(f->fd, p, (size_t)d.bytes, d.at, e);
    if (rc == 0)
        rc = read_directory(a, f, &d, p, e);
    free(p);
    return rc;
}

void archive_close(struct archive *a)
{
    for (size_t i = 0; i < a->entries; i++)
        free(a->entry[i].name);
    free(a->entry);
    memset(a, 0, sizeof *a);
}

const struct archive_entry *archive_find(const struct archive *a, const char *name)
{
    for (size_t i = 0; i < a->entries; i++)
        if (strcmp(a->entry[i].name, name) == 0)
            return &a->entry[i];
    return NULL;
}
