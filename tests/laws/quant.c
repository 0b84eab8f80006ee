/* Laws that every encoder and every method of affine codes keeps, over the whole tables. */
#include <stdint.h>
#include <stdlib.h>

#include "base/par.h"
#include "base/rng.h"
#include "quant/quant.h"
#include "tests/unit/check.h"

enum { ROWS = 64, COLS = 1536 };
static float w[ROWS * COLS], back[ROWS * COLS], again[ROWS * COLS], importance[COLS];
static uint8_t blocks[ROWS * COLS * 2], others[ROWS * COLS * 2];

static void decode(const struct quant_block *b, const uint8_t *from, float *to)
{
    ggml_find(b->type)->to_f32(from, to, ROWS * COLS);
}

/* Relative error ||w - q|| / ||w||, columns weighed by v (NULL: 1). */
static double error(const float *q, const float *v)
{
    double lost = 0, whole = 0;

    for (int i = 0; i < ROWS * COLS; i++) {
        double k = v ? v[i % COLS] : 1;

        lost += k * ((double)w[i] - q[i]) * ((double)w[i] - q[i]);
        whole += k * (double)w[i] * w[i];
    }
    return sqrt(lost / whole);
}

/* Errors that ggml's own quantizer has on normal weights, in per cent; all inputs of equal importance where it needs
 * one. */
static void check_blocks_known_error(void)
{
    static const struct {
        const char *type;
        double percent;
    } known[] = {{"q8_0", .535},    {"q6_K", 1.77},   {"q5_K", 3.61},  {"q5_1", 3.79},    {"q5_0", 4.28},
                 {"q4_K", 7.14},    {"q4_1", 7.82},   {"q4_0", 8.59},  {"q3_K", 15.1},    {"q2_K", 29.7},
                 {"iq4_nl", 7.62},  {"iq4_xs", 7.68}, {"mxfp4", 11.4}, {"nvfp4", 10.3},   {"iq3_s", 16.6},
                 {"iq3_xxs", 18.2}, {"iq2_s", 24.9},  {"iq2_xs", 30},  {"iq2_xxs", 34.4}, {"iq1_m", 45.1},
                 {"iq1_s", 48.5},   {"q1_0", 60}};
    static float ones[COLS];
    size_t n = 0;

    for (int c = 0; c < COLS; c++)
        ones[c] = 1;
    for (const struct quant_block *const *b = quant_blocks; CHECK_ROW(*b, type); b++)
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            if (strcmp(known[k].type, (*b)->type) == 0) {
                quant_encode(*b, w, (*b)->without ? ones : NULL, ROWS, COLS, blocks);
                decode(*b, blocks, back);
                CHECK_NEAR(error(back, NULL) * 100, known[k].percent, known[k].percent * .01);
                n++;
            }
    CHECK(n == sizeof known / sizeof *known);
}

static void check_block(const struct quant_block *b)
{
    const struct ggml_type *t = ggml_find(b->type);
    size_t bytes = ROWS * ggml_row_bytes(t, COLS);
    double plain, weighed;

    CHECK(t != NULL && (b->fallback[0] == 0 || quant_block_find(b->fallback)));
    CHECK(!b->without || (quant_block_find(b->without) && !quant_block_find(b->without)->without));
    for (int with = 0; with < 2; with++) { /* the same bytes for any number of threads */
        par_set_jobs(1);
        quant_encode(b, w, with ? importance : NULL, ROWS, COLS, blocks);
        for (int jobs = 2; jobs <= 3; jobs++) {
            par_set_jobs(jobs);
            memset(others, 0xaa, bytes);
            quant_encode(b, w, with ? importance : NULL, ROWS, COLS, others);
            CHECK(memcmp(blocks, others, bytes) == 0);
        }
    }
    decode(b, blocks, back);
    weighed = error(back, importance);
    quant_encode(b, w, NULL, ROWS, COLS, blocks);
    decode(b, blocks, back);
    plain = error(back, importance);
    CHECK(weighed <= plain); /* importance lowers the error that it weighs */
    if (strchr(b->type, 'K') || strncmp(b->type, "iq", 2) == 0 || strcmp(b->type, "nvfp4") == 0)
        return;
    quant_encode(b, back, NULL, ROWS, COLS,
                 others); /* types whose scale is not searched keep what they can represent */
    decode(b, others, again);
    CHECK(memcmp(back, again, sizeof back) == 0);
}

static void check_block_edges(const struct quant_block *b)
{
    static float edge[4 * COLS], out[4 * COLS], dead[COLS];

    memset(edge, 0, sizeof edge);
    for (int c = 0; c < COLS; c++) { /* zeros; one weight; tiny; huge */
        edge[2 * COLS + c] = 1e-30f * (float)(c % 7 - 3);
        edge[3 * COLS + c] = 1e4f * (float)(c % 5 - 2);
    }
    edge[COLS + 100] = -1;
    for (int with = 0; with < 3; with++) { /* without importance, with it, with channels that are never active */
        b->encode(edge, with == 0 ? NULL : with == 1 ? importance : dead, 4, COLS, blocks);
        ggml_find(b->type)->to_f32(blocks, out, 4 * COLS);
        for (int c = 0; c < 4 * COLS; c++)
            CHECK(isfinite(out[c]) && (c >= COLS || out[c] == 0));
        if (with == 0) {
            CHECK_NEAR(out[COLS + 100], strcmp(b->type, "q1_0") == 0 ? -1. / 128 : -1, .35); /* its scale is the mean */
            CHECK(out[COLS + 600] == 0);
        }
    }
}

static void affine(const struct quant_method *m, const struct quant_affine *a, const float *x, float *to)
{
    static uint8_t codes[COLS];
    static float scales[COLS], zeros[COLS];
    uint64_t group = a->group ? a->group : COLS;

    for (int r = 0; r < ROWS; r++) {
        m->row(a, x + r * COLS, COLS, codes, scales, zeros);
        for (int c = 0; c < COLS; c++)
            to[r * COLS + c] = ((float)codes[c] - zeros[c / group]) * scales[c / group];
    }
}

static void check_method_threads(const struct quant_method *m, const struct quant_affine *a)
{
    static uint16_t scales[2][ROWS * COLS], zeros[2][ROWS * COLS];

    for (int j = 0; j < 2; j++) {
        par_set_jobs(j + 1);
        quant_rows(m, a, w, ROWS, COLS, j ? others : blocks, scales[j], a->sym ? NULL : zeros[j]);
    }
    CHECK(memcmp(blocks, others, ROWS * quant_code_bytes(a, COLS)) == 0);
    CHECK(memcmp(scales[0], scales[1], sizeof scales[0]) == 0 && memcmp(zeros[0], zeros[1], sizeof zeros[0]) == 0);
}

static void check_method(const struct quant_method *m, int sym)
{
    static const uint64_t groups[] = {0, 128, 100, 32};
    double fewer_bits, wider = 9;

    for (int g = 0; g < 4; g++) { /* error falls with bits, and with narrower groups */
        fewer_bits = 9;
        for (int bits = 2; bits <= 8; bits++) {
            struct quant_affine a = {bits, groups[g], sym, DT_F16};

            affine(m, &a, w, back);
            CHECK(error(back, NULL) < fewer_bits * .8);
            fewer_bits = error(back, NULL);
            check_method_threads(m, &a);
        }
        CHECK(fewer_bits < wider);
        wider = fewer_bits;
    }
    for (int bits = 2; bits <= 8; bits++) {
        struct quant_affine a = {bits, 128, sym, DT_F16};
        static float zero[ROWS * COLS], one[ROWS * COLS];

        affine(m, &a, zero, back);
        CHECK(memcmp(zero, back, sizeof back) == 0);
        for (int i = 0; i < ROWS * COLS; i++) /* a constant and a tiny weight are finite and near */
            one[i] = i % COLS < 256 ? 3 : 1e-9f;
        affine(m, &a, one, back);
        for (int i = 0; i < ROWS * COLS; i++)
            CHECK(fabs(back[i] - one[i]) <= (sym ? 1.01 : .01) * one[i] + 1e-7);
    }
}

/* With scales in F32 round to nearest keeps the codes of what it can represent (a scale rounded to F16 may cut the
 * range by a step); no weight moves by more than half a step (and what rounding the scale adds). */
static void check_rtn(void)
{
    const struct quant_method *m = quant_method_find("rtn");

    for (int bits = 2; bits <= 8; bits++) {
        struct quant_affine a = {bits, 128, 0, DT_F16};
        uint8_t codes[COLS], second[COLS];
        float scales[COLS / 128], zeros[COLS / 128];
        int bad = 0;

        affine(m, &a, w, back);
        m->row(&a, w, COLS, codes, scales, zeros);
        for (int c = 0; c < COLS; c++)
            bad += fabsf(w[c] - back[c]) > scales[c / 128] * (.5f + (float)(1 << bits) * 0x1p-10f);
        CHECK(bad == 0);
        a.scales = DT_F32;
        for (int r = 0; r < ROWS; r++) {
            m->row(&a, w + r * COLS, COLS, codes, scales, zeros);
            for (int c = 0; c < COLS; c++)
                back[c] = ((float)codes[c] - zeros[c / 128]) * scales[c / 128];
            m->row(&a, back, COLS, second, scales, zeros);
            CHECK(memcmp(codes, second, sizeof codes) == 0);
        }
    }
}

int main(void)
{
    struct rng r = rng_make(7, "laws", 4);

    for (int i = 0; i < ROWS * COLS; i++)
        w[i] = (float)(0.02 * rng_normal(r, (uint64_t)i));
    for (int c = 0; c < COLS; c++)
        importance[c] = (float)exp(2 * rng_normal(r, (uint64_t)(1 << 30) + (uint64_t)c));
    check_blocks_known_error();
    for (const struct quant_block *const *b = quant_blocks; CHECK_ROW(*b, type); b++) {
        check_block(*b);
        check_block_edges(*b);
    }
    for (const struct quant_method *const *m = quant_methods; CHECK_ROW(*m, name); m++)
        for (int sym = 0; sym <= (*m)->takes_sym; sym++)
            check_method(*m, sym);
    check_rtn();
    return DONE();
}
