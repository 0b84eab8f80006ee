/* Any bytes as an importance matrix, twice: read or refused; what is read can be written in both kinds, and the old
 * kind read again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ckpt/imatrix.h"
#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(MIB(1), 64)

static const char *path_of(int fd, char path[64])
{
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return path;
}

static void write_both(const struct imatrix *m)
{
    int fd = memfd_create("out", 0);
    struct imatrix again = {0};
    struct err e;
    char path[64];

    if (fd < 0 || imatrix_write(m, 1, fd, &e) < 0 || imatrix_add(&again, path_of(fd, path), &e) < 0)
        abort();
    if (again.n != m->n)
        abort();
    imatrix_write(m, 0, fd, &e); /* a name may be too long for a GGUF */
    imatrix_free(&again);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    int fd = memfd_create("imatrix", 0);
    struct imatrix m = {0};
    struct attrs none = {0};
    struct err e;
    char path[64];

    if (fd < 0 || write(fd, p, n) != (ssize_t)n)
        abort();
    if (imatrix_add(&m, path_of(fd, path), &e) == 0 && imatrix_add(&m, path, &e) == 0) {
        imatrix_noted(&m, &none);
        write_both(&m);
    }
    imatrix_free(&m);
    close(fd);
    return 0;
}
