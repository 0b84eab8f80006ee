/* Any bytes as the text form of a stream: read or refused; what is read is written as a text that reads and writes the
 * same. */
#include "tensor/twin.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "tensor/head.h"
#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(MIB(1), 64)

/* Read text and write it again into out. 0, or -1 when it is refused. */
static int again(const uint8_t *p, size_t n, struct twin_out *out, struct err *e)
{
    FILE *f = fmemopen((void *)(uintptr_t)p, n, "r");
    struct twin *in = f ? twin_open(f, "text") : NULL;
    struct item it = {0};
    struct buf payload = {0};
    int got = -1;

    while (in && (got = twin_segment(in, e)) > 0) {
        struct head h = {0};

        got = twin_head(in, &h, e) < 0 || twin_put_head(out, &h, e) < 0 ? -1 : 1;
        head_free(&h);
        while (got > 0 && (got = twin_next(in, &it, &payload, e)) > 0)
            if ((it.kind == ITEM_TENSOR ? twin_put_bundle(out, &it.b, e) : twin_put_item(out, &it, &payload, e)) < 0)
                abort();
        if (got < 0)
            break;
        twin_put_end(out, &it.attrs, e);
    }
    item_free(&it);
    buf_free(&payload);
    twin_close(in);
    if (f)
        fclose(f);
    return got;
}

/* All that was put out, into b. */
static void collect(struct twin_out *out, struct buf *b)
{
    struct err e;
    off_t n;

    if (twin_flush(out, &e) < 0 || (n = lseek(out->fd, 0, SEEK_END)) < 0 ||
        io_pread(out->fd, buf_space(b, (size_t)n + 1), (size_t)n, 0, &e) < 0)
        abort();
    b->len = (size_t)n;
    buf_free(&out->text);
    close(out->fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct twin_out one = {.fd = memfd_create("one", 0)}, two = {.fd = memfd_create("two", 0)};
    struct buf a = {0}, b = {0};
    struct err e;
    int got = n ? again(p, n, &one, &e) : -1;

    collect(&one, &a);
    if (got == 0 && again(a.data, a.len, &two, &e) < 0)
        abort();
    collect(&two, &b);
    if (got == 0 && (a.len != b.len || memcmp(a.data, b.data, a.len) != 0))
        abort();
    buf_free(&a);
    buf_free(&b);
    return 0;
}
