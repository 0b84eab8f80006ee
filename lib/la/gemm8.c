#include "la/gemm8.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/gemm_int.h"
#include "num/int8.h"

#define SOME 480 /* rows of X at a time: whole tiles of every build */

/* --- weights --- */

struct taking {
    const struct gemm8 *w;
    const struct ggml_type *t;
    const uint8_t *blocks;
    size_t row_bytes;
};

static size_t subs_of(const struct gemm8 *w)
{
    return w->cols / (size_t)w->type->sub;
}

/* One row of a panel: words of four codes, and its scales, a panel's width apart. */
static void spread(const struct gemm8 *w, size_t row, const uint8_t *code, const float *scale, const float *min)
{
    size_t panel = row / INT8_PANEL, lane = row % INT8_PANEL;
    uint8_t *to = w->code + panel * w->cols * INT8_PANEL + lane * 4;
    size_t at = panel * subs_of(w) * INT8_PANEL + lane;

    for (size_t q = 0; q < w->cols; q += 4)
        memcpy(to + q * INT8_PANEL, code + q, 4);
    for (size_t s = 0; s < subs_of(w); s++) {
        w->scale[at + s * INT8_PANEL] = scale[s];
        if (w->min)
            w->min[at + s * INT8_PANEL] = min[s];
    }
}

static void take_panel(void *ctx, size_t panel)
{
    const struct taking *k = ctx;
    const struct gemm8 *w = k->w;
    uint8_t *code = mem_resize(NULL, w->cols, 1);
    float *scale = mem_resize(NULL, 2 * subs_of(w), sizeof *scale), *min = scale + subs_of(w);

    for (size_t r = panel * INT8_PANEL; r < w->rows && r < (panel + 1) * INT8_PANEL; r++) {
        w->type->split(k->blocks + r * k->row_bytes, w->cols, code, scale, min);
        spread(w, r, code, scale, min);
    }
    free(scale);
    free(code);
}

void gemm8_take(struct gemm8 *w, const struct ggml_type *t, size_t rows, size_t cols, const uint8_t *blocks,
                size_t row_bytes)
{
    size_t padded = round_up(rows, INT8_ROWS);

    *w = (struct gemm8){.type = ggml_split(t), .rows = rows, .cols = cols};
    w->code = mem_new(padded, cols);
    w->scale = mem_new(padded, subs_of(w) * sizeof *w->scale);
    w->min = w->type->has_min ? mem_new(padded, subs_of(w) * sizeof *w->min) : NULL;
    par_for(count_of(rows, INT8_PANEL), take_panel, &(struct taking){w, t, blocks, row_bytes});
}

void gemm8_free(struct gemm8 *w)
{
    free(w->code);
    free(w->scale);
    free(w->min);
    memset(w, 0, sizeof *w);
}

int gemm8_find_nan(const struct gemm8 *w, size_t *row, size_t *col)
{
    for (size_t r = 0; r < w->rows; r++)
        for (size_t s = 0; s < subs_of(w); s++) {
            size_t at = (r / INT8_PANEL * subs_of(w) + s) * INT8_PANEL + r % INT8_PANEL;

            if (w->scale[at] == w->scale[at] && (!w->min || w->min[at] == w->min[at]))
                continue;
            *row = r;
            *col = s * (size_t)w->type->sub;
            return 1;
        }
    return 0;
}

/* --- products --- */

struct job {
    const struct gemm8 *w;
    const struct int8_kern *k;
    const float *X;
    size_t m, ldx, ldy, room; /* room: words of a packed tile of X */
    float *Y;
    int32_t *packed;
};

static void pack_tile(void *ctx, size_t i)
{
    const struct job *j = ctx;
    size_t tokens = (size_t)j->k->tokens, cols = j->w->cols, block = (size_t)j->w->type->block, first = i * tokens;
    int8_t *code = mem_resize(NULL, tokens, cols);
    float *d = mem_resize(NULL, tokens, cols / block * sizeof *d);
    struct int8_rows x = {j->m - first < tokens ? j->m - first : tokens, block, code, d};

    for (size_t t = 0; t < x.n; t++)
        j->k->round(j->X + (first + t) * j->ldx, cols, block, code + t * cols, d + t * (cols / block));
    j->k->pack(&x, cols, (size_t)j->w->type->sub, j->w->type->zero, j->packed + i * j->room);
    free(d);
    free(code);
}

/* A tile's worth of rows of the weights against all tiles of X. */
static void strip(void *ctx, size_t i)
{
    const struct job *j = ctx;
    const struct gemm8 *w = j->w;
    struct int8_weights of = {w->cols, (size_t)w->type->sub, w->code, w->scale, w->min};
    size_t tokens = (size_t)j->k->tokens, rows = (size_t)j->k->rows, first = i * rows;
    size_t real = w->rows - first < rows ? w->rows - first : rows;
    float some[TILE_MAX];

    for (size_t t = 0; t < j->m; t += tokens) {
        size_t n = j->m - t < tokens ? j->m - t : tokens;
        const int32_t *x = j->packed + t / tokens * j->room;

        if (n == tokens && real == rows) {
            j->k->tile(&of, first, x, j->Y + t * j->ldy + first, j->ldy);
            continue;
        }
        j->k->tile(&of, first, x, some, rows);
        for (size_t r = 0; r < n; r++)
            memcpy(j->Y + (t + r) * j->ldy + first, some + r * rows, real * sizeof *some);
    }
}

static void run(const struct job *j, size_t n, void (*fn)(void *ctx, size_t i))
{
    if ((double)j->m * (double)j->w->rows * (double)j->w->cols > WORTH_THREADS)
        par_for(n, fn, (void *)(uintptr_t)j);
    else
        for (size_t i = 0; i < n; i++)
            fn((void *)(uintptr_t)j, i);
}

void gemm8_nt(size_t m, const float *X, size_t ldx, const struct gemm8 *w, float *Y, size_t ldy)
{
    const struct int8_kern *k = int8_get();
    size_t tokens = (size_t)k->tokens, room = INT8_ROOM(k, w->cols, (size_t)w->type->sub);
    int32_t *packed = mem_resize(NULL, count_of(m < SOME ? m : SOME, tokens) * room, sizeof *packed);

    for (size_t t = 0; t < m; t += SOME) {
        struct job j = {w, k, X + t * ldx, m - t < SOME ? m - t : SOME, ldx, ldy, room, Y + t * ldy, packed};

        run(&j, count_of(j.m, tokens), pack_tile);
        run(&j, count_of(w->rows, (size_t)k->rows), strip);
    }
    free(packed);
}
