#include "quant/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/par.h"
#include "quant/quant.h"

/* NormalFloat of 4 bits: quantiles of a normal distribution (Dettmers et al. 2023, arXiv 2305.14314, appendix E). */
static const float nf4[16] = {-1,
                              -0.6961928009986877f,
                              -0.5250730514526367f,
                              -0.39491748809814453f,
                              -0.28444138169288635f,
                              -0.18477343022823334f,
                              -0.09105003625154495f,
                              0,
                              0.07958029955625534f,
                              0.16093020141124725f,
                              0.24611230194568634f,
                              0.33791524171829224f,
                              0.44070982933044434f,
                              0.5626170039176941f,
                              0.7229568362236023f,
                              1};

/* A sign and three bits of exponent: 0 and powers of two (ZeroQuant-FP: Wu et al. 2023, arXiv 2307.09782). */
static const float e3m0[16] = {0, .25f, .5f, 1, 2, 4, 8, 16, 0, -.25f, -.5f, -1, -2, -4, -8, -16};

static struct quant_table tables[] = {
    {.name = "fp8", .brief = "floats of 8 bits, E4M3", .bits = 8, .stored = DT_F8_E4M3},
    {.name = "fp8_e5m2", .brief = "floats of 8 bits, E5M2", .bits = 8, .stored = DT_F8_E5M2},
    {.name = "fp4", .brief = "floats of 4 bits, E2M1", .bits = 4, .stored = DT_F4},
    {.name = "fp4_e3m0", .brief = "floats of 4 bits, E3M0: powers of two", .bits = 4, .stored = DT_F32},
    {.name = "nf4", .brief = "NormalFloat of 4 bits", .bits = 4, .stored = DT_F32}};
#define TABLES ((int)(sizeof tables / sizeof *tables))

/* Values of a short float by its codes, which as bytes of the part are 0, 1 ... */
static void values_of(struct quant_table *t)
{
    uint8_t code[256];

    if (t->stored == DT_F32) {
        memcpy(t->value, strcmp(t->name, "nf4") == 0 ? nf4 : e3m0, sizeof nf4);
        return;
    }
    quant_table_put(t, code);
    dtype_to_f32(t->stored, code, t->value, (size_t)1 << t->bits);
}

static void insert(struct quant_table *t, float v, int code)
{
    int at = t->levels;

    for (int i = 0; i < t->levels; i++)
        if (t->level[i] == v)
            return;
    for (; at > 0 && t->level[at - 1] > v; at--) {
        t->level[at] = t->level[at - 1];
        t->code[at] = t->code[at - 1];
    }
    t->level[at] = v;
    t->code[at] = (uint8_t)code;
    t->levels++;
    t->top = fabsf(v) > t->top ? fabsf(v) : t->top;
}

static void make(struct quant_table *t)
{
    values_of(t);
    for (int c = 0; c < 1 << t->bits; c++)
        if (isfinite(t->value[c]))
            insert(t, t->value[c], c);
    for (int i = 0; i + 1 < t->levels; i++)
        t->middle[i] = (t->level[i] + t->level[i + 1]) / 2;
}

const struct quant_table *quant_table_row(int i)
{
    for (int k = 0; k < TABLES && tables[k].levels == 0; k++)
        make(&tables[k]);
    return i < TABLES ? &tables[i] : NULL;
}

const struct quant_table *quant_table_find(const char *name)
{
    const struct quant_table *t;

    for (int i = 0; (t = quant_table_row(i)); i++)
        if (strcasecmp(t->name, name) == 0)
            return t;
    return NULL;
}

uint64_t quant_table_bytes(const struct quant_table *t)
{
    return ((uint64_t)1 << t->bits) * (uint64_t)dtype_info(t->stored)->bits / 8;
}

void quant_table_put(const struct quant_table *t, void *out)
{
    uint8_t *to = out;

    if (t->stored == DT_F32)
        memcpy(out, t->value, (size_t)quant_table_bytes(t));
    for (unsigned c = 0; t->stored != DT_F32 && c < quant_table_bytes(t); c++)
        to[c] = (uint8_t)(t->bits == 4 ? 2 * c | (2 * c + 1) << 4 : c);
}

unsigned quant_table_code(const struct quant_table *t, float x)
{
    int i = 0; /* middles below x */

    for (int step = 128; step; step /= 2)
        if (i + step < t->levels && x > t->middle[i + step - 1])
            i += step;
    if (i + 1 < t->levels && x == t->middle[i] && t->code[i] % 2)
        i++;
    return t->code[i];
}

float quant_table_scale(const struct quant_affine *a, float most)
{
    float want = most / a->table->top;
    uint8_t byte;
    int exp;

    if (most == 0)
        return 1;
    if (a->scales == DT_F8_E8M0) {
        float part = frexpf(want, &exp);

        exp -= part == .5f;
        return ldexpf(1, exp < -126 ? -126 : exp > 127 ? 127 : exp);
    }
    if (a->scales != DT_F8_E4M3)
        return quant_round_scale(a->scales, want);
    want *= a->divisor;
    dtype_from_f32(DT_F8_E4M3, &want, &byte, 1);
    dtype_to_f32(DT_F8_E4M3, &byte, &want, 1);
    return want;
}

float quant_table_unit(const struct quant_affine *a, float scale)
{
    return a->divisor != 1 ? scale / a->divisor : scale;
}

float quant_table_divisor(const struct quant_table *t, float most)
{
    float d = 448 * t->top / most;

    return most > 0 && isfinite(d) ? d : 1;
}

struct blocks {
    const struct quant_affine *a;
    const float *w;
    uint64_t rows, cols;
    uint8_t *codes;
    void *scales;
};

static float most_of(const struct blocks *b, uint64_t row0, uint64_t rows, uint64_t col, uint64_t n)
{
    float most = 0;

    for (uint64_t r = row0; r < row0 + rows; r++)
        for (uint64_t c = col; c < col + n; c++)
            most = fabsf(b->w[r * b->cols + c]) > most ? fabsf(b->w[r * b->cols + c]) : most;
    return most;
}

static void one_block(void *ctx, size_t i)
{
    const struct blocks *b = ctx;
    uint64_t row0 = i * b->a->tall, rows = b->rows - row0 < b->a->tall ? b->rows - row0 : b->a->tall,
             step = b->a->group ? b->a->group : b->cols, groups = quant_groups(b->a, b->cols);
    float *scale = mem_new(groups, sizeof *scale), *zero = mem_new(groups, sizeof *zero);
    uint8_t *code = mem_new(b->cols, 1);

    for (uint64_t g = 0; g < groups; g++)
        scale[g] = quant_table_scale(
            b->a, most_of(b, row0, rows, g * step, b->cols - g * step < step ? b->cols - g * step : step));
    for (uint64_t r = row0; r < row0 + rows; r++) {
        for (uint64_t c = 0; c < b->cols; c++) {
            float unit = quant_table_unit(b->a, scale[c / step]);

            code[c] = (uint8_t)quant_table_code(b->a->table, unit > 0 ? b->w[r * b->cols + c] / unit : 0);
        }
        quant_store_row(quant_method_find("rtn"), b->a, r, b->cols, code, scale, zero, b->codes, b->scales, NULL);
    }
    free(scale);
    free(zero);
    free(code);
}

void quant_table_blocks(const struct quant_affine *a, const float *w, uint64_t rows, uint64_t cols, uint8_t *codes,
                        void *scales)
{
    struct blocks b = {a, w, rows, cols, codes, scales};

    par_for((rows + a->tall - 1) / a->tall, one_block, &b);
}
