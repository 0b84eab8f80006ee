#include "wire/frame.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "wire/frame_parts.h"
#include "wire/mp.h"
#include "wire/sum.h"

#define STEP_BYTES ((size_t)1 << 20) /* a body or payload is given room by so much at a time */

struct frame_in *frame_in_open(int fd, const char *name)
{
    struct frame_in *in = mem_new(1, sizeof *in);

    in->fd = fd;
    in->name = mem_strdup(name);
    in->buf = mem_pages(FRAME_IN_BUFFER);
    in->ahead = FRAME_IN_BUFFER;
    in->pass = 1;
    XXH3_64bits_reset(&in->digest);
    io_enlarge_pipe(fd);
    return in;
}

void frame_in_close(struct frame_in *in)
{
    if (!in)
        return;
    free(in->name);
    free(in->buf);
    free(in);
}

void frame_in_place(struct frame_in *in, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(in->place, sizeof in->place, fmt, ap);
    va_end(ap);
}

int frame_in_fail(const struct frame_in *in, struct err *e)
{
    return in->place[0] ? err_in(e, "%s: %s", in->name, in->place) : err_in(e, "%s", in->name);
}

int frame_in_fail_end(const struct frame_in *in, int inside, struct err *e)
{
    return err_set(e, "%s: input ends %s %s, no tail: was the upstream command killed or did it fail?", in->name,
                   inside ? "inside" : "after", in->place);
}

static int fail(const struct frame_in *in, struct err *e)
{
    return frame_in_fail(in, e);
}

static int fail_end(const struct frame_in *in, struct err *e)
{
    return frame_in_fail_end(in, 1, e);
}

void frame_in_link(struct frame_in *in, struct frame_out *out)
{
    in->behind = out;
}

/* Would a read wait? Then what the linked output holds goes out first. */
static int let_go(struct frame_in *in, struct err *e)
{
    struct pollfd p = {in->fd, POLLIN, 0};

    if (!in->behind || !in->behind->len || poll(&p, 1, 0) != 0)
        return 0;
    return frame_out_flush(in->behind, e);
}

/* One read(2) of up to n bytes to dst; 0 at the end of input. */
static ssize_t read_some(struct frame_in *in, void *dst, size_t n, struct err *e)
{
    ssize_t got;

    if (let_go(in, e) < 0)
        return -1;
    do
        got = read(in->fd, dst, n);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        err_errno(e, "cannot read");
        return fail(in, e);
    }
    return got;
}

/* See that n bytes (few) wait in the buffer. Returns how many do: less only at the end of input; -1 on error. */
static ssize_t wait_for(struct frame_in *in, size_t n, struct err *e)
{
    ssize_t got = 1;

    if (in->pos + n > FRAME_IN_BUFFER || in->pos == in->len) {
        memmove(in->buf, in->buf + in->pos, in->len - in->pos);
        in->len -= in->pos;
        in->pos = 0;
    }
    while (in->len - in->pos < n && got > 0) {
        size_t room = FRAME_IN_BUFFER - in->len;

        got = read_some(in, in->buf + in->len, room < in->ahead ? room : in->ahead, e);
        if (got < 0)
            return -1;
        in->len += (size_t)got;
    }
    return (ssize_t)(in->len - in->pos);
}

/* Exactly n bytes to dst: from the buffer, then straight from the descriptor. */
static int take(struct frame_in *in, void *dst, size_t n, struct err *e)
{
    size_t here = in->len - in->pos;

    if (here > n)
        here = n;
    memcpy(dst, in->buf + in->pos, here);
    in->pos += here;
    in->total.bytes += here;
    for (uint8_t *p = (uint8_t *)dst + here; here < n;) {
        ssize_t got = read_some(in, p, n - here, e);

        if (got < 0)
            return -1;
        if (got == 0)
            return fail_end(in, e);
        p += got;
        here += (size_t)got;
        in->total.bytes += (uint64_t)got;
    }
    return 0;
}

/* A msgpack integer at or above 0, in any encoding. what is for messages. */
static int take_uint(struct frame_in *in, const char *what, uint64_t *u, struct err *e)
{
    uint8_t b[9];
    struct mp_in m = {b, b + 1};
    struct mp_value v;
    int more;

    if (take(in, b, 1, e) < 0)
        return -1;
    more = b[0] >= 0xcc && b[0] <= 0xcf ? 1 << (b[0] - 0xcc) : b[0] >= 0xd0 && b[0] <= 0xd3 ? 1 << (b[0] - 0xd0) : 0;
    if (more && take(in, b + 1, (size_t)more, e) < 0)
        return -1;
    m.end += more;
    if (mp_next(&m, &v) < 0 || v.kind != MP_INT || v.negative) {
        err_set(e, "%s should be an integer from 0 up, its first byte is 0x%02x", what, b[0]);
        return fail(in, e);
    }
    *u = v.u;
    return 0;
}

/* The length of a msgpack string (str) or binary, in any encoding. */
static int take_length(struct frame_in *in, const char *what, int str, uint32_t limit, uint32_t *n, struct err *e)
{
    uint8_t b[5] = {0};
    uint8_t first = str ? 0xd9 : 0xc4;
    int more = 0;

    if (take(in, b, 1, e) < 0)
        return -1;
    if (str && b[0] >= 0xa0 && b[0] < 0xc0) {
        *n = b[0] & 31;
    } else if (b[0] >= first && b[0] <= first + 2) {
        more = 1 << (b[0] - first);
        if (take(in, b + 1, (size_t)more, e) < 0)
            return -1;
        *n = 0;
        for (int i = 1; i <= more; i++)
            *n = *n << 8 | b[i];
    } else {
        err_set(e, "%s should be %s, its first byte is 0x%02x", what, str ? "a string" : "binary", b[0]);
        return fail(in, e);
    }
    if (*n > limit) {
        err_set(e, "%s has %u bytes, the limit is %u", what, *n, limit);
        return fail(in, e);
    }
    return 0;
}

int frame_in_next(struct frame_in *in, struct err *e)
{
    ssize_t got = wait_for(in, 1, e);
    uint8_t tag;

    if (got <= 0)
        return got < 0 ? -1 : FRAME_END;
    tag = in->buf[in->pos];
    if (tag == 0x94)
        return FRAME_RECORD;
    if (tag == 0x95 && in->frames)
        return FRAME_CHUNK;
    if (in->frames)
        return err_set(e, "%s: %s is followed by byte 0x%02x, not by a record (0x94) or a chunk (0x95)", in->name,
                       in->place, tag);
    return err_set(e, "%s: begins with byte 0x%02x, not 0x94: not a weir stream", in->name, tag);
}

static int take_magic(struct frame_in *in, struct err *e)
{
    uint8_t b[11];

    if (take(in, b, sizeof b, e) < 0)
        return -1;
    if (memcmp(b + 1, "\xc4\x08" FRAME_MAGIC, 10) == 0)
        return 0;
    if (memcmp(b + 1, "\xc4\x08\x89weir", 7) == 0)
        err_set(e, "the magic's line end is %02x %02x %02x, not 0d 0a 1a: was the stream sent as text?", b[8], b[9],
                b[10]);
    else if (in->frames)
        err_set(e, "a record begins without the magic \"\\x89weir\"");
    else
        return err_set(e, "%s: begins without the magic \"\\x89weir\": not a weir stream", in->name);
    return fail(in, e);
}

/* n bytes appended to b, which grows as they arrive. */
static int take_growing(struct frame_in *in, struct buf *b, size_t n, struct err *e)
{
    while (n) {
        size_t step = n < STEP_BYTES ? n : STEP_BYTES;

        if (take(in, buf_space(b, step), step, e) < 0)
            return -1;
        b->len += step;
        n -= step;
    }
    return 0;
}

static void count_record(struct frame_in *in, const struct frame_record *r, uint64_t start)
{
    if (strcmp(r->kind, "head") == 0) {
        in->total = (struct frame_sum){.bytes = in->total.bytes - start};
        XXH3_64bits_reset(&in->digest);
    } else {
        in->total.records++;
    }
    sum_digest_add(&in->digest, r->checksum);
}

int frame_in_record(struct frame_in *in, struct frame_record *r, struct err *e)
{
    uint64_t start = in->total.bytes, sum;
    uint32_t n;

    r->before = in->total;
    r->before.digest = XXH3_64bits_digest(&in->digest);
    frame_in_place(in, "record %llu", (unsigned long long)in->frames + 1);
    if (take_magic(in, e) < 0 || take_length(in, "the kind", 1, FRAME_KIND_MAX, &n, e) < 0)
        return -1;
    in->frames++;
    if (take(in, r->kind, n, e) < 0)
        return -1;
    r->kind[n] = '\0';
    if (n == 0 || !mp_is_text(r->kind, n)) {
        err_set(e, "the kind is %s", n ? "not UTF-8" : "empty");
        return fail(in, e);
    }
    frame_in_place(in, "record %llu (%s)", (unsigned long long)in->frames, r->kind);
    r->body.len = 0;
    buf_space(&r->body, 1); /* never NULL, be it empty */
    if (take_length(in, "the body", 0, FRAME_BODY_MAX, &n, e) < 0 || take_growing(in, &r->body, n, e) < 0 ||
        take_uint(in, "the checksum", &r->checksum, e) < 0)
        return -1;
    sum = sum_record(&in->sum, r->kind, r->body.data, n);
    if (sum != r->checksum) {
        err_set(e, "checksum says %016llx, the bytes give %016llx: damaged on the way", (unsigned long long)r->checksum,
                (unsigned long long)sum);
        return fail(in, e);
    }
    count_record(in, r, start);
    return 0;
}

int frame_in_chunk(struct frame_in *in, struct frame_chunk *c, struct err *e)
{
    uint64_t part, codec;
    uint8_t tag;

    if (take(in, &tag, 1, e) < 0 || take_uint(in, "a chunk's part", &part, e) < 0 ||
        take_uint(in, "a chunk's first row", &c->row, e) < 0 || take_uint(in, "a chunk's codec", &codec, e) < 0 ||
        take_uint(in, "a chunk's checksum", &c->checksum, e) < 0 ||
        take_length(in, "a chunk's payload", 0, FRAME_CHUNK_MAX, &c->stored, e) < 0)
        return -1;
    if (part > UINT32_MAX || codec > UINT8_MAX) {
        err_set(e, "a chunk is of part %llu and codec %llu: out of range", (unsigned long long)part,
                (unsigned long long)codec);
        return fail(in, e);
    }
    c->part = (uint32_t)part;
    c->codec = (uint8_t)codec;
    in->chunk = *c;
    in->left = c->stored;
    in->unread = 0;
    sum_chunk_begin(&in->sum, c);
    return 0;
}

int frame_in_peek(struct frame_in *in, const uint8_t **p, size_t want, struct err *e)
{
    size_t n = want < in->left ? want : in->left;
    ssize_t got = wait_for(in, n, e);

    if (got < 0)
        return -1;
    if ((size_t)got < n)
        return fail_end(in, e);
    *p = in->buf + in->pos;
    return 0;
}

int frame_in_bytes(struct frame_in *in, void *dst, size_t n, struct err *e)
{
    if (take(in, dst, n, e) < 0)
        return -1;
    XXH3_64bits_update(&in->sum, dst, n);
    in->left -= (uint32_t)n;
    return 0;
}

int frame_in_rest(struct frame_in *in, struct buf *b, struct err *e)
{
    size_t from = b->len, n = in->left;

    if (take_growing(in, b, n, e) < 0)
        return -1;
    XXH3_64bits_update(&in->sum, b->data + from, n);
    in->left = 0;
    return 0;
}

int frame_in_waiting(struct frame_in *in, const uint8_t **p, size_t *n, struct err *e)
{
    ssize_t got = wait_for(in, 1, e);

    if (got <= 0)
        return got < 0 ? -1 : fail_end(in, e);
    *n = (size_t)got < in->left ? (size_t)got : in->left;
    *p = in->buf + in->pos;
    in->pos += *n;
    in->total.bytes += *n;
    in->left -= (uint32_t)*n;
    XXH3_64bits_update(&in->sum, *p, *n);
    return 0;
}

int frame_in_chunk_end(struct frame_in *in, struct err *e)
{
    const uint8_t *p;
    uint64_t sum;
    size_t n;

    while (in->left)
        if (frame_in_waiting(in, &p, &n, e) < 0)
            return -1;
    sum = in->unread ? in->chunk.checksum : XXH3_64bits_digest(&in->sum);
    if (sum != in->chunk.checksum) {
        err_set(e, "chunk at row %llu of part %u: checksum says %016llx, the bytes give %016llx: damaged on the way",
                (unsigned long long)in->chunk.row, in->chunk.part, (unsigned long long)in->chunk.checksum,
                (unsigned long long)sum);
        return fail(in, e);
    }
    in->total.chunks++;
    sum_digest_add(&in->digest, sum);
    return 0;
}
