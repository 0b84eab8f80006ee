#include "wire/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "base/claim.h"
#include "base/io.h"
#include "wire/frame_parts.h"
#include "wire/sum.h"

#define BUFFER_BYTES ((size_t)64 << 10)
#define HEADER_MAX 128 /* more than any frame's header or footer */

struct frame_out *frame_out_open(int fd, const char *name)
{
    struct frame_out *out = mem_new(1, sizeof *out);

    out->fd = fd;
    out->name = mem_strdup(name);
    out->buf = mem_resize(NULL, BUFFER_BYTES, 1);
    XXH3_64bits_reset(&out->digest);
    io_enlarge_pipe(fd);
    out->claimed = claim_pipe(fd);
    return out;
}

void frame_out_close(struct frame_out *out)
{
    if (!out)
        return;
    if (out->claimed)
        claim_drop(out->fd);
    free(out->name);
    free(out->buf);
    free(out);
}

int frame_out_flush(struct frame_out *out, struct err *e)
{
    size_t n = out->len;

    out->len = 0;
    return io_write(out->fd, out->buf, n, e) < 0 ? err_in(e, "%s", out->name) : 0;
}

/* What waits and p in one system call where the kernel takes both. */
static int write_both(struct frame_out *out, const uint8_t *p, size_t n, struct err *e)
{
    struct iovec v[2] = {{out->buf, out->len}, {(void *)(uintptr_t)p, n}};
    size_t waiting = out->len;
    ssize_t put;

    do
        put = writev(out->fd, v, 2);
    while (put < 0 && errno == EINTR);
    out->len = 0;
    if (put < 0) {
        err_errno(e, "cannot write");
        return err_in(e, "%s", out->name);
    }
    if ((size_t)put < waiting && io_write(out->fd, out->buf + put, waiting - (size_t)put, e) < 0)
        return err_in(e, "%s", out->name);
    put = (size_t)put < waiting ? 0 : put - (ssize_t)waiting;
    return io_write(out->fd, p + put, n - (size_t)put, e) < 0 ? err_in(e, "%s", out->name) : 0;
}

int frame_out_bytes(struct frame_out *out, const void *p, size_t n, struct err *e)
{
    out->total.bytes += n;
    if (n >= BUFFER_BYTES / 4)
        return write_both(out, p, n, e);
    if (n > BUFFER_BYTES - out->len && frame_out_flush(out, e) < 0)
        return -1;
    if (n)
        memcpy(out->buf + out->len, p, n);
    out->len += n;
    return 0;
}

/* tag and v as big endian bytes at *p, which moves on. */
static void put(uint8_t **p, uint8_t tag, uint64_t v, int bytes)
{
    *(*p)++ = tag;
    while (bytes--)
        *(*p)++ = (uint8_t)(v >> (8 * bytes));
}

int frame_out_record(struct frame_out *out, const char *kind, const void *body, size_t n, struct err *e)
{
    uint8_t head[HEADER_MAX], foot[9], *p = head, *q = foot;
    size_t kind_bytes = strlen(kind);
    uint64_t sum = sum_record(&out->sum, kind, body, n);

    if (n > FRAME_BODY_MAX)
        return err_set(e, "%s: a %s record's header has %zu bytes, the limit is %u", out->name, kind, n,
                       FRAME_BODY_MAX);
    if (strcmp(kind, "head") == 0) {
        out->total = (struct frame_sum){0};
        XXH3_64bits_reset(&out->digest);
    } else {
        out->total.records++;
    }
    memcpy(p, "\x94\xc4\x08" FRAME_MAGIC, 11);
    p += 11;
    if (kind_bytes < 32)
        *p++ = (uint8_t)(0xa0 | kind_bytes);
    else
        put(&p, 0xd9, kind_bytes, 1);
    memcpy(p, kind, kind_bytes);
    p += kind_bytes;
    put(&p, 0xc6, n, 4);
    put(&q, 0xcf, sum, 8);
    sum_digest_add(&out->digest, sum);
    return frame_out_bytes(out, head, (size_t)(p - head), e) < 0 || frame_out_bytes(out, body, n, e) < 0 ||
                   frame_out_bytes(out, foot, sizeof foot, e) < 0
               ? -1
               : 0;
}

int frame_out_header(struct frame_out *out, const struct frame_chunk *c, struct err *e)
{
    uint8_t head[HEADER_MAX], *p = head;

    *p++ = 0x95;
    put(&p, 0xce, c->part, 4);
    put(&p, 0xcf, c->row, 8);
    put(&p, 0xcc, c->codec, 1);
    put(&p, 0xcf, c->checksum, 8);
    put(&p, 0xc6, c->stored, 4);
    out->total.chunks++;
    sum_digest_add(&out->digest, c->checksum);
    return frame_out_bytes(out, head, (size_t)(p - head), e);
}

int frame_out_chunk(struct frame_out *out, uint32_t part, uint64_t row, int codec, const void *payload, size_t n,
                    struct err *e)
{
    struct frame_chunk c = {.part = part, .row = row, .codec = (uint8_t)codec, .stored = (uint32_t)n};

    if (n > FRAME_CHUNK_MAX)
        return err_set(e, "%s: a chunk has %zu bytes, the limit is %u", out->name, n, FRAME_CHUNK_MAX);
    sum_chunk_begin(&out->sum, &c);
    XXH3_64bits_update(&out->sum, payload, n);
    c.checksum = XXH3_64bits_digest(&out->sum);
    return frame_out_header(out, &c, e) < 0 ? -1 : frame_out_bytes(out, payload, n, e);
}

struct frame_sum frame_out_sum(const struct frame_out *out)
{
    struct frame_sum s = out->total;

    s.digest = XXH3_64bits_digest(&out->digest);
    return s;
}
