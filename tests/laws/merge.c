/* laws/merge: what must hold for every method of merging. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/rng.h"
#include "merge/options.h"
#include "num/dtype.h"
#include "tests/unit/opts.h"

enum { ROWS = 24, COLS = 40, N = ROWS * COLS, MODELS = 4 };

static float base[N], model[MODELS][N];

/* Numbers (one of them -0) with 8 bits of fraction near the base, so that differences are exact. */
static void make(void)
{
    struct rng r = rng_make(5, "laws", 4);

    for (int i = 0; i < N; i++) {
        base[i] = (float)(floor(rng_normal(r, (uint64_t)i) * 256) / 256);
        for (int k = 0; k < MODELS; k++)
            model[k][i] = base[i] + (float)(floor(rng_normal(r, (uint64_t)((k + 1) * N + i)) * 64) / 256);
    }
    base[3] = -0.0f;
    for (int k = 0; k < MODELS; k++)
        model[k][3] = -0.0f;
}

static int has(const struct merge_method *m, const char *option)
{
    return opts_has(m->opts, option);
}

static struct merge_args args_of(const struct merge_method *m, int models)
{
    struct merge_args a = {0};
    struct err e = {""};

    CHECK(merge_options(m, models, &a, &e) == 0);
    CHECK_STR(e.msg, "");
    return a;
}

static void merge(const struct merge_method *m, const int *pick, int n, uint64_t step, float *out)
{
    struct merge_args a = args_of(m, n);
    float *copy = mem_new((size_t)n * N, sizeof *copy), *at[MODELS];
    struct err e = {""};

    const struct merge_survey *s = merge_surveys(m, &a);
    void *seen =
        s && step < ROWS ? s->begin(&(struct merge_job){.args = &a, .rows = ROWS, .cols = COLS, .models = n}) : NULL;

    if (merge_whole(m, &a))
        step = ROWS;
    for (int k = 0; k < n; k++)
        memcpy(copy + k * N, model[pick[k]], sizeof model[0]);
    for (int pass = seen ? 0 : s ? s->passes : 0; pass <= (s ? s->passes : 0); pass++) {
        for (uint64_t r = 0; r < ROWS; r += step) {
            for (int k = 0; k < n; k++)
                at[k] = copy + k * N + r * COLS;
            struct merge_job j = {&a,  "t", r, step, COLS, n, m->base ? base + r * COLS : NULL, at, out + r * COLS,
                                  seen};

            if (s && pass < s->passes)
                s->see(seen, &j, pass);
            else
                CHECK(merge_rows(m, &j, &e) == 0);
        }
        if (s && s->next && pass < s->passes)
            s->next(seen, pass);
    }
    if (seen)
        s->end(seen);
    free(copy);
    free(a.weight);
    free(a.density);
}

/* Merge models pick[0 .. n-1] in slabs of `step` rows. */
static void merged(const struct merge_method *m, const char *words, const int *pick, int n, uint64_t step, float *out)
{
    uint64_t kept[OPTS_MOST];
    char said[100];

    opts_keep(m->opts, kept);
    opts_set(m, strcpy(said, words));
    merge(m, pick, n, step, out);
    opts_back(m->opts, kept);
}

static int count_of(const struct merge_method *m)
{
    int n = m->most && m->most < 3 ? m->most : 3;

    return n < m->least ? m->least : n;
}

/* Slabs and threads change nothing. */
static void split(const struct merge_method *m)
{
    const char *x = !has(m, "density") ? "" : has(m, "seed") ? "density=0.5;seed=3" : "density=0.5";
    static const int pick[] = {0, 1, 2, 3};
    float a[N], b[N];

    merged(m, x, pick, count_of(m), ROWS, a);
    merged(m, x, pick, count_of(m), 4, b);
    CHECK(memcmp(a, b, sizeof a) == 0);
    par_set_jobs(3);
    merged(m, x, pick, count_of(m), ROWS, b);
    par_set_jobs(1);
    CHECK(memcmp(a, b, sizeof a) == 0);
}

/* All operands the same: the result is that model, with weights that sum to 1. */
static void equals(const struct merge_method *m)
{
    static const int same[] = {1, 1, 1, 1};
    float was[N], out[N];
    int n = count_of(m);

    memcpy(was, base, sizeof was);
    memcpy(base, model[1], sizeof base); /* the base too */
    merged(m, has(m, "density") ? "density=0.5" : "", same, n, ROWS, out);
    memcpy(base, was, sizeof base);
    for (int i = 0; i < N; i++)
        CHECK(m == &merge_opcm ? fabsf(out[i] - model[1][i]) < 1e-5f
                               : out[i] == model[1][i]); /* opcm rescales by norms */
}

/* Fine-tunes that are equal, of another base: weights of a sum of 1 give the fine-tune where nothing is left out. */
static void equal_tunes(const struct merge_method *m)
{
    static const int same[] = {1, 1, 1, 1};
    float out[N];

    if (!m->base || !has(m, "lambda") || m->least > 1)
        return;
    merged(m, has(m, "gamma") ? "weight=0.25;gamma=0" : "weight=0.25", same, 4, ROWS, out);
    for (int i = 0; i < N; i++)
        CHECK(out[i] == model[1][i]);
}

/* One model with weight 1 is that model; lambda 0 is the base. */
static void one_model(const struct merge_method *m)
{
    static const int pick[] = {2};
    float out[N];

    if (m->least > 1)
        return;
    merged(m, has(m, "gamma") ? "gamma=0" : "", pick, 1, ROWS, out);
    CHECK(memcmp(out, model[2], sizeof out) == 0);
    if (!has(m, "lambda"))
        return;
    merged(m, "lambda=0", pick, 1, ROWS, out);
    CHECK(memcmp(out, base, sizeof out) == 0);
}

/* The order of the operands is no matter (to the rounding of sums) where nothing is kept by chance and none leads. */
static void order(const struct merge_method *m)
{
    static const int ab[] = {0, 1, 2}, ba[] = {2, 0, 1};
    const char *x = has(m, "density") ? "density=0.4" : "";
    float a[N], b[N];

    if (has(m, "seed") || m == &merge_rws || m == &merge_opcm || m->most)
        return;
    merged(m, x, ab, 3, ROWS, a);
    merged(m, x, ba, 3, ROWS, b);
    for (int i = 0; i < N; i++)
        CHECK_NEAR(a[i], b[i], 1e-6);
}

/* With density 1 (and gamma 0) nothing is left out: the sums of task vectors, or those of ties. */
static void density_one(const struct merge_method *m)
{
    static const int pick[] = {0, 1, 2};
    const struct merge_method *task = merge_find("task"), *ties = merge_find("ties");
    float a[N], b[N], c[N];

    if (!has(m, "density") || !task || !ties)
        return;
    merged(m, has(m, "gamma") ? "density=1;normalize=false;gamma=0" : "density=1;normalize=false", pick, 3, ROWS, a);
    merged(task, "normalize=false", pick, 3, ROWS, b);
    merged(ties, "normalize=false", pick, 3, ROWS, c);
    CHECK(memcmp(a, b, sizeof a) == 0 || memcmp(a, c, sizeof a) == 0);
}

/* Density 0 is the base. */
static void density_zero(const struct merge_method *m)
{
    static const int pick[] = {0, 1, 2};
    float a[N];

    if (!has(m, "density") || has(m, "epsilon"))
        return;
    merged(m, "density=0", pick, 3, ROWS, a);
    CHECK(memcmp(a, base, sizeof a) == 0);
}

static void refuses(const char *words, int models, const char *why)
{
    const struct merge_method *linear = merge_find("linear");
    uint64_t kept[OPTS_MOST];
    struct merge_args a;
    char said[100];
    struct err e;

    opts_keep(linear->opts, kept);
    opts_set(linear, strcpy(said, words));
    CHECK(merge_options(linear, models, &a, &e) < 0);
    CHECK_STR(e.msg, why);
    opts_back(linear->opts, kept);
}

static void refusals(void)
{
    struct err e;

    CHECK(merge_find("no such") == NULL);
    refuses("weight=1,x", 2, "weight: 'x' is not a number");
    refuses("weight=1,2,3", 2, "weight: 3 numbers for 2 models");
    refuses("weight=1,-1", 2, "the weights sum to 0, by which normalize would divide");
    refuses("-", 0, "linear takes at least 1 model, not 0");
    CHECK(opt_set(&merge_linear, "normalize", "maybe", &e) < 0);
    CHECK_STR(e.msg, "--normalize: 'maybe' is neither true nor false");
    CHECK(opt_set(&merge_della, "rescale", "l2", &e) < 0);
    CHECK_STR(e.msg, "--rescale: 'l2' is none of true, false, chance, l1");
    CHECK(opt_set(&merge_slerp, "t", "2", &e) < 0);
    CHECK_STR(e.msg, "--t: '2' is not from 0 to 1");
}

int main(void)
{
    make();
    for (int i = 0; CHECK_ROW(merge_table[i], name); i++) {
        const struct merge_method *m = merge_table[i];

        CHECK(merge_find(m->name) == m);
        if (!m->apply) /* sees whole models: its laws are in tests/cli/tmerge.bats */
            continue;
        split(m);
        equals(m);
        equal_tunes(m);
        one_model(m);
        order(m);
        density_one(m);
        density_zero(m);
    }
    refusals();
    return DONE();
}
