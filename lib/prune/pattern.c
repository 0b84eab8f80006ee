#include "prune/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/parse.h"

#define SIDE_MAX 65536 /* of a block */
#define PIECE 32768    /* weights that one thread takes at a time */

static int parse_scope(struct pattern *p, const char *s, struct err *e)
{
    static const char *const name[] = {"", "row", "tensor", "model"};

    for (int i = SCOPE_ROW; i <= SCOPE_MODEL; i++)
        if (strcmp(s, name[i]) == 0) {
            p->scope = i;
            return 0;
        }
    return err_set(e, "scope '%s' is none of row, tensor, model", s);
}

static int parse_nm(struct pattern *p, const char *sparsity, struct err *e)
{
    if (parse_pair(sparsity, ':', &p->keep, &p->of, e) < 0)
        return -1;
    if (p->of == 0 || p->keep > p->of)
        return err_set(e, "sparsity '%s': N of M weights stay, so N is at most M and M at least 1", sparsity);
    p->sparsity = (double)(p->of - p->keep) / (double)p->of;
    p->scope = SCOPE_ROW;
    return 0;
}

int pattern_parse(struct pattern *p, const char *sparsity, const char *block, const char *scope, struct err *e)
{
    *p = (struct pattern){.block_rows = 1, .block_cols = 1};
    if (strchr(sparsity, ':')) {
        if (block || scope)
            return err_set(e, "sparsity '%s' chooses in groups of a row: it goes with no %s", sparsity,
                           block ? "block" : "scope");
        return parse_nm(p, sparsity, e);
    }
    if (parse_fraction(sparsity, &p->sparsity, e) < 0 || (scope && parse_scope(p, scope, e) < 0) ||
        (block && parse_pair(block, 'x', &p->block_rows, &p->block_cols, e) < 0))
        return -1;
    if (p->block_rows < 1 || p->block_cols < 1 || p->block_rows > SIDE_MAX || p->block_cols > SIDE_MAX)
        return err_set(e, "block '%s' has a side that is not from 1 to %d", block, SIDE_MAX);
    return 0;
}

int pattern_fits(const struct pattern *p, uint64_t cols, struct err *e)
{
    if (p->of && cols % p->of != 0)
        return err_set(e, "%llu columns are no multiple of the %llu of %llu:%llu", (unsigned long long)cols,
                       (unsigned long long)p->of, (unsigned long long)p->keep, (unsigned long long)p->of);
    return 0;
}

uint64_t pattern_count(const struct pattern *p, uint64_t n)
{
    double k = p->sparsity * (double)n * (1 + 0x1p-50);

    return k < (double)n ? (uint64_t)k : n;
}

static uint64_t across(const struct pattern *p, uint64_t cols)
{
    return (cols + p->block_cols - 1) / p->block_cols;
}

uint64_t pattern_units(const struct pattern *p, uint64_t rows, uint64_t cols)
{
    return (rows + p->block_rows - 1) / p->block_rows * across(p, cols);
}

/* Mean over weights [r0, r1) x [c0, c1). */
static float block_mean(const float *score, uint64_t cols, uint64_t r0, uint64_t r1, uint64_t c0, uint64_t c1)
{
    double sum = 0;

    for (uint64_t r = r0; r < r1; r++)
        for (uint64_t c = c0; c < c1; c++)
            sum += score[r * cols + c];
    return (float)(sum / (double)((r1 - r0) * (c1 - c0)));
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void pattern_unit_scores(const struct pattern *p, const float *score, uint64_t rows, uint64_t cols, float *unit)
{
    if (p->block_rows == 1 && p->block_cols == 1) {
        memcpy(unit, score, rows * cols * sizeof *unit);
        return;
    }
    for (uint64_t r = 0; r < rows; r += p->block_rows)
        for (uint64_t c = 0; c < cols; c += p->block_cols)
            *unit++ = block_mean(score, cols, r, least(r + p->block_rows, rows), c, least(c + p->block_cols, cols));
}

/* Marks of units to marks of their weights. */
static void spread(const struct pattern *p, const uint8_t *unit, uint64_t rows, uint64_t cols, uint8_t *mask)
{
    uint64_t width = across(p, cols);

    for (uint64_t r = 0; r < rows; r++)
        for (uint64_t c = 0; c < cols; c++)
            mask[r * cols + c] = unit[r / p->block_rows * width + c / p->block_cols];
}

struct rows {
    const struct pattern *p;
    const float *score;
    uint64_t rows, cols, piece; /* rows that one thread takes at a time: whole rows of blocks */
    uint8_t *mask;
};

/* One row of blocks: rows is block_rows, or less at the lower edge. */
static void mask_blocks(const struct pattern *p, const float *score, uint64_t rows, uint64_t cols, uint8_t *mask)
{
    uint64_t width = across(p, cols);
    float *unit = mem_resize(NULL, width, sizeof *unit);
    uint8_t *mark = mem_resize(NULL, width, 1);

    pattern_unit_scores(p, score, rows, cols, unit);
    pick_smallest(unit, width, pattern_count(p, width), mark);
    spread(p, mark, rows, cols, mask);
    free(unit);
    free(mark);
}

static void mask_piece(void *ctx, size_t i)
{
    const struct rows *j = ctx;
    const struct pattern *p = j->p;
    uint64_t end = least((i + 1) * j->piece, j->rows);

    for (uint64_t r = i * j->piece; r < end; r += p->block_rows) {
        const float *score = j->score + r * j->cols;
        uint8_t *mask = j->mask + r * j->cols;

        if (p->of)
            pick_groups(score, j->cols, p->of, p->of - p->keep, mask);
        else if (p->block_rows == 1 && p->block_cols == 1)
            pick_smallest(score, j->cols, pattern_count(p, j->cols), mask);
        else
            mask_blocks(p, score, least(p->block_rows, end - r), j->cols, mask);
    }
}

void pattern_mask_rows(const struct pattern *p, const float *score, uint64_t rows, uint64_t cols, uint8_t *mask)
{
    uint64_t blocks = p->block_rows * cols < PIECE ? PIECE / (p->block_rows * cols + 1) : 0;
    struct rows j = {p, score, rows, cols, (blocks > 0 ? blocks : 1) * p->block_rows, mask};

    par_for((rows + j.piece - 1) / j.piece, mask_piece, &j);
}

void pattern_count_rows(const struct pattern *p, struct pick_sieve *s, const float *score, uint64_t rows, uint64_t cols)
{
    uint64_t n = pattern_units(p, rows, cols);
    float *unit;

    if (n == rows * cols) {
        pick_sieve_count(s, score, n);
        return;
    }
    unit = mem_resize(NULL, n, sizeof *unit);
    pattern_unit_scores(p, score, rows, cols, unit);
    pick_sieve_count(s, unit, n);
    free(unit);
}

void pattern_mark_rows(const struct pattern *p, struct pick_sieve *s, const float *score, uint64_t rows, uint64_t cols,
                       uint8_t *mask)
{
    uint64_t n = pattern_units(p, rows, cols);
    float *unit;
    uint8_t *mark;

    if (n == rows * cols) {
        pick_sieve_mark(s, score, n, mask);
        return;
    }
    unit = mem_resize(NULL, n, sizeof *unit);
    mark = mem_resize(NULL, n, 1);
    pattern_unit_scores(p, score, rows, cols, unit);
    pick_sieve_mark(s, unit, n, mark);
    spread(p, mark, rows, cols, mask);
    free(unit);
    free(mark);
}
