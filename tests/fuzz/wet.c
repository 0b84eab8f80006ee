/* wet: any bytes are the texts of a WET file or a clause, and the same ones however few bytes come at a time. Byte 0:
 * how few; 1: the longest text. */
#include "record/wet.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/pieces.h"

FUZZ_ROOM(KIB(512), 8)

static void add(struct buf *b, const char *p, size_t n)
{
    buf_printf(b, "%zu ", n);
    if (n)
        buf_add(b, p, n);
}

/* All that came, and how it ended, as a text. */
static void all(const uint8_t *p, size_t n, size_t most, uint64_t limit, struct buf *b)
{
    struct pieces in = {p, p + n, most};
    struct wet *w = wet_open(pieces_read, &in, limit);
    struct wet_record r;
    struct err why, e;
    int got;

    while ((got = wet_next(w, &r, &why, &e)) > 0) {
        if (r.offset > n || (got == 1 && (!r.text || r.text_len > limit)))
            abort();
        buf_printf(b, "%llu %llu ", (unsigned long long)r.number, (unsigned long long)r.offset);
        if (got == 2) {
            buf_puts(b, why.msg);
            continue;
        }
        add(b, r.text, r.text_len);
        add(b, r.uri, r.uri_len);
        add(b, r.date, r.date_len);
        add(b, r.id, r.id_len);
    }
    if (got < 0)
        buf_puts(b, e.msg);
    wet_close(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct buf a = {0}, b = {0};

    if (n < 2)
        return 0;
    all(p + 2, n - 2, n, (uint64_t)p[1] << 24 | p[1], &a);
    all(p + 2, n - 2, (size_t)p[0] + 1, (uint64_t)p[1] << 24 | p[1], &b);
    if (a.len != b.len || (a.len && memcmp(a.data, b.data, a.len) != 0))
        abort();
    buf_free(&a);
    buf_free(&b);
    return 0;
}
