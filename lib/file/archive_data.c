/* archive_data: the bytes of a zip's entries. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/io.h"
#include "file/archive.h"

#define CHUNK ((size_t)1 << 18)

/* Where unpacked bytes go: a buffer, a file, or with neither nowhere: they are only checked. */
struct sink {
    struct buf *buf;
    int fd;
    uint64_t n;
    uint32_t crc;
};

static int sink_put(struct sink *k, const uint8_t *p, size_t n, const struct archive_entry *t, struct err *e)
{
    if (n > t->bytes - k->n)
        return err_set(e, "it unpacks to more than the %llu bytes claimed", (unsigned long long)t->bytes);
    k->n += n;
    k->crc = (uint32_t)crc32(k->crc, p, (uInt)n);
    if (k->buf)
        buf_add(k->buf, p, n);
    return k->fd < 0 ? 0 : io_write(k->fd, p, n, e);
}

/* One chunk of input through the decoder. 1 at the end of the deflate stream. */
static int inflate_chunk(z_stream *z, uint8_t *out, struct sink *k, const struct archive_entry *t, struct err *e)
{
    do {
        int got;

        z->next_out = out;
        z->avail_out = (uInt)CHUNK;
        got = inflate(z, Z_NO_FLUSH);
        if (got != Z_OK && got != Z_STREAM_END && got != Z_BUF_ERROR)
            return err_set(e, "its deflated data are damaged after %llu bytes: %s", (unsigned long long)k->n,
                           z->msg ? z->msg : "cut short");
        if (sink_put(k, out, CHUNK - z->avail_out, t, e) < 0)
            return -1;
        if (got == Z_STREAM_END)
            return 1;
    } while (z->avail_out == 0 || z->avail_in);
    return 0;
}

static int unpack(const struct file_part *f, const struct archive_entry *t, struct sink *k, struct err *e)
{
    uint8_t *in = mem_new(CHUNK, 1), *out = mem_new(CHUNK, 1);
    z_stream z = {0};
    int rc = 0;

    if (t->deflated && inflateInit2(&z, -15) != Z_OK)
        rc = err_set(e, "zlib cannot begin");
    for (uint64_t at = 0; at < t->stored && rc == 0;) {
        size_t n = t->stored - at < CHUNK ? (size_t)(t->stored - at) : CHUNK;

        if ((rc = io_pread(f->fd, in, n, t->at + at, e)) < 0)
            break;
        at += n;
        z.next_in = in;
        z.avail_in = (uInt)n;
        rc = t->deflated ? inflate_chunk(&z, out, k, t, e) : sink_put(k, in, n, t, e);
    }
    if (t->deflated)
        inflateEnd(&z);
    free(in);
    free(out);
    if (rc < 0)
        return -1;
    if (k->n != t->bytes)
        return err_set(e, "it unpacks to %llu bytes, %llu are claimed", (unsigned long long)k->n,
                       (unsigned long long)t->bytes);
    if (k->crc != t->crc)
        return err_set(e, "its checksum is %08x, the directory says %08x", k->crc, t->crc);
    return 0;
}

int archive_read(const struct source *s, int part, const struct archive_entry *t, uint64_t limit, struct buf *out,
                 struct err *e)
{
    struct sink k = {.buf = out, .fd = -1};

    if (t->bytes > limit)
        return err_set(e, "%s has %llu bytes, %llu at most", t->name, (unsigned long long)t->bytes,
                       (unsigned long long)limit);
    return unpack(&s->part[part], t, &k, e) < 0 ? err_in(e, "%s", t->name) : 0;
}

int archive_place(struct source *s, const struct archive_entry *t, int *part, uint64_t *at, struct err *e)
{
    struct sink k = {.fd = -1};
    int rc;

    *at = t->at;
    if (!t->deflated) /* zlib sums a GB in half a second; what is damaged would go on as weights */
        return unpack(&s->part[*part], t, &k, e) < 0 ? err_in(e, "%s", t->name) : 0;
    if ((k.fd = io_spool(e)) < 0)
        return -1;
    rc = unpack(&s->part[*part], t, &k, e);
    if (rc < 0) {
        close(k.fd);
        return err_in(e, "%s", t->name);
    }
    *part = source_add_spool(s, s->part[*part].path, k.fd, k.n);
    *at = 0;
    return 0;
}
