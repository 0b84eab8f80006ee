#include "quant/units.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "num/half_bits.h"
#include "quant/superblock.h"

#define L LEVELS_ROWS

struct levels_kind units_affine(const struct quant_affine *a, uint64_t cols)
{
    uint32_t step = (uint32_t)(a->group && a->group < cols ? a->group : cols);

    return (struct levels_kind){.top = (1 << a->bits) - 1,
                                .middle = a->table ? 0
                                          : a->sym ? 1 << (a->bits - 1)
                                                   : -1,
                                .scales = a->scales,
                                .table = a->table ? a : NULL,
                                .unit = step,
                                .sub = step};
}

void units_open(struct units *u, const struct quant_into *into, uint64_t rows, uint64_t cols)
{
    const struct levels_kind *k = into->kind;

    *u = (struct units){into, cols, (cols + k->sub - 1) / k->sub, (cols + k->unit - 1) / k->unit, NULL, NULL,
                        NULL, NULL};
    u->level = mem_new(rows * u->subs, sizeof *u->level);
    u->d = mem_new(rows * u->units, sizeof *u->d);
    u->dmin = mem_new(rows * u->units, sizeof *u->dmin);
    u->code = mem_new(rows * cols, 1);
}

void units_close(struct units *u)
{
    free(u->level);
    free(u->d);
    free(u->dmin);
    free(u->code);
}

/* What an error of a sub-block's columns weighs, each alone. */
static float weight_of(const struct metric *m, size_t n)
{
    float sum = 0;

    for (size_t k = 0; k < n; k++) {
        float h = m->kind == METRIC_DIAGONAL ? m->h[k] : m->kind == METRIC_PLAIN ? 1 : m->h[k * m->ld + k];

        sum += m->kind == METRIC_SWEEP ? 1 / (h * h) : h;
    }
    return sum;
}

void units_unit(struct units *u, size_t row0, size_t rows, uint64_t col, const float *w, const struct metric *m)
{
    const struct levels_kind *k = u->into->kind;
    struct levels v[16];
    struct levels_unit unit;
    float weight[16];
    size_t subs = k->unit / k->sub;

    if (!k->scale_max)
        return;
    for (size_t i = 0; i < subs; i++) {
        struct metric at = metric_at(m, i * k->sub);

        levels_choose(k, NULL, w + i * k->sub * L, k->sub, &at, u->into->search, &v[i]);
        weight[i] = weight_of(&at, k->sub);
    }
    levels_unit(k, v, subs, weight, &unit);
    for (size_t l = 0; l < rows; l++) {
        u->d[(row0 + l) * u->units + col / k->unit] = unit.d[l];
        u->dmin[(row0 + l) * u->units + col / k->unit] = unit.dmin[l];
    }
}

void units_sub(struct units *u, size_t row0, size_t rows, uint64_t col, const float *w, const struct metric *m)
{
    const struct levels_kind *k = u->into->kind;
    size_t n = u->cols - col < k->sub ? u->cols - col : k->sub;
    struct levels_unit unit = {{0}, {0}};
    struct levels v = {.zero = {0}};

    for (size_t l = 0; l < rows; l++) {
        unit.d[l] = u->d[(row0 + l) * u->units + col / k->unit];
        unit.dmin[l] = u->dmin[(row0 + l) * u->units + col / k->unit];
    }
    levels_choose(k, &unit, w, n, m, u->into->search, &v);
    for (size_t l = 0; l < rows; l++) {
        size_t to = (row0 + l) * u->subs + col / k->sub;

        u->level[to].scale = v.scale[l];
        u->level[to].zero = v.zero[l];
        u->level[to].low = v.low[l];
        u->level[to].scale_code = v.scale_code[l];
        u->level[to].low_code = v.low_code[l];
    }
}

void units_code(struct units *u, size_t row0, size_t rows, uint64_t col, const float w[L], float q[L])
{
    struct levels v = {.zero = {0}};
    uint8_t code[L];

    for (size_t l = 0; l < rows; l++) {
        size_t from = (row0 + l) * u->subs + col / u->into->kind->sub;

        v.scale[l] = u->level[from].scale;
        v.zero[l] = u->level[from].zero;
        v.low[l] = u->level[from].low;
    }
    levels_code(u->into->kind, &v, w, code, q);
    for (size_t l = 0; l < rows; l++)
        u->code[(row0 + l) * u->cols + col] = code[l];
}

/* Columns of rows side by side. */
static void beside(const float *w, size_t rows, uint64_t cols, uint64_t col, uint64_t n, float *to)
{
    memset(to, 0, n * L * sizeof *to);
    for (size_t l = 0; l < rows; l++)
        for (uint64_t c = 0; c < n; c++)
            to[c * L + l] = w[l * cols + col + c];
}

void units_levels(struct units *u, size_t row0, size_t rows, const float *w)
{
    const struct levels_kind *k = u->into->kind;
    float *some = mem_resize(NULL, (uint64_t)k->unit * L, sizeof *some);

    for (uint64_t c = 0; c < u->cols; c += k->unit) {
        uint64_t n = u->cols - c < k->unit ? u->cols - c : k->unit;

        struct metric at = metric_at(&u->into->choose, c);

        beside(w, rows, u->cols, c, n, some);
        units_unit(u, row0, rows, c, some, &at);
        for (uint64_t s = 0; s < n; s += k->sub) {
            at = metric_at(&u->into->choose, c + s);
            units_sub(u, row0, rows, c + s, some + s * L, &at);
        }
    }
    free(some);
}

static void put_affine(const struct units *u, size_t row)
{
    const struct quant_into *to = u->into;
    float *scale = mem_resize(NULL, 2 * u->subs, sizeof *scale), *zero = scale + u->subs;

    for (uint64_t s = 0; s < u->subs; s++) {
        scale[s] = u->level[row * u->subs + s].scale;
        zero[s] = u->level[row * u->subs + s].zero;
    }
    quant_store_row(to->method, to->affine, row, u->cols, u->code + row * u->cols, scale, zero, to->codes, to->scales,
                    to->zeros);
    free(scale);
}

void units_put(const struct units *u, size_t row)
{
    const struct levels_kind *k = u->into->kind;
    uint64_t bytes = u->into->row_bytes / u->units, subs = k->unit / k->sub;
    struct superblock s = {.dmin = 0};

    if (u->into->affine) {
        put_affine(u, row);
        return;
    }
    for (uint64_t i = 0; i < u->units; i++) {
        memcpy(s.q, u->code + row * u->cols + i * k->unit, k->unit);
        for (uint64_t b = 0; b < subs; b++) {
            s.scale[b] = u->level[row * u->subs + i * subs + b].scale_code;
            s.low[b] = u->level[row * u->subs + i * subs + b].low_code;
        }
        s.d = half_down(k->scale_max ? u->d[row * u->units + i] : u->level[row * u->subs + i].scale);
        s.dmin = half_down(k->scale_max ? u->dmin[row * u->units + i] : -u->level[row * u->subs + i].low);
        k->pack(&s, u->into->codes + row * u->into->row_bytes + i * bytes);
    }
}

struct tiles {
    struct units u;
    const float *w;
    uint64_t rows;
};

static void one_tile(void *ctx, size_t i)
{
    struct tiles *t = ctx;
    size_t row0 = i * L, rows = t->rows - row0 < L ? t->rows - row0 : L;
    const float *w = t->w + row0 * t->u.cols;
    float now[L] = {0}, q[L];

    units_levels(&t->u, row0, rows, w);
    for (uint64_t c = 0; c < t->u.cols; c++) {
        for (size_t l = 0; l < rows; l++)
            now[l] = w[l * t->u.cols + c];
        units_code(&t->u, row0, rows, c, now, q);
    }
    for (size_t l = 0; l < rows; l++)
        units_put(&t->u, row0 + l);
}

void quant_units_rows(const struct quant_into *into, const float *w, uint64_t rows, uint64_t cols)
{
    struct tiles t = {.w = w, .rows = rows};

    units_open(&t.u, into, rows, cols);
    par_for((rows + L - 1) / L, one_tile, &t);
    units_close(&t.u);
}
