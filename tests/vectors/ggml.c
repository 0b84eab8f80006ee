/* Every encoder against the blocks that ggml's own gave for the same rows, byte for byte, with and without importance.
 * */
#include <stdint.h>
#include <stdlib.h>

#include "quant/quant.h"
#include "tests/unit/check.h"

#define GOLDEN "tests/golden/ggml/"
enum { COLS = 512, ROWS = 10 };

static size_t load(const char *path, void *to, size_t max)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(to, 1, max, f) : 0;

    if (f)
        fclose(f);
    return n;
}

static void compare(const struct quant_block *b, const float *x, const float *importance)
{
    static uint8_t want[COLS * ROWS * 4], got[COLS * ROWS * 4], alone[COLS * 4];
    const struct ggml_type *t = ggml_find(b->type);
    size_t row = ggml_row_bytes(t, COLS);
    char path[128];

    snprintf(path, sizeof path, GOLDEN "%s%s.bin", b->type, importance ? ".imat" : "");
    CHECK(load(path, want, sizeof want) == row * ROWS);
    b->encode(x, importance, ROWS, COLS, got);
    for (int r = 0; r < ROWS; r++) {
        CHECK(memcmp(want + r * row, got + r * row, row) == 0);
        if (memcmp(want + r * row, got + r * row, row) != 0) {
            size_t at = 0;

            while (want[r * row + at] == got[r * row + at])
                at++;
            printf("%s: row %d, first at byte %zu of a block: %02x, want %02x\n", path, r, at % t->bytes,
                   got[r * row + at], want[r * row + at]);
        }
        b->encode(x + r * COLS, importance, 1, COLS, alone); /* a row by itself gives the same */
        CHECK(memcmp(alone, got + r * row, row) == 0);
    }
}

int main(void)
{
    static float x[COLS * ROWS], importance[COLS];

    CHECK(load(GOLDEN "input.f32", x, sizeof x) == sizeof x);
    CHECK(load(GOLDEN "imatrix.f32", importance, sizeof importance) == sizeof importance);
    for (const struct quant_block *const *b = quant_blocks; CHECK_ROW(*b, type); b++) {
        if (!(*b)->without || strcmp((*b)->type, "iq3_xxs") == 0)
            compare(*b, x, NULL);
        compare(*b, x, importance);
    }
    return DONE();
}
