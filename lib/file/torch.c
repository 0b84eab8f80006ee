/*
 * torch: PyTorch's state dicts: the zip of torch 1.6 and later (archive/data.pkl, archive/data/KEY), and the pickles
 * before it (magic, protocol, system, object, storage keys, then the storages' bytes). The pickle is read by
 * file/pickle.h, which executes nothing; of the tree only containers, tensors and storages are looked at.
 */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "file/file.h"
#include "file/torch_tree.h"

#define PICKLE_MAX ((uint64_t)256 << 20)

static int probe_zip(const char *path, int is_folder, const uint8_t *first, size_t n)
{
    (void)path;
    return !is_folder && n >= 46 && memcmp(first, "PK\3\4", 4) == 0 && memmem(first, n, "/data.pkl", 9) != NULL;
}

/* LONG1 of ten bytes 0x1950a86a20f9469cfc6c after PROTO 2. */
static const uint8_t magic[] = {0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};

static int probe(const char *path, int is_folder, const uint8_t *first, size_t n)
{
    return probe_zip(path, is_folder, first, n) ||
           (!is_folder && n >= sizeof magic && memcmp(first, magic, sizeof magic) == 0);
}

/* ---- zip ---- */

static int check_byteorder(const struct source *s, int part, const struct archive *a, const char *prefix, struct err *e)
{
    char *name = mem_printf("%sbyteorder", prefix);
    const struct archive_entry *t = archive_find(a, name);
    struct buf b = {0};
    int rc = t ? archive_read(s, part, t, 64, &b, e) : 0;

    if (rc == 0 && t && !(b.len == 6 && memcmp(b.data, "little", 6) == 0))
        rc = err_set(e, "%s is '%.*s'; only little is read", name, (int)b.len, b.data ? (char *)b.data : "");
    buf_free(&b);
    free(name);
    return rc;
}

/* The storages' places: PREFIXdata/KEY. */
static int place_zip(struct source *s, int part, const struct archive *a, const char *prefix, struct torch_tree *t,
                     struct err *e)
{
    for (size_t i = 0; i < t->storages; i++) {
        struct torch_storage *st = &t->storage[i];
        char *name = mem_printf("%sdata/%s", prefix, st->key);
        const struct archive_entry *entry = archive_find(a, name);
        int rc = 0;

        st->part = part;
        if (!entry)
            rc = err_set(e, "the storage %s is missing", name);
        else if (entry->bytes != st->bytes)
            rc = err_set(e, "%s has %llu bytes, its %llu elements of %s want %llu", name,
                         (unsigned long long)entry->bytes, (unsigned long long)st->count, st->type_name,
                         (unsigned long long)st->bytes);
        else
            rc = archive_place(s, entry, &st->part, &st->at, e);
        free(name);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* The one entry that ends in "data.pkl": its folder, or NULL. */
static char *find_prefix(const struct archive *a)
{
    for (size_t i = 0; i < a->entries; i++) {
        size_t n = strlen(a->entry[i].name);

        if (n > 8 && strcmp(a->entry[i].name + n - 9, "/data.pkl") == 0)
            return mem_strndup(a->entry[i].name, n - 8);
    }
    return NULL;
}

static int read_zip(struct source *s, int part, const struct archive *a, const char *prefix, struct err *e)
{
    char *name = mem_printf("%sdata.pkl", prefix);
    struct torch_tree t = {0};
    struct buf b = {0};
    int rc = archive_read(s, part, archive_find(a, name), PICKLE_MAX, &b, e);

    if (rc == 0 && (rc = torch_tree_read(&t, b.data, b.len, e)) != 0)
        rc = err_in(e, "%s", name);
    if (rc == 0)
        rc = check_byteorder(s, part, a, prefix, e) < 0 || place_zip(s, part, a, prefix, &t, e) < 0
                 ? -1
                 : torch_tree_add(&t, s, e);
    torch_tree_free(&t);
    buf_free(&b);
    free(name);
    return rc;
}

static int add_zip(struct source *s, int part, struct err *e)
{
    struct archive a;
    char *prefix = NULL;
    int rc = archive_open(&a, s, part, e);

    if (rc == 0 && !(prefix = find_prefix(&a)))
        rc = err_set(e, "a zip without data.pkl");
    if (rc == 0)
        rc = read_zip(s, part, &a, prefix, e);
    free(prefix);
    archive_close(&a);
    return rc;
}

/* ---- the pickles before ---- */

static int nothing_allowed(const char *name)
{
    (void)name;
    return 0;
}

/* The pickle at *at, whose tree is not wanted: step over it. */
static int skip_pickle(const struct buf *b, size_t *at, struct err *e)
{
    struct pickle k;
    int rc = pickle_read(&k, b->data + *at, b->len - *at, nothing_allowed, e);

    *at += rc == 0 ? k.used : 0;
    pickle_free(&k);
    return rc;
}

/* After the list of keys each storage, in that order: i64 elements, then bytes. */
static int place_raw(struct source *s, int part, const struct pickle_node *keys, uint64_t at, struct torch_tree *t,
                     struct err *e)
{
    const struct file_part *f = &s->part[part];

    if (keys->kind != PICKLE_LIST)
        return err_set(e, "the list of storages is %s", pickle_kind_name(keys));
    for (size_t i = 0; i < keys->items; i++) {
        struct torch_storage *st =
            keys->item[i]->kind == PICKLE_TEXT ? torch_tree_storage(t, keys->item[i]->text, keys->item[i]->n) : NULL;
        int64_t count;

        if (!st || st->placed)
            return err_set(e, "storage %zu of the list is in no tensor, or listed twice", i);
        if (f->bytes - at < 8 || io_pread(f->fd, &count, 8, at, e) < 0)
            return err_set(e, "the file ends at %llu, before storage %s", (unsigned long long)f->bytes, st->key);
        if (count < 0 || (uint64_t)count != st->count)
            return err_set(e, "storage %s has %lld elements in the file, %llu in the pickle", st->key, (long long)count,
                           (unsigned long long)st->count);
        at += 8;
        if (st->bytes > f->bytes - at)
            return err_set(e, "storage %s ends at %llu, the file at %llu", st->key,
                           (unsigned long long)(at + st->bytes), (unsigned long long)f->bytes);
        st->part = part;
        st->at = at;
        st->placed = 1;
        at += st->bytes;
    }
    for (size_t i = 0; i < t->storages; i++)
        if (!t->storage[i].placed)
            return err_set(e, "storage %s is not in the list of storages", t->storage[i].key);
    return 0;
}

/* b holds the file's first bytes. 1: they end too early. */
static int read_legacy(struct source *s, int part, const struct buf *b, struct err *e)
{
    struct torch_tree t = {0};
    struct pickle keys = {0};
    size_t at = 0;
    int rc = 0;

    for (int i = 0; i < 3 && rc == 0; i++) /* magic, protocol, system */
        rc = skip_pickle(b, &at, e);
    if (rc == 0 && (rc = torch_tree_read(&t, b->data + at, b->len - at, e)) == 0)
        at += t.pickle.used;
    if (rc == 0)
        rc = pickle_read(&keys, b->data + at, b->len - at, nothing_allowed, e);
    if (rc == 0 && (rc = place_raw(s, part, keys.root, at + keys.used, &t, e)) == 0)
        rc = torch_tree_add(&t, s, e);
    pickle_free(&keys);
    torch_tree_free(&t);
    return rc;
}

static int add_legacy(struct source *s, int part, struct err *e)
{
    uint64_t all = s->part[part].bytes, most = all < PICKLE_MAX ? all : PICKLE_MAX;
    struct buf b = {0};
    int rc = 1;

    for (uint64_t n = 1 << 20; rc == 1 && b.len < most; n *= 8) {
        uint64_t more = (n < most ? n : most) - b.len;

        if (io_pread(s->part[part].fd, buf_space(&b, (size_t)more), (size_t)more, b.len, e) < 0)
            rc = -1;
        b.len += (size_t)more;
        rc = rc < 0 ? -1 : read_legacy(s, part, &b, e);
    }
    buf_free(&b);
    return rc ? -1 : 0;
}

int torch_add(struct source *s, const char *path, struct err *e)
{
    int part = source_add_part(s, path, e), rc;
    uint8_t first[4] = {0};

    if (part < 0)
        return -1;
    rc = s->part[part].bytes < 4 ? err_set(e, "%llu bytes are no state dict", (unsigned long long)s->part[part].bytes)
                                 : io_pread(s->part[part].fd, first, 4, 0, e);
    if (rc == 0)
        rc = memcmp(first, "PK\3\4", 4) == 0 ? add_zip(s, part, e) : add_legacy(s, part, e);
    return rc < 0 ? err_in(e, "%s", path) : 0;
}

const struct file_format file_torch = {"torch", "PyTorch's state dicts: .pt, .bin, .pth", probe, torch_add};
