/* A stream whose tensors get the companion gram: with_gram FILE <STREAM >STREAM. FILE: [cols][cols] of F32, the same
 * for all. For memory_gram.sh. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "base/mem.h"
#include "tensor/stream.h"

static void add(struct bundle *b, int fd, struct err *e)
{
    uint64_t n = b->cols * b->cols;
    float *gram = mem_new(n, sizeof *gram);

    if (io_pread(fd, gram, n * sizeof *gram, 0, e) < 0)
        die("%s", e->msg);
    bundle_set_companion(b, "gram", &(struct shape){2, {b->cols, b->cols}}, gram);
    free(gram);
}

int main(int argc, char **argv)
{
    struct err e;
    struct bundle b = {0};
    int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    struct reader *in = fd < 0 ? NULL : reader_stdin(&e);
    struct writer *out = in ? writer_stdout(in, &e) : NULL;

    if (argc != 2)
        die_usage("one operand: the file of a gram");
    if (!out)
        die("%s", e.msg);
    while (bundle_read(in, &b, &e) > 0) {
        if (bundle_load(in, &b, &e) < 0)
            die("%s", e.msg);
        add(&b, fd, &e);
        if (bundle_write(out, in, &b, &e) < 0)
            die("%s", e.msg);
    }
    bundle_free(&b);
    if (writer_finish(out, &e) < 0)
        die("%s", e.msg);
    reader_close(in);
    return 0;
}
