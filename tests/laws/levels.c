/* Laws of levels that are searched for: no group loses more than by its range, the sweep's losses are those that are
 * measured, and no thread, instruction set or cut of rows changes a byte. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/rng.h"
#include "la/gemm.h"
#include "la/obs.h"
#include "quant/gram.h"
#include "quant/table.h"
#include "tests/unit/check.h"

enum { ROWS = 37, COLS = 512, N = ROWS * COLS, TOKENS = 700 };

static float w[N], back[N], gram[COLS * COLS], norm2[COLS], x[TOKENS * COLS];
static uint8_t one[N * 2], two[N * 2];

/* Correlated inputs of different strength, a first token that is unlike the others, a dead channel; weights with a few
 * that stand out, a row of zeros, a row of one sign. */
static void make(void)
{
    struct rng r = rng_make(11, "levels", 6);
    double *sums = mem_new(COLS * COLS, sizeof *sums);
    uint64_t at = 0;

    for (int i = 0; i < N; i++) {
        w[i] = (float)(0.02 * rng_normal(r, at++)) * (i % 97 == 0 ? 4 : 1);
        w[i] = i / COLS == 3 ? 0 : i / COLS == 4 ? fabsf(w[i]) + 0.01f : w[i];
    }
    for (int t = 0; t < TOKENS; t++)
        for (int c = 0; c < COLS; c++) {
            float was = c ? x[t * COLS + c - 1] / (float)(1 + (c - 1) % 5) : 0, v = (float)rng_normal(r, at++);

            x[t * COLS + c] = c == 9 ? 0 : (float)(1 + c % 5) * (0.8f * was + 0.6f * v + (t == 0 ? 3 : 0));
        }
    gram_add(COLS, TOKENS, x, COLS, sums);
    gram_finish(COLS, sums, 1.0 / TOKENS);
    for (int i = 0; i < COLS * COLS; i++)
        gram[i] = (float)sums[i];
    for (int c = 0; c < COLS; c++)
        norm2[c] = gram[c * COLS + c];
    free(sums);
}

/* What rows become: a block type or affine codes. */
struct target {
    const char *type;
    struct quant_affine a;
    const char *table; /* a's, or NULL */
};

static struct target target[] = {{"q4_0", {0}},
                                 {"q4_1", {0}},
                                 {"q5_0", {0}},
                                 {"q5_1", {0}},
                                 {"q8_0", {0}},
                                 {"q2_K", {0}},
                                 {"q3_K", {0}},
                                 {"q4_K", {0}},
                                 {"q5_K", {0}},
                                 {"q6_K", {0}},
                                 {NULL, {3, 64, 0, DT_F16}},
                                 {NULL, {2, 32, 0, DT_F16}},
                                 {NULL, {4, 100, 0, DT_F16}},
                                 {NULL, {3, 0, 1, DT_F32}},
                                 {NULL, {4, 128, 1, DT_BF16}},
                                 {NULL, {4, 64, 1, DT_F16, .divisor = 1}, "fp4"},
                                 {NULL, {4, 32, 1, DT_F8_E8M0, .divisor = 1}, "fp4"},
                                 {NULL, {4, 64, 1, DT_BF16, .divisor = 1}, "nf4"},
                                 {NULL, {8, 16, 1, DT_F8_E4M3, .divisor = 999}, "fp8_e5m2"}};
enum { TARGETS = sizeof target / sizeof *target };

static struct levels_kind kind_of(const struct target *t)
{
    return t->type ? *quant_block_find(t->type)->levels : units_affine(&t->a, COLS);
}

/* Rows step at a time to bytes (codes, then scales, then zeros), by U or without. */
static void code(const struct target *t, const struct quant_gram *q, struct metric m, int search, uint64_t step,
                 uint8_t *out, double *loss)
{
    struct levels_kind kind = kind_of(t);
    uint64_t groups = t->type ? 0 : quant_groups(&t->a, COLS), wide = 0,
             bytes = t->type ? ggml_row_bytes(ggml_find(t->type), COLS) : quant_code_bytes(&t->a, COLS);

    if (!t->type)
        dtype_bytes(t->a.scales, groups, &wide);
    for (uint64_t r = 0; r < ROWS; r += step) {
        uint64_t n = ROWS - r < step ? ROWS - r : step;
        struct quant_into into = {.kind = &kind,
                                  .search = search,
                                  .choose = m,
                                  .method = quant_method_find("rtn"),
                                  .affine = t->type ? NULL : &t->a,
                                  .codes = out + r * bytes,
                                  .scales = out + ROWS * bytes + r * wide,
                                  .zeros = t->a.sym ? NULL : out + ROWS * (bytes + wide) + r * groups,
                                  .row_bytes = bytes};

        if (q)
            quant_sweep_rows(q, &into, w + r * COLS, n, COLS, loss ? loss + r : NULL);
        else
            quant_units_rows(&into, w + r * COLS, n, COLS);
    }
}

static void decode(const struct target *t, const uint8_t *from, float *to)
{
    uint64_t groups = t->type ? 0 : quant_groups(&t->a, COLS), wide,
             bytes = t->type ? 0 : quant_code_bytes(&t->a, COLS), step = t->a.group ? t->a.group : COLS;
    static float scale[N];

    if (t->type) {
        ggml_find(t->type)->to_f32(from, to, N);
        return;
    }
    dtype_bytes(t->a.scales, groups, &wide);
    dtype_to_f32(t->a.scales, from + ROWS * bytes, scale, ROWS * groups);
    for (int i = 0; i < N; i++) {
        uint64_t r = (uint64_t)i / COLS, c = (uint64_t)i % COLS, g = r * groups + c / step;
        unsigned v = 0;

        for (int b = 0; b < t->a.bits; b++)
            v |= (from[r * bytes + (c * (uint64_t)t->a.bits + (uint64_t)b) / 8] >>
                      (c * (uint64_t)t->a.bits + (uint64_t)b) % 8 &
                  1u)
                 << b;
        if (t->a.table)
            to[i] = t->a.table->value[v] * quant_table_unit(&t->a, scale[g]);
        else
            to[i] =
                ((float)v - (t->a.sym ? (float)(1 << (t->a.bits - 1)) : from[ROWS * (bytes + wide) + g])) * scale[g];
    }
}

/* e H e' of each group, from the codes as they lie in the bytes. */
static double group_loss(uint64_t row, uint64_t col, uint64_t n, const float *h)
{
    double sum = 0;

    for (uint64_t i = col; i < col + n; i++)
        for (uint64_t j = col; j < col + n; j++)
            sum += ((double)w[row * COLS + i] - back[row * COLS + i]) *
                   ((double)w[row * COLS + j] - back[row * COLS + j]) *
                   (h        ? h[i * COLS + j]
                    : i == j ? norm2[i]
                             : 0);
    return sum;
}

/* Powers of two are the better of two without a search, too. */
static int powers(const struct target *t)
{
    return t->a.scales == DT_F8_E8M0;
}

static void never_more(const struct target *t, const float *h)
{
    struct metric m = {h ? METRIC_GRAM : METRIC_DIAGONAL, h ? h : norm2, COLS};
    struct levels_kind k = kind_of(t);
    static double was[N];
    double all = 0, before = 0;
    uint64_t n = 0;

    for (int search = 0; search < 2; search++) {
        code(t, NULL, m, search, ROWS, one, NULL);
        decode(t, one, back);
        n = 0;
        for (uint64_t r = 0; r < ROWS; r++)
            for (uint64_t c = 0; c < COLS; c += k.unit, n++) {
                double now = group_loss(r, c, COLS - c < k.unit ? COLS - c : k.unit, h);

                CHECK(!search || k.scale_max || now <= was[n] * (1 + 1e-5));
                was[n] = search ? was[n] : now;
                *(search ? &all : &before) += now;
            }
    }
    CHECK(all < before * (k.top > 200 ? 1 : 0.99) || (powers(t) && all <= before));
}

/* A lone unit's d is not searched jointly with its sub-blocks, but each sub-block goes by what is stored; so the sum
 * says it. The sweep: what is said to be lost is what the damped gram measures. */
static void predicted(const struct target *t, int order)
{
    static float damped[COLS * COLS];
    struct quant_gram_args args = QUANT_GRAM_ARGS;
    struct quant_gram q;
    double said[ROWS] = {0}, mean = 0, all = 0, lost = 0, whole = 0;
    struct err e;

    args.act_order = order == 1;
    args.unit = order == 2 ? kind_of(t).unit : 0;
    args.sub = kind_of(t).sub;
    CHECK(quant_gram_make(&q, &args, gram, COLS, &e) == 0);
    code(t, &q, (struct metric){METRIC_GRAM, gram, COLS}, 1, ROWS, one, said);
    decode(t, one, back);
    for (int c = 0; c < COLS; c++)
        mean += norm2[c] / (COLS - 1.0);
    memcpy(damped, gram, sizeof damped);
    for (int c = 0; c < COLS; c++)
        damped[c * COLS + c] += (float)(q.damp * mean + (c == 9) * mean);
    obs_loss(ROWS, COLS, w, back, damped, &lost, &whole);
    for (int r = 0; r < ROWS; r++)
        all += said[r];
    CHECK_NEAR(all / lost, 1, 1e-3);
    quant_gram_free(&q);
}

/* By the search the sweep loses less than by ranges, and less than levels of the same search without a sweep. */
static void better(const struct target *t)
{
    struct quant_gram_args args = QUANT_GRAM_ARGS;
    struct metric m = {METRIC_GRAM, gram, COLS};
    double lost[3] = {0}, whole = 0;
    struct quant_gram q;
    struct err e;

    CHECK(quant_gram_make(&q, &args, gram, COLS, &e) == 0);
    for (int i = 0; i < 3; i++) {
        code(t, i < 2 ? &q : NULL, m, i > 0, ROWS, one, NULL);
        decode(t, one, back);
        obs_loss(ROWS, COLS, w, back, gram, &lost[i], &whole);
    }
    CHECK((lost[1] < lost[0] || powers(t)) && lost[1] < lost[2]);
    quant_gram_free(&q);
}

static void same(const struct target *t)
{
    struct quant_gram_args args = QUANT_GRAM_ARGS;
    struct quant_gram q;
    struct err e;

    args.unit = kind_of(t).unit;
    args.sub = kind_of(t).sub;
    CHECK(quant_gram_make(&q, &args, gram, COLS, &e) == 0);
    for (int i = 0; i < 2; i++) {
        memset(one, 0, sizeof one);
        memset(two, 0, sizeof two);
        code(t, i ? &q : NULL, (struct metric){METRIC_GRAM, gram, COLS}, 1, ROWS, one, NULL);
        par_set_jobs(3);
        code(t, i ? &q : NULL, (struct metric){METRIC_GRAM, gram, COLS}, 1, 5, two, NULL);
        par_set_jobs(1);
        CHECK(memcmp(one, two, sizeof one) == 0);
    }
    quant_gram_free(&q);
}

int main(void)
{
    for (int i = 0; i < TARGETS; i++)
        target[i].a.table = target[i].table ? quant_table_find(target[i].table) : NULL;
    make();
    for (int i = 0; i < TARGETS; i++) {
        never_more(&target[i], gram);
        never_more(&target[i], NULL);
        predicted(&target[i], 0);
        predicted(&target[i], 1);
        predicted(&target[i], 2);
        better(&target[i]);
        same(&target[i]);
    }
    return DONE();
}
