/* main: replay a corpus through one fuzz target. The fuzzer itself brings its own main (make fuzz). */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "tests/fuzz/fuzz.h"

static void replay_file(const char *path)
{
    struct buf b = {0};
    struct err e;
    uint8_t *exact; /* a block of just this size, so that a sanitizer sees a read past the end */

    if (io_slurp(path, 1 << 26, &b, &e) < 0) {
        puts(e.msg);
        exit(1);
    }
    exact = mem_resize(NULL, b.len, 1);
    if (b.len)
        memcpy(exact, b.data, b.len);
    LLVMFuzzerTestOneInput(exact, b.len);
    free(exact);
    buf_free(&b);
}

static int replay_folder(const char *folder)
{
    DIR *d = opendir(folder);
    struct dirent *f;
    int n = 0;

    while (d && (f = readdir(d))) {
        char *path = mem_printf("%s/%s", folder, f->d_name);

        if (f->d_name[0] != '.') {
            replay_file(path);
            n++;
        }
        free(path);
    }
    if (d)
        closedir(d);
    return n;
}

int main(int argc, char **argv)
{
    int n = argc == 2 ? replay_folder(argv[1]) : 0;

    printf("%d inputs replayed\n", n);
    return n == 0; /* an empty corpus tests nothing */
}
