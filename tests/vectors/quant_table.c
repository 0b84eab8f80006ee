/* Codes of short floats and NormalFloat against the peers' own casts, quant_table.tsv, made by quant_table.py; and what
 * holds of any table: no other level is nearer, blocks of rows have the scale of their largest. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quant/quant.h"
#include "quant/table.h"
#include "quant/units.h"
#include "tests/unit/check.h"

static void against_peers(void)
{
    FILE *f = fopen("tests/vectors/quant_table.tsv", "r");
    char name[40], number[60];
    int code, n = 0, bad = 0;

    CHECK(f != NULL);
    while (f && fscanf(f, "%39s %59s %d", name, number, &code) == 3) {
        const struct quant_table *t = quant_table_find(name);
        int have = t ? (int)quant_table_code(t, (float)strtod(number, NULL)) : -1;

        n++;
        if (have != code && bad++ < 5)
            printf("%s of %s: %d, the peer has %d\n", name, number, have, code);
    }
    CHECK(n > 500 && bad == 0);
    if (f)
        fclose(f);
}

static void nearest(const struct quant_table *t)
{
    int bad = 0;

    for (int i = 0; i < 4000; i++) {
        float x = (float)(i - 2000) / 1900 * t->top, best = INFINITY;
        float have = fabsf(t->value[quant_table_code(t, x)] - x);

        for (int c = 0; c < 1 << t->bits; c++)
            if (isfinite(t->value[c]) && fabsf(t->value[c] - x) < best)
                best = fabsf(t->value[c] - x);
        bad += have > best;
    }
    CHECK(bad == 0);
}

enum { ROWS = 5, COLS = 24 };

/* Blocks of two rows and eight columns; a row at a time has scales no larger. */
static void blocks(const struct quant_table *t)
{
    struct quant_affine a = {
        .bits = t->bits, .group = 8, .sym = 1, .scales = DT_F32, .table = t, .divisor = 1, .tall = 2};
    uint8_t codes[ROWS * COLS];
    float w[ROWS * COLS], scales[ROWS * 3];

    for (int i = 0; i < ROWS * COLS; i++)
        w[i] = i / COLS == 4 ? 0 : (float)((i * 37) % 101 - 50) / 64;
    quant_table_blocks(&a, w, ROWS, COLS, codes, scales);
    for (int r = 0; r < ROWS; r++)
        for (int g = 0; g < 3; g++) {
            float most = 0;

            for (int k = r / 2 * 2; k < r / 2 * 2 + 2 && k < ROWS; k++)
                for (int c = g * 8; c < g * 8 + 8; c++)
                    most = fabsf(w[k * COLS + c]) > most ? fabsf(w[k * COLS + c]) : most;
            CHECK(scales[r * 3 + g] == (most > 0 ? most / t->top : 1));
            for (int c = g * 8; c < g * 8 + 8; c++) {
                uint8_t byte = codes[r * COLS * t->bits / 8 + c * t->bits / 8];
                unsigned code = t->bits == 8 ? byte : byte >> c % 2 * 4 & 15;

                CHECK(code == quant_table_code(t, w[r * COLS + c] / scales[r * 3 + g]));
            }
        }
}

/* Of powers of two the better of the one above and the one below; of short floats the nearest, times the divisor. */
static void scales(void)
{
    const struct quant_table *t = quant_table_find("fp4");
    struct quant_affine a = {.bits = 4, .scales = DT_F8_E8M0, .sym = 1, .table = t, .divisor = 1};
    struct levels_kind kind = units_affine(&a, 4);
    struct metric plain = {METRIC_PLAIN, NULL, 0};
    float w[4 * LEVELS_ROWS] = {0};
    struct levels v;

    CHECK(quant_table_scale(&a, 6) == 1 && quant_table_scale(&a, 6.1f) == 2 && quant_table_scale(&a, 0) == 1);
    for (int l = 0; l < LEVELS_ROWS; l++) { /* 7 and small ones: by 1 the 7 loses 1, by 2 the small ones more */
        w[l] = 7;
        w[LEVELS_ROWS + l] = w[2 * LEVELS_ROWS + l] = l % 2 ? 1.5f : 4;
        w[3 * LEVELS_ROWS + l] = l % 2 ? -2.9f : 8;
    }
    levels_choose(&kind, NULL, w, 4, &plain, 0, &v);
    CHECK(v.scale[0] == 2 && v.scale[1] == 1);
    a.scales = DT_F8_E4M3;
    a.divisor = quant_table_divisor(t, 12);
    CHECK(a.divisor == 224 && quant_table_scale(&a, 12) == 448 && quant_table_unit(&a, 448) == 2);
    CHECK(quant_table_scale(&a, 1.6f) == 60 && quant_table_divisor(t, 0) == 1);
}

int main(void)
{
    const struct quant_table *t;

    against_peers();
    for (int i = 0; (t = quant_table_row(i)); i++) {
        nearest(t);
        blocks(t);
    }
    scales();
    return DONE();
}
