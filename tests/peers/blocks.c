/* blocks TYPE COLS ROWS.f32 [IMPORTANCE.f32] >BLOCKS: rows through the encoder of a type of ggml's; for ggml.py. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "quant/quant.h"

static float *load(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    float *x;

    if (!f || fseek(f, 0, SEEK_END) != 0)
        exit(1);
    *n = (size_t)ftell(f) / sizeof *x;
    rewind(f);
    x = mem_new(*n, sizeof *x);
    if (fread(x, sizeof *x, *n, f) != *n)
        exit(1);
    fclose(f);
    return x;
}

int main(int argc, char **argv)
{
    const struct quant_block *b = argc > 3 ? quant_block_find(argv[1]) : NULL;
    uint64_t cols = b ? strtoull(argv[2], NULL, 10) : 0;
    size_t n = 0, m = 0;

    if (!b || cols == 0)
        return 2;
    float *x = load(argv[3], &n), *v = argc > 4 ? load(argv[4], &m) : NULL;
    size_t bytes = n / cols * ggml_row_bytes(ggml_find(b->type), cols);
    uint8_t *out = mem_new(bytes, 1);
    if (v && m != cols)
        return 2;
    b->encode(x, v, n / cols, cols, out);
    fwrite(out, 1, bytes, stdout);
    free(x);
    free(v);
    free(out);
    return 0;
}
