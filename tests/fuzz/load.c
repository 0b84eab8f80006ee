/*
 * load: any bytes as a file of texts, in each format: records and refusals, or a clause; cut at any byte into two
 * ranges of lines, the records of both are those of the whole. Byte 0: the format; 1 and 2: where the cut is.
 */
#include "record/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "tests/fuzz/fuzz.h"

/* As unzip; two windows' worth of lines, and a record. */
FUZZ_ROOM(MIB(134), 64)

#define LONGEST 4096 /* of a record */
#define BOMB 100000  /* records are looked at */

/* The records of one range, packed behind one another into b. -1 with a clause, or 0. */
static int range(const char *path, int format, uint64_t from, uint64_t to, struct buf *b)
{
    struct load_opts how = {(enum load_format)format, "text", "id", LONGEST};
    struct err e = {""};
    struct unzip *s = unzip_open(path, &e);
    struct load *l = s ? load_open(s, &how, from, to, &e) : NULL;
    struct record r = {0};
    struct load_bad bad = {0};
    int got = -1, n = 0;

    while (l && n++ < BOMB && b->len < MIB(1) && (got = load_next(l, &r, &bad, &e)) > 0) {
        if (got == LOAD_RECORD)
            record_pack(b, &r);
        else if (!bad.why.msg[0])
            abort();
        else
            buf_printf(b, "%llu %s\n", (unsigned long long)bad.offset, bad.why.msg);
    }
    if ((got < 0) != (e.msg[0] != '\0'))
        abort();
    load_close(l);
    if (s)
        unzip_close(s);
    record_free(&r);
    return got < 0 ? -1 : 0;
}

static int is_plain(const uint8_t *p, size_t n)
{
    return n < 4 ||
           !((p[0] == 0x1f && p[1] == 0x8b) || (p[1] == 0xb5 && p[2] == 0x2f) || (p[1] == 0x2a && p[2] == 0x4d));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    int fd = memfd_create("load", 0), format, got;
    struct buf whole = {0}, parts = {0};
    char path[64];
    uint64_t at;

    if (n < 3 || fd < 0 || io_write(fd, p + 3, n - 3, NULL) < 0)
        return close(fd), 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    format = p[0] % 6;
    got = range(path, format, 0, UINT64_MAX, &whole);
    at = ((uint64_t)p[1] << 8 | p[2]) % (n - 2);
    if (got == 0 && (format == LOAD_JSONL || format == LOAD_LINES) && is_plain(p + 3, n - 3)) {
        if (range(path, format, 0, at, &parts) < 0 || range(path, format, at, UINT64_MAX, &parts) < 0 ||
            parts.len != whole.len || (whole.len && memcmp(parts.data, whole.data, whole.len) != 0))
            abort();
    }
    buf_free(&whole);
    buf_free(&parts);
    close(fd);
    return 0;
}
