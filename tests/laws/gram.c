/* Laws of the methods that go by the gram: what the identity makes of them, what they promise of losses and counts. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/rng.h"
#include "la/gemm.h"
#include "la/obs.h"
#include "prune/prune.h"
#include "prune/refit.h"
#include "quant/awq.h"
#include "quant/gram.h"
#include "tests/unit/check.h"

enum { ROWS = 48, COLS = 320, N = ROWS * COLS, TOKENS = 512 };

static float w[N], q[N], other[N], score[N], gram[COLS * COLS], eye[COLS * COLS], x[TOKENS * COLS], norm2[COLS],
    mean[COLS];
static uint8_t mask[N], plain[N];

/* Tokens of `rank` hidden causes, channels of different strength; channel 5 is never active. */
static void make(int rank)
{
    struct rng r = rng_make(5, "gram", 4);
    double *sums = mem_new(COLS * COLS, sizeof *sums);
    uint64_t at = 0;

    for (int i = 0; i < N; i++)
        w[i] = (float)(0.02 * rng_normal(r, at++));
    for (int t = 0; t < TOKENS; t++) {
        float *v = x + t * COLS;

        for (int c = 0; c < COLS; c++)
            v[c] = c < rank ? (float)rng_normal(r, at++) : 0;
        for (int c = COLS; c-- > 0;)
            v[c] = c == 5
                       ? 0
                       : (float)(1 + c % 7) * (0.3f + v[c % rank] + (rank == COLS ? 0.8f * v[(c * 7 + 1) % rank] : 0));
    }
    gram_add(COLS, TOKENS, x, COLS, sums);
    gram_finish(COLS, sums, 1.0 / TOKENS);
    for (int i = 0; i < COLS * COLS; i++)
        gram[i] = (float)sums[i];
    for (int c = 0; c < COLS; c++) {
        norm2[c] = gram[c * COLS + c];
        mean[c] = 0;
        for (int t = 0; t < TOKENS; t++)
            mean[c] += x[t * COLS + c] / TOKENS;
        eye[c * COLS + c] = 1;
    }
    free(sums);
}

static void prune(const struct prune_method *m, const char *sparsity, const char *scope, const float *h, float *out)
{
    struct pattern p;
    struct prune_job j = {.pattern = &p,
                          .init = &prune_score,
                          .rows = ROWS,
                          .cols = COLS,
                          .w = out,
                          .score = score,
                          .norm2 = norm2,
                          .mean = mean,
                          .gram = h,
                          .mask = mask};
    struct err e;

    CHECK(pattern_parse(&p, sparsity, NULL, scope, &e) == 0);
    memcpy(out, w, sizeof w);
    CHECK(m->apply(&j, &e) == 0);
    for (int i = 0; i < N; i++)
        out[i] = mask[i] ? 0 : out[i];
}

static double loss(const float *h, const float *v)
{
    double lost = 0, whole = 0;

    obs_loss(ROWS, COLS, w, v, h, &lost, &whole);
    return lost / whole;
}

/* With H = I sparsegpt is magnitude within each block of 128 columns, and nothing makes up for anything. */
static void identity(void)
{
    static const char *const group[] = {"2:4", "1:4", "4:8", "16:32"};

    for (int i = 0; i < N; i++)
        score[i] = fabsf(w[i]);
    for (int g = 0; g < 4; g++) {
        prune(&prune_score, group[g], NULL, eye, other);
        memcpy(plain, mask, N);
        prune(&prune_sparsegpt, group[g], NULL, eye, q);
        CHECK(memcmp(mask, plain, N) == 0 && memcmp(q, other, sizeof q) == 0);
        prune_refit(ROWS, COLS, w, mask, eye, q);
        CHECK(memcmp(q, other, sizeof q) == 0);
    }
    prune(&prune_sparsegpt, "0.5", "row", eye, q);
    for (int c = 0; c < COLS; c += OBS_BLOCK)
        for (int r = 0; r < ROWS; r++) {
            size_t n = COLS - c < OBS_BLOCK ? COLS - c : OBS_BLOCK;

            pick_smallest(score + r * COLS + c, n, n / 2, plain + r * COLS + c);
        }
    CHECK(memcmp(mask, plain, N) == 0);
    for (int i = 0; i < N; i++)
        CHECK(q[i] == (mask[i] ? 0 : w[i]));
}

static void counts(void)
{
    static const char *const share[] = {"0", "0.3", "0.5", "0.77", "1"};
    static const double s[] = {0, 0.3, 0.5, 0.77, 1};

    for (int i = 0; i < 5; i++) {
        int gone = 0;

        prune(&prune_sparsegpt, share[i], NULL, gram, q);
        for (int k = 0; k < N; k++)
            gone += mask[k];
        CHECK(gone == (int)(s[i] * N + 1e-9));
        CHECK(i > 0 || memcmp(q, w, sizeof q) == 0); /* sparsity 0 is the identity */
        prune(&prune_sparsegpt, share[i], "row", gram, q);
        for (int r = 0; r < ROWS; r++) {
            gone = 0;
            for (int c = 0; c < COLS; c++)
                gone += mask[r * COLS + c];
            CHECK(gone == (int)(s[i] * COLS + 1e-9));
        }
    }
}

static void nothing(void *ctx, const struct obs_tile *t, float *v)
{
    (void)ctx;
    for (size_t l = 0; l < t->rows; l++)
        v[l] = (t->row0 + l + t->col) % 3 ? v[l] : 0;
}

/* What the sweep says it lost is what the damped gram says of the weights before and after; and that is what the
 * outputs lose. */
static void losses(void)
{
    static float damped[COLS * COLS], d[N], y[TOKENS * ROWS];
    double said[ROWS] = {0}, total = 0, lost = 0, whole = 0, seen = 0, damp, diagonal = 0;
    struct err e;
    float *U = obs_factor(COLS, gram, NULL, 0.01, NULL, &damp, &e);
    struct obs_sweep s = {ROWS, COLS, q, U, said, nothing, NULL};

    memcpy(q, w, sizeof q);
    for (size_t c = 0, width; c < COLS; c += width) {
        width = obs_width(COLS, c, 0);
        obs_block(&s, c, width);
    }
    for (int c = 0; c < COLS; c++)
        diagonal += gram[c * COLS + c] / (COLS - 1.0); /* one channel is dead */
    memcpy(damped, gram, sizeof damped);
    for (int c = 0; c < COLS; c++)
        damped[c * COLS + c] += (float)(damp * diagonal + (c == 5) * diagonal);
    obs_loss(ROWS, COLS, w, q, damped, &lost, &whole);
    for (int r = 0; r < ROWS; r++)
        total += said[r];
    CHECK_NEAR(total / lost, 1, 1e-4);
    lost = whole = 0;
    obs_loss(ROWS, COLS, w, q, gram, &lost, &whole);
    for (int i = 0; i < N; i++)
        d[i] = w[i] - q[i];
    gemm_nt(TOKENS, ROWS, COLS, x, COLS, d, COLS, y, ROWS, KERN_SET);
    for (int i = 0; i < TOKENS * ROWS; i++)
        seen += (double)y[i] * y[i] / TOKENS;
    CHECK_NEAR(lost / seen, 1, 1e-4);
    free(U);
}

/* A refit lowers the loss of every row, whatever the gram, and there is nothing left to gain: the gradient is 0 where
 * weights stay. */
static void refits(void)
{
    static const char *const share[] = {"0.5", "2:4", "0.9", "0", "1"};

    for (int i = 0; i < 5; i++)
        for (int m = 0; m < 2; m++) {
            double before, after;

            prune(m ? &prune_sparsegpt : &prune_score, share[i], m || i == 1 ? NULL : "row", gram, q);
            before = loss(gram, q);
            memcpy(other, q, sizeof q);
            prune_refit(ROWS, COLS, w, mask, gram, q);
            after = loss(gram, q);
            CHECK(i > 2 ? after <= before : after < before);
            for (int k = 0; k < N; k++)
                CHECK(isfinite(q[k]) && (!mask[k] || q[k] == 0));
            memcpy(other, q, sizeof q);
            prune_refit(ROWS, COLS, w, mask, gram, q);
            CHECK(loss(gram, q) <= after * (1 + 1e-6) + 1e-9 &&
                  loss(gram, q) >= after * 0.99 - 1e-9); /* what f32 tells of the whole */
        }
}

/* The share of the outputs' energy on the tokens that is lost: it tells of small losses what the gram's rounding hides.
 * */
static double seen(const float *v)
{
    static float d[N], y[TOKENS * ROWS], z[TOKENS * ROWS];
    double lost = 0, whole = 0;

    for (int i = 0; i < N; i++)
        d[i] = w[i] - v[i];
    gemm_nt(TOKENS, ROWS, COLS, x, COLS, d, COLS, y, ROWS, KERN_SET);
    gemm_nt(TOKENS, ROWS, COLS, x, COLS, w, COLS, z, ROWS, KERN_SET);
    for (int i = 0; i < TOKENS * ROWS; i++) {
        lost += (double)y[i] * y[i];
        whole += (double)z[i] * z[i];
    }
    return lost / whole;
}

/* With many more weights left than inputs have causes all loss is made up for, by changes no larger than need be: the
 * gram's rounding moves nothing. */
static void few(void)
{
    static const char *const share[] = {"0", "0.3", "0.5"};

    for (int i = 0; i < 3; i++) {
        double changed = 0, gone = 0;

        prune(&prune_score, share[i], "row", gram, q);
        memcpy(other, q, sizeof q);
        prune_refit(ROWS, COLS, w, mask, gram, q);
        for (int k = 0; k < N; k++) {
            changed += ((double)q[k] - other[k]) * (q[k] - other[k]);
            gone += ((double)w[k] - other[k]) * (w[k] - other[k]);
        }
        CHECK(seen(q) <= 1e-12 && changed <= gone);
    }
}

static void threads(void)
{
    static float one[N], many[N];
    static uint8_t first[N];

    for (int m = 0; m < 2; m++) {
        par_set_jobs(1);
        prune(m ? &prune_dsnot : &prune_sparsegpt, "0.5", "row", gram, one);
        prune_refit(ROWS, COLS, w, mask, gram, one);
        memcpy(first, mask, N);
        par_set_jobs(3);
        prune(m ? &prune_dsnot : &prune_sparsegpt, "0.5", "row", gram, many);
        prune_refit(ROWS, COLS, w, mask, gram, many);
        CHECK(memcmp(mask, first, N) == 0 && memcmp(one, many, sizeof one) == 0);
    }
    par_set_jobs(1);
}

/* Swaps keep every row's count and lower the change of its mean output. */
static void swaps(void)
{
    static const char *const share[] = {"0.5", "0.7", "2:4"};

    for (int i = 0; i < 3; i++) {
        int better = 0;

        prune(&prune_score, share[i], i < 2 ? "row" : NULL, gram, q);
        memcpy(plain, mask, N);
        prune(&prune_dsnot, share[i], i < 2 ? "row" : NULL, gram, q);
        for (int r = 0; r < ROWS; r++) {
            double was = 0, is = 0;
            int count = 0;

            for (int c = r * COLS; c < (r + 1) * COLS; c++) {
                was += plain[c] ? (double)w[c] * mean[c % COLS] : 0;
                is += mask[c] ? (double)w[c] * mean[c % COLS] : 0;
                count += mask[c] - plain[c];
            }
            CHECK(count == 0 && fabs(is) <= fabs(was));
            better += fabs(is) < 0.5 * fabs(was);
        }
        CHECK(better > (i < 2 ? ROWS / 2 : 0)); /* swaps within four columns have little to choose from */
    }
}

struct coded {
    uint8_t codes[N], zeros[N];
    uint16_t scales[N];
};

extern const struct quant_method quant_method_gptq, quant_method_awq;
static struct coded one, two;

static void code(const struct quant_gram *g, const struct quant_affine *a, uint64_t step, struct coded *to)
{
    uint64_t groups = quant_groups(a, COLS), bytes = quant_code_bytes(a, COLS);

    memset(to, 0, sizeof *to);
    for (uint64_t r = 0; r < ROWS; r += step)
        if (g)
            quant_gram_rows(g, &quant_method_gptq, a, w + r * COLS, step, COLS, to->codes + r * bytes,
                            to->scales + r * groups, a->sym ? NULL : to->zeros + r * groups);
        else
            quant_rows(quant_method_find("rtn"), a, w, ROWS, COLS, to->codes, to->scales, a->sym ? NULL : to->zeros);
}

/* With H = I gptq is rtn to the byte, in any order; otherwise neither threads nor the cut of rows change a byte. */
static void quantized(void)
{
    static const uint64_t groups[] = {0, 32, 64, 100, 128, 200, 256};

    for (int g = 0; g < 7; g++)
        for (int o = 0; o < 4; o++) {
            struct quant_affine a = {3 + g % 3, groups[g], g == 4, DT_F16};
            struct quant_gram_args with = {.damp = 0.01, .act_order = o == 1, .static_groups = o == 2};
            uint32_t unit = (uint32_t)(groups[g] ? groups[g] : COLS);
            struct quant_gram q_gram;
            struct err e;

            with.unit = with.sub = o == 3 ? unit : 0;
            CHECK(quant_gram_make(&q_gram, &with, eye, COLS, &e) == 0);
            code(NULL, &a, ROWS, &one);
            code(&q_gram, &a, ROWS, &two);
            CHECK(memcmp(&one, &two, sizeof one) == 0);
            quant_gram_free(&q_gram);
            CHECK(quant_gram_make(&q_gram, &with, gram, COLS, &e) == 0);
            code(&q_gram, &a, ROWS, &one);
            code(&q_gram, &a, 3, &two);
            CHECK(memcmp(&one, &two, sizeof one) == 0);
            par_set_jobs(3);
            code(&q_gram, &a, ROWS, &two);
            par_set_jobs(1);
            CHECK(memcmp(&one, &two, sizeof one) == 0);
            quant_gram_free(&q_gram);
        }
}

/* With H = I and inputs of one strength awq leaves weights alone, so it is rtn; with any gram it loses no more than
 * rtn, by as many threads as may be. */
static void scaled(void)
{
    static float s[COLS], again[COLS], ones[COLS];
    const struct awq_linear two_of_them[2] = {{w, ROWS / 2}, {w + N / 2, ROWS / 2}};
    struct quant_affine a = {3, 64, 0, DT_F16};

    for (int c = 0; c < COLS; c++)
        ones[c] = 1;
    CHECK(awq_scales(&quant_method_awq, &a, two_of_them, 2, COLS, eye, ones, s) == 0);
    CHECK(memcmp(s, ones, sizeof s) == 0);
    for (int c = 0; c < COLS; c++)
        ones[c] = sqrtf(norm2[c]);
    CHECK(awq_scales(&quant_method_awq, &a, two_of_them, 2, COLS, gram, ones, s) > 0);
    par_set_jobs(3);
    CHECK(awq_scales(&quant_method_awq, &a, two_of_them, 2, COLS, gram, ones, again) > 0);
    par_set_jobs(1);
    CHECK(memcmp(s, again, sizeof s) == 0);
}

/* A gram of nothing, and one of no numbers, leave what stays as it was. */
static void unseen(void)
{
    static float none[COLS * COLS];

    prune(&prune_score, "0.5", "row", eye, other);
    for (int i = 0; i < 2; i++) {
        memcpy(q, other, sizeof q);
        prune_refit(ROWS, COLS, w, mask, none, q);
        CHECK(memcmp(q, other, sizeof q) == 0);
        for (int c = 0; c < COLS * COLS; c++)
            none[c] = NAN;
    }
}

static void refusals(void)
{
    struct pattern p = {.sparsity = 0.5, .block_rows = 1, .block_cols = 1};
    struct prune_job j = {.pattern = &p, .rows = ROWS, .cols = COLS, .w = q, .gram = gram, .mask = mask};
    float was = gram[7 * COLS + 7];
    struct err e;

    gram[7 * COLS + 7] = -1;
    CHECK(prune_sparsegpt.apply(&j, &e) < 0);
    CHECK_STR(e.msg, "gram [7, 7] is -1; a mean of squares is finite and not negative");
    gram[7 * COLS + 7] = was;
    gram[3 * COLS + 9] = NAN;
    CHECK(prune_sparsegpt.apply(&j, &e) < 0);
    CHECK(strncmp(e.msg, "gram cannot be factored", 23) == 0);
    gram[3 * COLS + 9] = 1e9f; /* no gram at all: ever more is added, in vain or not, but nothing crashes */
    (void)prune_sparsegpt.apply(&j, &e);
    p.of = 256, p.keep = 128;
    CHECK(prune_sparsegpt.takes(&p, &e) < 0);
    CHECK_STR(e.msg, "128:256: sparsegpt takes groups of at most 128");
    p = (struct pattern){.block_rows = 2, .block_cols = 8};
    CHECK(prune_sparsegpt.takes(&p, &e) < 0);
    CHECK_STR(e.msg, "sparsegpt takes single weights, not blocks of 2x8");
    CHECK(prune_dsnot.takes(&p, &e) < 0);
    CHECK_STR(e.msg, "dsnot swaps single weights, not blocks of 2x8");
}

int main(void)
{
    static const int causes[] = {COLS, 40, 12};

    CHECK(opt_set(&prune_dsnot, "cycles", "50", NULL) == 0);
    for (int i = 0; i < 3; i++) { /* with full rank, with 40 causes for 320 channels, and with 12 */
        memset(eye, 0, sizeof eye);
        make(causes[i]);
        identity();
        counts();
        losses();
        refits();
        if (causes[i] == 12)
            few();
        threads();
        swaps();
        quantized();
        scaled();
    }
    unseen();
    refusals();
    return DONE();
}
