/*
 * unzip: any bytes as a file are bytes out of it or a clause; and what record/zip makes of them, in two members or
 * frames, are they again, twice.
 */
#include "record/unzip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "record/zip.h"
#include "tests/fuzz/fuzz.h"

/* zstd's window is the frame's to choose, up to 128 MiB. */
FUZZ_ROOM(MIB(132), 32)

#define BOMB MIB(64) /* of output is looked at */

/* All that comes out of fd, against want when there is one, of n bytes each time. -1 with a clause, or 0. */
static int drain(int fd, const uint8_t *want, size_t n)
{
    static uint8_t room[65536];
    char path[64];
    struct err e = {""};
    struct unzip *s;
    size_t all = 0;
    ssize_t got = -1;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    s = unzip_open(path, &e);
    while (s && all < BOMB && (got = unzip_read(s, room, all % 3 ? 7 : sizeof room, &e)) > 0) {
        for (ssize_t i = 0; want && i < got; i++)
            if (all + (size_t)i >= 2 * n || room[i] != want[(all + (size_t)i) % n])
                abort();
        all += (size_t)got;
    }
    if ((got < 0) != (e.msg[0] != '\0') || (want && all != 2 * n))
        abort();
    if (s)
        unzip_close(s);
    return got < 0 ? -1 : 0;
}

static int file(const void *p, size_t n)
{
    int fd = memfd_create("unzip", 0);

    if (fd < 0 || io_write(fd, p, n, NULL) < 0)
        abort();
    return fd;
}

static void there_and_back(enum zip_how how, const uint8_t *p, size_t n)
{
    int fd = file("", 0);

    for (int i = 0; i < 2; i++) {
        struct zip *z = zip_open(fd, how, 1, NULL);

        if (!z || zip_put(z, p, n / 2, NULL) < 0 || zip_put(z, p + n / 2, n - n / 2, NULL) < 0 ||
            zip_close(z, NULL) < 0)
            abort();
    }
    if (drain(fd, p, n) < 0)
        abort();
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    int fd = file(p, n);

    drain(fd, NULL, 0);
    close(fd);
    if (n && n % 8 == 0) { /* what the compressors do is not the question: now and then */
        there_and_back(ZIP_GZIP, p, n);
        there_and_back(ZIP_ZSTD, p, n);
    }
    return 0;
}
