/*
 * stream: any bytes are a stream or one clause; what is passed on is a stream again.
 * Input that begins with 0x94 is taken as it is. Other input is made into frames with right checksums, head and tail,
 * so that the fuzzer gets past them: byte 0 to 6 is a record of that kind, u16 LE body length, body; any other byte is
 * a chunk of part byte % 8: first row, codec, u16 LE payload length, payload.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "tensor/stream.h"
#include "tests/fuzz/fuzz.h"
#include "wire/frame.h"
#include "wire/mp.h"

FUZZ_ROOM(MIB(16), 64) /* a chunk of equal rows is told in a few bytes; the target holds tensors of up to 4 MiB. */

/* Files in memory, used again: to make and drop nine of them took most of an input's time. */
enum place { FROM, TO, THIRD };
static int file(enum place i, const void *p, size_t n)
{
    static int made[3] = {-1, -1, -1};

    if (made[i] < 0)
        made[i] = memfd_create("fuzz", 0);
    if (made[i] < 0 || ftruncate(made[i], 0) < 0 || lseek(made[i], 0, SEEK_SET) < 0 ||
        io_write(made[i], p, n, NULL) < 0)
        abort();
    lseek(made[i], 0, SEEK_SET);
    return made[i];
}

/* Chunks of many rows of zeros cost nothing to send: what a header claims must not be loaded without bound here. */
static int small(const struct bundle *b)
{
    uint64_t all = 0;

    for (int i = 0; i < b->parts; i++)
        all += b->part[i].rows * b->part[i].row_bytes;
    return all < 1 << 22;
}

static int rows(struct reader *in, struct bundle *b, struct err *e)
{
    uint64_t row0, n;
    float *w;
    int got;

    if (b->cols > 1 << 20 || b->rows > 1 << 20)
        return 0;
    while ((got = bundle_next_rows(in, b, &row0, &n, &w, e)) > 0)
        continue;
    return got;
}

/* Read fd in one of three ways, and write to another file what is read. 0, or -1. */
static int pass(int fd, int to, int way, struct err *e)
{
    struct reader *in = reader_open(fd, "fuzz", e);
    struct writer *out = in ? writer_open(to, "fuzz out", in, e) : NULL;
    struct item it = {0};
    struct buf payload = {0};
    int got = -1;

    while (in && (got = stream_next(in, &it, e)) > 0) {
        if (it.kind != ITEM_TENSOR)
            got = way ? item_load(in, &it, &payload, e) : item_copy(in, &it, out, e);
        else if (way == 2)
            got = rows(in, &it.b, e);
        else if ((way == 0 || !small(&it.b) || (got = bundle_load(in, &it.b, e)) == 0))
            got = bundle_write(out, in, &it.b, e);
        if (got < 0)
            break;
    }
    if (got == 0 && way == 0)
        got = writer_finish(out, e);
    else
        writer_abandon(out);
    item_free(&it);
    buf_free(&payload);
    reader_close(in);
    return got;
}

static void put_tail(struct frame_out *f)
{
    struct frame_sum sum = frame_out_sum(f);
    const uint64_t v[4] = {sum.records, sum.chunks, sum.bytes, sum.digest};
    static const char *const key[4] = {"records", "chunks", "bytes", "digest"};
    struct buf b = {0};

    mp_put_map(&b, 4);
    for (int i = 0; i < 4; i++) {
        mp_put_str(&b, key[i]);
        mp_put_uint(&b, v[i]);
    }
    frame_out_record(f, "tail", b.data, b.len, NULL);
    buf_free(&b);
}

static int frames(const uint8_t *p, size_t n)
{
    static const char *const kind[7] = {"head", "tensor", "blob", "text", "stat", "tail", "other"};
    int fd = file(FROM, "", 0);
    struct frame_out *f = frame_out_open(fd, "frames");

    if (n == 0 || *p)
        frame_out_record(f, "head", "\x81\xa1v\x01", 4, NULL);
    while (n >= 5) {
        int record = *p < 7;
        const uint8_t *at = record ? p + 1 : p + 3;
        size_t body = (size_t)at[0] | (size_t)at[1] << 8, left = n - (size_t)(at + 2 - p);

        body = body < left ? body : left;
        if (record)
            frame_out_record(f, kind[*p], at + 2, body, NULL);
        else
            frame_out_chunk(f, *p % 8, p[1], p[2], at + 2, body, NULL);
        n -= (size_t)(at + 2 - p) + body;
        p = at + 2 + body;
    }
    put_tail(f);
    frame_out_flush(f, NULL);
    frame_out_close(f);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    for (int way = 0; way < 3; way++) {
        int fd = n && *p == 0x94 ? file(FROM, p, n) : frames(p, n), to = file(TO, "", 0), third = file(THIRD, "", 0);
        struct err e = {{0}};
        int got = pass(fd, to, way, &e);

        if (got < 0 && (!e.msg[0] || strchr(e.msg, '\n')))
            abort();
        lseek(to, 0, SEEK_SET);
        if (got == 0 && way == 0 && pass(to, third, 0, &e) < 0)
            abort();
    }
    return 0;
}
