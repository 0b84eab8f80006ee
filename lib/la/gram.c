#include <stdlib.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/gemm.h"
#include "la/engine.h"

/* Tokens packed at once: a tile of G then takes four blocks of products for each time it comes from memory. */
#define TOKENS 1024
#define PANELS 48 /* columns that are whole panels of every build, wide and tall */

struct gram {
    size_t cols, tokens; /* tokens <= TOKENS */
    const float *x;
    size_t ldx;
    double *g;
    float *wide, *tall;          /* X as panels of nr columns and of mr columns, block of tokens after block */
    size_t wide_cols, tall_cols; /* cols rounded up to nr, to mr */
};

static size_t block_len(const struct gram *w, size_t p)
{
    return w->tokens - p < GEMM_BLOCK ? w->tokens - p : GEMM_BLOCK;
}

/* Pack some columns in the wide form and in the tall; done for all before any product. */
static void pack(void *ctx, size_t i)
{
    const struct gram *w = ctx;
    const struct kern *kn = kern_get();
    struct axes by_token = {1, w->ldx};
    size_t nr = (size_t)kn->nr, mr = (size_t)kn->mr, j = i * PANELS, some = w->cols - j < PANELS ? w->cols - j : PANELS;

    for (size_t p = 0; p < w->tokens; p += GEMM_BLOCK) {
        const float *src = w->x + p * w->ldx + j;

        gemm_pack(src, by_token, some, block_len(w, p), nr, w->wide + p * w->wide_cols + j * block_len(w, p));
        gemm_pack(src, by_token, some, block_len(w, p), mr, w->tall + p * w->tall_cols + j * block_len(w, p));
    }
}

/* Add a tile of products to G at (i, j), on and above the diagonal. */
static void store(const struct gram *w, const float *tile, size_t i, size_t j, size_t mr, size_t nr)
{
    for (size_t r = 0; r < mr && i + r < w->cols; r++) {
        size_t from = i + r > j ? i + r - j : 0, to = w->cols - j < nr ? w->cols - j : nr;

        if (from < to)
            kern_add64(tile + r * nr + from, w->g + (i + r) * w->cols + j + from, to - from);
    }
}

/* All tiles of one panel of nr columns, from the first row to the diagonal. */
static void multiply(void *ctx, size_t t)
{
    const struct gram *w = ctx;
    const struct kern *kn = kern_get();
    size_t nr = (size_t)kn->nr, mr = (size_t)kn->mr;
    size_t j = (count_of(w->cols, nr) - 1 - t) * nr; /* the longest first */
    float tile[TILE_MAX];

    for (size_t i = 0; i < w->cols && i < j + nr; i += mr)
        for (size_t p = 0; p < w->tokens; p += GEMM_BLOCK) {
            size_t k = block_len(w, p);

            kn->gemm32(k, w->tall + p * w->tall_cols + i * k, w->wide + p * w->wide_cols + j * k, tile, nr, KERN_SET);
            store(w, tile, i, j, mr, nr);
        }
}

void gram_own(size_t cols, size_t tokens, const float *X, size_t ldx, double *G)
{
    const struct kern *kn = kern_get();
    struct gram w = {.cols = cols, .ldx = ldx, .g = G};
    size_t most = tokens < TOKENS ? tokens : TOKENS;
    void *room;

    w.wide_cols = round_up(cols, (size_t)kn->nr);
    w.tall_cols = round_up(cols, (size_t)kn->mr);
    room = mem_resize(NULL, (w.wide_cols + w.tall_cols) * most * sizeof(float) + 64, 1);
    w.wide = (float *)round_up((uintptr_t)room, 64);
    w.tall = w.wide + w.wide_cols * most;
    for (size_t p = 0; p < tokens; p += TOKENS) {
        w.x = X + p * ldx;
        w.tokens = tokens - p < TOKENS ? tokens - p : TOKENS;
        par_for(count_of(cols, PANELS), pack, &w);
        par_for(count_of(cols, (size_t)kn->nr), multiply, &w);
    }
    free(room);
}

void gram_add(size_t cols, size_t tokens, const float *X, size_t ldx, double *G)
{
    la_engine->gram(cols, tokens, X, ldx, G);
}

void gram_finish(size_t cols, double *G, double scale)
{
    for (size_t i = 0; i < cols; i++)
        for (size_t j = i; j < cols; j++)
            G[i * cols + j] *= scale;
    dsym_mirror(cols, G, cols);
}
