/* Any bytes as a GGUF file: read or refused; what is read can be walked to the last byte, and its keys made into a
 * model's. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ckpt/plan.h"
#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(MIB(1), 64)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    int fd = memfd_create("gguf", 0);
    struct source s = {0};
    struct select all = {0};
    struct plan plan = {0};
    struct err e;
    char path[64];

    if (fd < 0 || write(fd, p, n) != (ssize_t)n)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (source_open(&s, path, &e) == 0) {
        for (size_t i = 0; i < s.tensors; i++) {
            uint8_t *data = mem_new(s.tensor[i].bytes + 1, 1);

            if (source_read(&s, &s.tensor[i], 0, data, (size_t)s.tensor[i].bytes, &e) < 0)
                abort();
            free(data);
        }
        plan_make(&plan, &s, &all, &e);
        plan_free(&plan);
    }
    source_close(&s);
    close(fd);
    return 0;
}
