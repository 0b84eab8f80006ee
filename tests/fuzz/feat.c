/* feat: any bytes as a file of features, a stream or lines: features or a clause; written as a line they are read again
 * the same. */
#include "text/feat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(MIB(4), 128)

static int read_bytes(struct feat *f, const void *p, size_t n)
{
    int fd = memfd_create("feat", 0), rc;
    struct err e = {""};
    char path[64];

    if (fd < 0 || io_write(fd, p, n, NULL) < 0)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    rc = feat_read(f, path, &e);
    if (!rc != (e.msg[0] == '\0'))
        abort();
    close(fd);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct feat f = {0}, g = {0};
    struct buf one = {0}, two = {0};

    if (read_bytes(&f, p, n) == 0 && f.o.buckets < 10000) {
        feat_put_line(&one, &f);
        if (read_bytes(&g, one.data, one.len) < 0)
            abort();
        feat_put_line(&two, &g);
        if (one.len != two.len || memcmp(one.data, two.data, one.len) != 0)
            abort();
    }
    feat_free(&f);
    feat_free(&g);
    buf_free(&one);
    buf_free(&two);
    return 0;
}
