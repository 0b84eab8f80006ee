/*
 * lines: any bytes, in pieces of any size, are cut into the lines that a plain loop over them finds, with their numbers
 * and places. Bytes 0 and 1: how many come at a time, the longest line. Byte 2: when odd, each further byte becomes a
 * run of 2048 of it, and a line feed where it is odd too, so that lines are longer than what is read at once; 320 of
 * them, which is more than twice that, are enough.
 */
#include "record/lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/pieces.h"

FUZZ_ROOM(MIB(4), 3 * 2048)

#define RUN 2048
#define MOST 320

static void stretch(struct buf *b, const uint8_t *p, size_t n)
{
    buf_space(b, (RUN + 1) * (n < MOST ? n : MOST));
    for (size_t i = 0; i < n && i < MOST; i++) {
        memset(buf_space(b, RUN), 'a' + p[i] % 26, RUN);
        b->len += RUN;
        if (p[i] % 2)
            buf_add(b, "\n", 1);
    }
}

static void cut(const struct buf *b, size_t most, uint64_t limit)
{
    struct pieces in = {b->data, b->data + b->len, most};
    struct lines *l = lines_open(pieces_read, &in, limit);
    const uint8_t *want = b->data, *end = b->data + b->len;
    uint64_t number = 0;
    struct err e;
    char *p;
    size_t n;

    while (lines_fill(l, &e) > 0)
        while (lines_next(l, &p, &n)) {
            const uint8_t *stop = want < end ? memchr(want, '\n', (size_t)(end - want)) : NULL;
            size_t len = (size_t)((stop ? stop : end) - want);

            if (want == end || lines_number(l) != ++number || lines_offset(l) != (uint64_t)(want - b->data) ||
                !p != (len > limit))
                abort();
            if (p && (n != len || memcmp(p, want, n) != 0))
                abort();
            want = stop ? stop + 1 : end;
        }
    if (want != end)
        abort();
    lines_close(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct buf b = {0};

    if (n < 3)
        return 0;
    buf_space(&b, 1);
    if (p[2] % 2)
        stretch(&b, p + 3, n - 3);
    else
        buf_add(&b, p + 3, n - 3);
    cut(&b, p[2] % 2 ? (size_t)p[0] * 1024 + 1 : (size_t)p[0] + 1, p[2] % 2 ? (uint64_t)p[1] * 4096 : p[1]);
    buf_free(&b);
    return 0;
}
