/* stats: any bytes as a file of statistics, a stream or lines: statistics or a clause; written as a line they are read
 * again the same. */
#include "text/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(MIB(4), 128)

static int read_bytes(struct stats *f, const void *p, size_t n)
{
    int fd = memfd_create("stats", 0), rc;
    struct err e = {""};
    char path[64];

    if (fd < 0 || io_write(fd, p, n, NULL) < 0)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    rc = stats_read(f, path, &e);
    if (!rc != (e.msg[0] == '\0'))
        abort();
    close(fd);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct stats f = {0}, g = {0};
    struct err e = {""};
    struct buf one = {0}, two = {0};

    if (read_bytes(&f, p, n) == 0 && stats_put_line(&one, &f, &e) == 0) {
        if (read_bytes(&g, one.data, one.len) < 0)
            abort();
        if (stats_put_line(&two, &g, &e) < 0 || one.len != two.len || memcmp(one.data, two.data, one.len) != 0)
            abort();
    }
    stats_free(&f);
    stats_free(&g);
    buf_free(&one);
    buf_free(&two);
    return 0;
}
