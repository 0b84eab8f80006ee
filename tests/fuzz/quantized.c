/* quantized: any bytes as a config.json and a safetensors file beside it: refused, or every value is read to the last
 * row, and its bytes are no more than the file's can stand for. Input: two bytes of length, so much of config.json,
 * then the file. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ckpt/quantized.h"
#include "file/value.h"
#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(MIB(1), 256)

static void walk(const struct source *s, const struct file_tensor *t, size_t n)
{
    struct bundle b = {0};
    struct err e = {""};
    float *v;

    if (file_header(&b, t, t->name, &t->shape, &e) < 0) {
        bundle_free(&b);
        return;
    }
    if (t->value &&
        t->bytes / 64 > n) /* a byte of a file is at most 8 codes, each with a scale and a zero of its own */
        abort();
    if (source_load(s, t, NULL, &b, &e) == 0) {
        v = mem_new((size_t)(b.rows * b.cols) + 1, sizeof *v);
        bundle_rows(&b, 0, b.rows, v, &e);
        free(v);
    } else if (!e.msg[0]) {
        abort();
    }
    bundle_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    size_t len = n >= 2 ? p[0] | (size_t)p[1] << 8 : 0;
    struct source s = {0};
    struct err e = {""};
    char path[64];
    int fd;

    if (n < 2 || len > n - 2 || (fd = memfd_create("quantized", 0)) < 0)
        return 0;
    if (write(fd, p + 2 + len, n - 2 - len) != (ssize_t)(n - 2 - len))
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (safetensors_add(&s, path, &e) == 0) {
        buf_add(&source_add_blob(&s, "config.json")->data, p + 2, len);
        if (quantized_take(&s, &e) == 0)
            for (size_t i = 0; i < s.tensors; i++)
                walk(&s, &s.tensor[i], n);
        else if (!e.msg[0])
            abort();
    }
    source_close(&s);
    close(fd);
    return 0;
}
