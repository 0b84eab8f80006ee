/* file_walk: a file in memory through a format's reader; each tensor read to its last byte. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file/file.h"
#include "tests/fuzz/fuzz.h"

static void walk_bytes(const char *name, const uint8_t *p, size_t n,
                       int (*add)(struct source *, const char *, struct err *))
{
    int fd = memfd_create(name, 0);
    struct source s = {0};
    struct err e;
    char path[64];

    if (fd < 0 || write(fd, p, n) != (ssize_t)n)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (add(&s, path, &e) == 0)
        for (size_t i = 0; i < s.tensors; i++) {
            const struct file_tensor *t = &s.tensor[i];
            uint8_t *data = mem_new(t->bytes + 1, 1);
            struct bundle b = {0};

            if (source_read(&s, t, 0, data, (size_t)t->bytes, &e) < 0)
                abort();
            file_header(&b, t, t->name, &t->shape, &e);
            bundle_free(&b);
            free(data);
        }
    source_close(&s);
    close(fd);
}
