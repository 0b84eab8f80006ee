/* stream_kit: small streams for the tests of wire and tensor, in files without names. */
#ifndef WEIR_TESTS_STREAM_KIT_H
#define WEIR_TESTS_STREAM_KIT_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "tensor/stream.h"

/* Call fn with a variable e that is fatal. */
#define MUST(call)                                                                                                     \
    do {                                                                                                               \
        struct err must_e = {{0}};                                                                                     \
        struct err *e = &must_e;                                                                                       \
        if ((call) < 0)                                                                                                \
            die("%s:%d: %s: %s", __FILE__, __LINE__, #call, must_e.msg);                                               \
    } while (0)

__attribute__((unused)) static int kit_file(const void *p, size_t n)
{
    int fd = memfd_create("stream", 0);

    if (fd < 0)
        die("memfd_create failed");
    MUST(io_write(fd, p, n, e));
    lseek(fd, 0, SEEK_SET);
    return fd;
}

__attribute__((unused)) static struct buf kit_bytes(int fd)
{
    struct buf b = {0};
    off_t n = lseek(fd, 0, SEEK_END);

    MUST(io_pread(fd, buf_space(&b, (size_t)n), (size_t)n, 0, e));
    b.len = (size_t)n;
    lseek(fd, 0, SEEK_SET);
    return b;
}

__attribute__((unused)) static struct reader *kit_reader(int fd)
{
    struct err e;
    struct reader *in = reader_open(fd, "test", &e);

    if (!in)
        die("%s", e.msg);
    return in;
}

__attribute__((unused)) static struct writer *kit_writer(int fd, struct reader *in)
{
    struct err e;
    struct writer *out = writer_open(fd, "out", in, &e);

    if (!out)
        die("%s", e.msg);
    return out;
}

/* An f32 matrix whose elements tell where they are, with some zeros. */
__attribute__((unused)) static float *kit_values(uint64_t n, float from)
{
    float *v = mem_new(n, sizeof *v);

    for (uint64_t i = 0; i < n; i++)
        v[i] = i % 3 ? from + (float)i : 0;
    return v;
}

__attribute__((unused)) static void kit_dense(struct bundle *b, const char *name, uint64_t rows, uint64_t cols,
                                              float from)
{
    struct shape s = {2, {rows, cols}};
    float *v = kit_values(rows * cols, from);

    bundle_init_dense(b, name, &s, DT_F32, v);
    free(v);
}

#endif
