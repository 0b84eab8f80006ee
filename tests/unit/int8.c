/*
 * Products of ggml's quantized weights with activations of 8 bits: codes, scales and mins make the decoder's values;
 * every build and gemm8_nt give the bits of the definition written as plain loops; what is not a number stays none.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/rng.h"
#include "la/gemm8.h"
#include "num/half.h"
#include "num/int8.h"
#include "tests/unit/check.h"

enum { ROWS = 67, COLS = 512, TOKENS = 501, MOST = ROWS * COLS };

static const char *const types[] = {"q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "iq4_nl",
                                    "q2_K", "q3_K", "q4_K", "q5_K", "q6_K", "iq4_xs"};

static uint8_t blocks[MOST * 2], code[MOST];
static float scale[MOST], min[MOST], x[TOKENS * COLS], y[TOKENS * ROWS], plain[TOKENS * ROWS];
static int8_t rounded[TOKENS * COLS];
static float d[TOKENS * COLS / 32];

static int is_number(const float *v, size_t n)
{
    while (n > 0 && isfinite(v[n - 1]))
        n--;
    return n == 0;
}

/* Random blocks whose values are numbers: random bytes, drawn again where a scale is none. */
static void random_blocks(const struct ggml_type *t)
{
    struct rng r = rng_make(3, t->name, strlen(t->name));
    float v[256];
    uint64_t at = 0;

    for (size_t b = 0; b < MOST / t->block; b++)
        do
            for (uint32_t i = 0; i < t->bytes; i++)
                blocks[b * t->bytes + i] = (uint8_t)(rng_unit(r, at++) * 256);
        while (t->to_f32(blocks + b * t->bytes, v, t->block), !is_number(v, t->block));
}

static void values_are_the_decoders(const struct ggml_type *t, const struct ggml_split *s)
{
    static float want[MOST];
    int off = 0;

    t->to_f32(blocks, want, MOST);
    for (size_t i = 0; i < MOST; i++) {
        float v = scale[i / (size_t)s->sub] * (float)(code[i] - s->zero);

        v = s->has_min ? v - min[i / (size_t)s->sub] : v;
        off += v != want[i];
    }
    CHECK(off == 0);
}

/* The nearest codes to x 127 / absmax, as double has it but for values near a half. */
static void codes_are_near(const float *v, size_t block)
{
    float top = 0;

    for (size_t i = 0; i < block; i++)
        top = fabsf(v[i]) > top ? fabsf(v[i]) : top;
    for (size_t i = 0; i < block; i++)
        CHECK_NEAR(rounded[v - x + i], top > 0 ? v[i] * 127.0 / top : 0, 0.50002);
    CHECK_NEAR(d[(size_t)(v - x) / block], top / 127.0, top / 127.0 * (block == 32 ? 0x1p-11 : 0x1p-22));
}

static float plain_value(const struct ggml_split *s, size_t t, size_t row)
{
    size_t sub = (size_t)s->sub;
    float sum = 0;

    for (size_t b = 0; b < COLS / sub; b++) {
        float of = d[(t * COLS + b * sub) / (size_t)s->block];
        int dot = 0, all = 0;

        for (size_t i = b * sub; i < (b + 1) * sub; i++) {
            dot += (code[row * COLS + i] - s->zero) * rounded[t * COLS + i];
            all += rounded[t * COLS + i];
        }
        sum += (float)dot * (scale[row * (COLS / sub) + b] * of);
        if (s->has_min)
            sum -= min[row * (COLS / sub) + b] * (of * (float)all);
    }
    return sum;
}

/* The first tokens and rows by one build's tile. */
static void tile_is_plain(const struct int8_kern *k, const struct gemm8 *w)
{
    size_t sub = (size_t)w->type->sub, tokens = (size_t)k->tokens, rows = (size_t)k->rows;
    int32_t *packed = mem_new(INT8_ROOM(k, COLS, sub), sizeof *packed);
    struct int8_rows in = {tokens - 1, (size_t)w->type->block, rounded, d};
    int off = 0;

    k->pack(&in, COLS, sub, w->type->zero, packed);
    k->tile(&(struct int8_weights){COLS, sub, w->code, w->scale, w->min}, 32, packed, y, rows);
    for (size_t t = 0; t < tokens; t++)
        for (size_t r = 0; r < rows; r++)
            off += y[t * rows + r] != (t + 1 < tokens ? plain[t * ROWS + 32 + r] : 0);
    CHECK(off == 0);
    if (off)
        printf("    %s, %s: %d values\n", k->name, w->type->name, off);
    free(packed);
}

static void one_type(const struct ggml_type *t)
{
    static const char *const builds[] = {"base", "avx2", "avx512", "vnni"};
    const struct ggml_split *s = ggml_split(t);
    struct gemm8 w;

    random_blocks(t);
    s->split(blocks, MOST, code, scale, min);
    values_are_the_decoders(t, s);
    for (int b = 0; b < 4; b++) {
        const struct int8_kern *k = int8_find(builds[b]);

        if (!k)
            continue;
        memset(rounded, 0, sizeof rounded);
        k->round(x, TOKENS * COLS, (size_t)s->block, rounded, d);
        for (size_t i = 0; i < TOKENS * COLS; i += 997 * (size_t)s->block)
            codes_are_near(x + i, (size_t)s->block);
        for (size_t i = 0; b == 0 && i < TOKENS * ROWS; i++)
            plain[i] = plain_value(s, i / ROWS, i % ROWS);
        gemm8_take(&w, t, ROWS, COLS, blocks, ggml_row_bytes(t, COLS));
        tile_is_plain(k, &w);
        gemm8_free(&w);
    }
    gemm8_take(&w, t, ROWS, COLS, blocks, ggml_row_bytes(t, COLS));
    for (int jobs = 1; jobs <= 3; jobs += 2) {
        par_set_jobs(jobs);
        memset(y, 0xff, sizeof y);
        gemm8_nt(TOKENS, x, COLS, &w, y, ROWS);
        CHECK(memcmp(y, plain, sizeof y) == 0);
    }
    gemm8_free(&w);
}

static void what_is_no_number(void)
{
    const struct ggml_type *t = ggml_find("q4_K");
    float bad[] = {NAN, INFINITY, -INFINITY};
    struct gemm8 w;
    size_t row, col;

    random_blocks(t);
    gemm8_take(&w, t, ROWS, COLS, blocks, ggml_row_bytes(t, COLS));
    CHECK(!gemm8_find_nan(&w, &row, &col));
    for (int i = 0; i < 3; i++) {
        float kept = x[3 * COLS + 300];

        x[3 * COLS + 300] = bad[i];
        gemm8_nt(7, x, COLS, &w, y, ROWS);
        for (int r = 0; r < ROWS; r++)
            CHECK(!isfinite(y[3 * ROWS + r]) && isfinite(y[2 * ROWS + r]) && isfinite(y[4 * ROWS + r]));
        x[3 * COLS + 300] = kept;
    }
    gemm8_free(&w);
    blocks[66 * 288 + 144 + 1] = blocks[66 * 288 + 144] = 0xff; /* d of row 66's second block */
    gemm8_take(&w, t, ROWS, COLS, blocks, ggml_row_bytes(t, COLS));
    CHECK(gemm8_find_nan(&w, &row, &col) && row == 66 && col == 256);
    gemm8_free(&w);
}

int main(void)
{
    struct rng r = rng_make(1, "x", 1);

    for (size_t i = 0; i < TOKENS * COLS; i++)
        x[i] = (float)rng_normal(r, i) * (i / 32 % 7 == 3 ? 0 : 1);
    memset(x, 0, 512 * sizeof *x); /* a row of zeros */
    x[5 * COLS] = 60000;           /* one that leaves nothing of its neighbours */
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        one_type(ggml_find(types[i]));
    CHECK(!ggml_split(ggml_find("iq2_xxs")) && !ggml_split(ggml_find("f16")) && !ggml_split(NULL));
    what_is_no_number();
    return DONE();
}
