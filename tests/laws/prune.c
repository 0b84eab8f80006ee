/*
 * laws/prune: what holds for every row of score.def under every pattern, and the closed forms for normal weights.
 */
#include "prune/prune.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/rng.h"
#include "score/score.h"
#include "tests/unit/check.h"

enum { ROWS = 24, COLS = 48, N = ROWS * COLS };

static float w[N], norm2[COLS], absmean[COLS], inverse[COLS], pivot[COLS], score[N];
static uint8_t mask[N], other[N];
static struct score_pool pool; /* of w alone */
static const struct score_known known = {norm2, absmean, inverse, pivot, 1, 0.5, &pool};

static void make_pool(void)
{
    struct bundle b = {0};
    struct err e;

    score_pool_free(&pool);
    bundle_init_dense(&b, "t", &(struct shape){2, {ROWS, COLS}}, DT_F32, w);
    CHECK(score_pool_make(&pool, &b, 1, score_module(NULL), &e) == 0 && pool.n == N);
    bundle_free(&b);
}

static void make_weights(void)
{
    struct rng r = rng_make(11, "laws", 4);

    for (int i = 0; i < N; i++)
        w[i] = (float)rng_normal(r, i);
    for (int c = 0; c < COLS; c++)
        norm2[c] = (float)rng_unit(r, 2 * N + c) + 0.1f;
    for (int i = 0; i < 40; i++)
        w[rng_below(r, 3 * N + i, N)] = 0;
    for (int c = 0; c < COLS; c++) {
        absmean[c] = (float)rng_unit(r, 4 * N + c);
        inverse[c] = c == 5 ? 0 : (float)rng_unit(r, 5 * N + c) + 0.1f; /* channel 5 was never active */
        pivot[c] = sqrtf(inverse[c]) / 2;
    }
    make_pool();
}

static void scores_of(const struct score_method *m, const float *of, float *out)
{
    struct err e;

    CHECK(score_rows(m, &(struct score_job){"t", 0, ROWS, COLS, of, &known, out}, &e) == 0);
}

/* The mask of the whole tensor, in slabs of `step` rows. */
static void mask_by(const struct pattern *p, const float *s, uint64_t step, uint8_t *out)
{
    struct prune_job j = {.pattern = p, .cols = COLS};
    struct err e;

    if (p->scope != SCOPE_ROW) {
        j.sieve = pick_sieve_new();
        for (int pass = 0; pass < 2; pass++) {
            for (uint64_t r = 0; r < ROWS; r += step)
                pattern_count_rows(p, j.sieve, s + r * COLS, step, COLS);
            pick_sieve_next(j.sieve, pattern_count(p, pick_sieve_seen(j.sieve)));
        }
    }
    for (uint64_t r = 0; r < ROWS; r += step) {
        j.row0 = r, j.rows = step, j.score = s + r * COLS, j.mask = out + r * COLS;
        CHECK(prune_score.apply(&j, &e) == 0);
    }
    free(j.sieve);
}

static struct pattern pattern(const char *sparsity, const char *block, const char *scope)
{
    struct pattern p;
    struct err e;

    CHECK(pattern_parse(&p, sparsity, block, scope, &e) == 0);
    return p;
}

static uint64_t ones(const uint8_t *m, uint64_t n)
{
    uint64_t k = 0;

    for (uint64_t i = 0; i < n; i++)
        k += m[i];
    return k;
}

/* Blocks of 4x6 divide the tensor, so counts are exact in weights too. */
static void exact(const struct pattern *p)
{
    uint64_t cell = p->block_rows * p->block_cols, line = p->block_rows * COLS;

    if (p->of)
        for (int i = 0; i < N; i += (int)p->of)
            CHECK(ones(mask + i, p->of) == p->of - p->keep);
    else if (p->scope == SCOPE_ROW)
        for (uint64_t i = 0; i < N; i += line)
            CHECK(ones(mask + i, line) == pattern_count(p, line / cell) * cell);
    else
        CHECK(ones(mask, N) == pattern_count(p, N / cell) * cell);
}

static void one_pattern(const struct score_method *m, const struct pattern *p)
{
    float pruned[N], again[N];

    scores_of(m, w, score);
    mask_by(p, score, ROWS, mask);
    exact(p);
    mask_by(p, score, 4, other); /* in slabs: the same */
    CHECK(memcmp(mask, other, N) == 0);
    for (int i = 0; i < N; i++)
        pruned[i] = mask[i] ? 0 : w[i];
    if (m->shifts)
        return;
    scores_of(m, pruned, again); /* twice is once */
    mask_by(p, again, ROWS, other);
    CHECK(memcmp(mask, other, N) == 0);
}

/* What goes at one sparsity goes at each higher one. */
static void nested(const struct score_method *m, const char *block, const char *scope)
{
    static const char *const step[] = {"0", "0.1", "0.29", "0.5", "50.5%", "0.9", "1"};

    scores_of(m, w, score);
    memset(other, 0, N);
    for (int i = 0; i < 7; i++) {
        struct pattern p = pattern(step[i], block, scope);

        mask_by(&p, score, 4, mask);
        for (int k = 0; k < N; k++)
            CHECK(mask[k] >= other[k]);
        CHECK(i > 0 || ones(mask, N) == 0);
        CHECK(i < 6 || ones(mask, N) == N);
        memcpy(other, mask, N);
    }
}

static void patterns(const struct score_method *m)
{
    static const char *const scope[] = {"row", "tensor", "model"}, *const group[] = {"2:4", "1:4", "3:4",
                                                                                     "4:8", "0:3", "8:16"};

    for (int s = 0; s < 3; s++)
        for (int b = 0; b < 2; b++) {
            static const char *const share[] = {"0", "0.37", "50%", "1"};

            for (int i = 0; i < 4; i++) {
                struct pattern p = pattern(share[i], b ? "4x6" : NULL, scope[s]);

                one_pattern(m, &p);
            }
            nested(m, b ? "4x6" : NULL, scope[s]);
        }
    for (int i = 0; i < 6; i++) {
        struct pattern p = pattern(group[i], NULL, NULL);

        one_pattern(m, &p);
    }
}

/* The same bytes from slabs and from any number of threads. */
static void split(const struct score_method *m)
{
    float part[N];
    struct err e;

    scores_of(m, w, score);
    for (int jobs = 1; jobs <= 4; jobs += 3) {
        par_set_jobs(jobs);
        for (uint64_t r = 0; r < ROWS; r += 8)
            CHECK(m->whole ||
                  score_rows(m, &(struct score_job){"t", r, 8, COLS, w + r * COLS, &known, part + r * COLS}, &e) == 0);
        if (m->whole)
            scores_of(m, w, part);
        CHECK(memcmp(score, part, sizeof part) == 0);
    }
    par_set_jobs(1);
}

static void ties(void)
{
    struct pattern row = pattern("0.25", NULL, "row"), model = pattern("0.25", NULL, "model"),
                   nm = pattern("3:4", NULL, NULL);

    for (int i = 0; i < N; i++)
        score[i] = 1;
    mask_by(&row, score, ROWS, mask);
    mask_by(&nm, score, ROWS, other);
    for (int i = 0; i < N; i++)
        CHECK(mask[i] == (i % COLS < COLS / 4) && other[i] == (i % 4 == 0));
    mask_by(&model, score, 4, mask);
    for (int i = 0; i < N; i++)
        CHECK(mask[i] == (i < N / 4));
}

static void lift_rank(uint64_t rank)
{
    char text[24];
    struct err e;

    snprintf(text, sizeof text, "%d", (int)rank);
    CHECK(opt_set(&score_lift, "rank", text, &e) == 0);
}

/* Nothing known of the inputs, one tensor in the module, or the full rank: the method is a plainer one. */
static void collapses(void)
{
    static float ones_[COLS], plain[N];
    const struct score_known none = {ones_, ones_, ones_, ones_, 1, 0, &pool};
    struct pattern p = pattern("0.5", NULL, "tensor");
    struct err e;

    for (int c = 0; c < COLS; c++)
        ones_[c] = 1;
    scores_of(&score_magnitude, w, plain);
    CHECK(score_rows(&score_wanda, &(struct score_job){"t", 0, ROWS, COLS, w, &none, score}, &e) == 0);
    CHECK(memcmp(score, plain, sizeof plain) == 0);
    lift_rank(COLS);
    CHECK(score_rows(&score_lift, &(struct score_job){"t", 0, ROWS, COLS, w, NULL, score}, &e) == 0);
    CHECK(memcmp(score, plain, sizeof plain) == 0);
    mask_by(&p, plain, ROWS, mask);
    CHECK(score_rows(&score_sparsegpt, &(struct score_job){"t", 0, ROWS, COLS, w, &none, score}, &e) == 0);
    mask_by(&p, score, ROWS, other);
    CHECK(memcmp(mask, other, N) == 0);
    CHECK(score_rows(&score_dimap, &(struct score_job){"t", 0, ROWS, COLS, w, &none, score}, &e) == 0);
    scores_of(&score_lamp, w, plain);
    for (int i = 0; i < N; i++)
        CHECK_NEAR(score[i], plain[i], 1e-6 * plain[i]);
}

static void rank_grows(void)
{
    double last = -1;

    for (uint64_t rank = 1; rank <= ROWS; rank += rank < 6 ? 1 : 6) { /* |W_r| grows with r, up to |W| */
        double sum = 0;
        struct err e;

        lift_rank(rank);
        CHECK(score_rows(&score_lift, &(struct score_job){"t", 0, ROWS, COLS, w, NULL, score}, &e) == 0);
        for (int i = 0; i < N; i++)
            sum += (double)score[i] * (double)score[i];
        CHECK(sum > last);
        last = sum;
    }
}

static void refusals(void)
{
    static const char *const bad[][3] = {{"5:4", 0, 0},       {"2:0", 0, 0},         {"2:4", "2x2", 0},
                                         {"2:4", 0, "row"},   {"1.5", 0, 0},         {"0.5", "0x2", 0},
                                         {"0.5", 0, "layer"}, {"0.5", "2x70000", 0}, {"", 0, 0}};
    struct pattern p = pattern("2:4", NULL, NULL);
    struct err e;

    CHECK(pattern_fits(&p, 8, &e) == 0 && pattern_fits(&p, 10, &e) < 0);
    CHECK_STR(e.msg, "10 columns are no multiple of the 4 of 2:4");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(pattern_parse(&p, bad[i][0], bad[i][1], bad[i][2], &e) < 0);
    w[5 * COLS + 7] = NAN;
    CHECK(score_rows(&score_random, &(struct score_job){"t", 100, ROWS, COLS, w, NULL, score}, &e) < 0);
    CHECK_STR(e.msg, "weight [105, 7] is NaN");
    w[5 * COLS + 7] = 1, norm2[2] = -1;
    CHECK(score_rows(&score_wanda, &(struct score_job){"t", 0, ROWS, COLS, w, &known, score}, &e) < 0);
    CHECK_STR(e.msg, "score [0, 2] is NaN");
}

/* Share of the energy of N(0, 1) weights that goes; the figures are by quadrature of the normal density. */
static void energy(const char *sparsity, const char *scope, double want)
{
    enum { M = 1 << 19, WIDE = 1024 };
    float *v = mem_new(M, sizeof *v), *s = mem_new(M, sizeof *s);
    uint8_t *go = mem_new(M, 1);
    struct pattern p = pattern(sparsity, NULL, scope);
    struct prune_job j = {.pattern = &p, .rows = M / WIDE, .cols = WIDE, .score = s, .mask = go};
    struct rng r = rng_make(2, "energy", 6);
    double lost = 0, all = 0;
    struct err e;

    for (int i = 0; i < M; i++)
        s[i] = fabsf(v[i] = (float)rng_normal(r, i));
    if (p.scope != SCOPE_ROW) {
        j.sieve = pick_sieve_new();
        for (int pass = 0; pass < 2; pass++) {
            pattern_count_rows(&p, j.sieve, s, j.rows, WIDE);
            pick_sieve_next(j.sieve, pattern_count(&p, M));
        }
    }
    CHECK(prune_score.apply(&j, &e) == 0);
    for (int i = 0; i < M; i++)
        all += v[i] * v[i], lost += go[i] ? v[i] * v[i] : 0;
    CHECK_NEAR(lost / all, want, 0.012 * want); /* about four times the sampling error at 2^19 weights */
    free(v), free(s), free(go), free(j.sieve);
}

static void closed_forms(void)
{
    static const struct {
        const char *sparsity, *scope;
        double lost;
    } form[] = {{"0.1", "tensor", .000525}, {"0.3", "tensor", .014555}, {"0.5", "tensor", .071326},
                {"0.6", "tensor", .128756}, {"0.7", "tensor", .216693}, {"0.8", "tensor", .350180},
                {"0.9", "tensor", .560714}, {"2:4", NULL, .132447},     {"3:4", NULL, .030176},
                {"1:4", NULL, .382447},     {"4:8", NULL, .103307},     {"8:16", NULL, .087633}};

    for (size_t i = 0; i < sizeof form / sizeof *form; i++)
        energy(form[i].sparsity, form[i].scope, form[i].lost);
}

int main(void)
{
    lift_rank(4);
    for (int i = 0; CHECK_ROW(score_table[i], name); i++) {
        CHECK(score_find(score_table[i]->name) == score_table[i]);
        make_weights();
        patterns(score_table[i]);
        split(score_table[i]);
    }
    CHECK(score_find("no such") == NULL && prune_find("score") == &prune_score && prune_find("wanda") == NULL);
    ties();
    make_weights();
    collapses();
    rank_grows();
    refusals();
    closed_forms();
    score_pool_free(&pool);
    return DONE();
}
