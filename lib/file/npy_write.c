/* npy_write: arrays of numpy, one, or several in a stored zip (64-bit where sizes ask for it). */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/io.h"
#include "file/npy.h"

static void put16(struct buf *b, unsigned v)
{
    buf_add(b, (uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8)}, 2);
}

static void put32(struct buf *b, uint32_t v)
{
    put16(b, v & 0xffff);
    put16(b, v >> 16);
}

static void put64(struct buf *b, uint64_t v)
{
    put32(b, (uint32_t)v);
    put32(b, (uint32_t)(v >> 32));
}

/* The prefix of an array: as numpy writes version 1, a multiple of 64 bytes. */
static void put_header(struct buf *b, const struct pile_item *t)
{
    struct buf d = {0};

    buf_printf(&d, "{'descr': '%s', 'fortran_order': False, 'shape': (", npy_type(t->dtype));
    for (int i = 0; i < t->shape.rank; i++)
        buf_printf(&d, "%s%llu", i ? ", " : "", (unsigned long long)t->shape.dim[i]);
    buf_puts(&d, t->shape.rank == 1 ? ",), }" : "), }");
    while ((10 + d.len + 1) % 64)
        buf_puts(&d, " ");
    buf_puts(&d, "\n");
    buf_add(b, "\x93NUMPY\1\0", 8);
    put16(b, (unsigned)d.len);
    buf_add(b, d.data, d.len);
    buf_free(&d);
}

static int check_types(const struct pile *p, struct err *e)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct pile_item *t = &p->item[i];

        if (t->blocks || !npy_type(t->dtype))
            return err_set(e, "%s: numpy has no type for %s", t->name,
                           t->blocks ? t->blocks->name : dtype_info(t->dtype)->name);
    }
    return pile_check(p, e);
}

int npy_write(const struct pile *p, int fd, struct err *e)
{
    struct buf h = {0};
    int rc = check_types(p, e);

    if (rc == 0 && p->n != 1)
        rc = err_set(e, "%zu tensors; an .npy holds one: choose it with tcat --only, or write an .npz", p->n);
    if (rc == 0) {
        put_header(&h, &p->item[0]);
        rc = io_write(fd, h.data, h.len, e);
    }
    if (rc == 0)
        rc = pile_copy(p, 0, fd, e);
    buf_free(&h);
    return rc;
}

/* CRC-32 of an entry: the array's header, then the data. */
static int checksum(const struct pile *p, size_t item, const struct buf *header, uint32_t *crc, struct err *e)
{
    uint8_t *b = mem_new(1 << 18, 1);
    uint64_t left = p->item[item].bytes, at = p->item[item].at;
    int rc = 0;

    *crc = (uint32_t)crc32(0, header->data, (uInt)header->len);
    while (left && rc == 0) {
        size_t n = left < 1 << 18 ? (size_t)left : 1 << 18;

        if ((rc = io_pread(p->fd, b, n, at, e)) == 0)
            *crc = (uint32_t)crc32(*crc, b, (uInt)n);
        at += n;
        left -= n;
    }
    free(b);
    return rc;
}

/* What both headers of an entry share, from "version needed" to the length of the name. The date is zip's first:
 * 1980-01-01. */
static void put_common(struct buf *b, uint32_t crc, uint64_t bytes, size_t name_n)
{
    uint32_t size = bytes >= UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;

    put16(b, 45);
    put16(b, 1 << 11); /* names are UTF-8 */
    put16(b, 0);
    put16(b, 0);
    put16(b, 0x21);
    put32(b, crc);
    put32(b, size);
    put32(b, size);
    put16(b, (unsigned)name_n);
}

/* The entry in the directory, and its local header where at is NULL. */
static void put_entry(struct buf *b, const char *name, uint32_t crc, uint64_t bytes, const uint64_t *at)
{
    int big = bytes >= UINT32_MAX, far = at && *at >= UINT32_MAX;
    unsigned extra = (big ? 16 : 0) + (far ? 8 : 0);

    put32(b, at ? 0x02014b50 : 0x04034b50);
    if (at)
        put16(b, 45);
    put_common(b, crc, bytes, strlen(name));
    put16(b, extra ? extra + 4 : 0);
    if (at) {
        buf_add(b, "\0\0\0\0\0\0\0\0\0\0", 10); /* comment, volume, attributes */
        put32(b, far ? UINT32_MAX : (uint32_t)*at);
    }
    buf_puts(b, name);
    if (extra) {
        put16(b, 1);
        put16(b, extra);
    }
    if (big) {
        put64(b, bytes);
        put64(b, bytes);
    }
    if (far)
        put64(b, *at);
}

static void put_end(struct buf *b, uint64_t at, uint64_t bytes, uint64_t n)
{
    if (at >= UINT32_MAX || bytes >= UINT32_MAX || n >= UINT16_MAX) {
        put32(b, 0x06064b50);
        put64(b, 44);
        put16(b, 45);
        put16(b, 45);
        put64(b, 0);
        put64(b, n);
        put64(b, n);
        put64(b, bytes);
        put64(b, at);
        put32(b, 0x07064b50);
        put32(b, 0);
        put64(b, at + bytes);
        put32(b, 1);
    }
    put32(b, 0x06054b50);
    put32(b, 0);
    put16(b, n >= UINT16_MAX ? UINT16_MAX : (unsigned)n);
    put16(b, n >= UINT16_MAX ? UINT16_MAX : (unsigned)n);
    put32(b, bytes >= UINT32_MAX ? UINT32_MAX : (uint32_t)bytes);
    put32(b, at >= UINT32_MAX ? UINT32_MAX : (uint32_t)at);
    put16(b, 0);
}

/* One entry to fd, its line of the directory to dir; *at moves on. */
static int write_entry(const struct pile *p, size_t item, int fd, struct buf *dir, uint64_t *at, struct err *e)
{
    const struct pile_item *t = &p->item[item];
    struct buf array = {0}, local = {0};
    char *name = mem_printf("%s.npy", t->name);
    uint32_t crc;
    int rc;

    put_header(&array, t);
    rc = checksum(p, item, &array, &crc, e);
    if (rc == 0) {
        put_entry(&local, name, crc, array.len + t->bytes, NULL);
        put_entry(dir, name, crc, array.len + t->bytes, at);
        *at += local.len + array.len + t->bytes;
        buf_add(&local, array.data, array.len);
        rc = io_write(fd, local.data, local.len, e) < 0 || pile_copy(p, item, fd, e) < 0 ? -1 : 0;
    }
    buf_free(&array);
    buf_free(&local);
    free(name);
    return rc;
}

int npz_write(const struct pile *p, int fd, struct err *e)
{
    struct buf dir = {0};
    uint64_t at = 0, bytes;
    int rc = check_types(p, e);

    for (size_t i = 0; i < p->n && rc == 0; i++)
        rc = write_entry(p, i, fd, &dir, &at, e);
    bytes = dir.len;
    put_end(&dir, at, bytes, p->n);
    if (rc == 0)
        rc = io_write(fd, dir.data, dir.len, e);
    buf_free(&dir);
    return rc;
}
