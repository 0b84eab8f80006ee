/*
 * laws/alloc: what holds for every method of the table, for each kind it shares out.
 *
 *   sparsity: the weights that go are the target's, to one weight; shares are in [0, 1]; owl and error stay near the
 *   target
 *   type, rank: the costs are within the budget; more budget never costs less
 *   uniform is uniform; error's loss is no more than uniform's, and falls as the budget grows; tensors that are alike
 *   get alike shares;
 *   any number of threads gives the same numbers
 */
#include <stdlib.h>

#include "alloc/alloc.h"
#include "base/par.h"
#include "base/rng.h"
#include "tests/unit/check.h"

enum { LAYERS = 3, N = 4 * LAYERS, TYPES = 4, BIG = 24 * 24 };

static const struct {
    const char *role;
    uint64_t rows, cols;
} shape[4] = {{"attn.v", 8, 16}, {"attn.o", 16, 16}, {"mlp.up", 24, 16}, {"mlp.down", 16, 24}};

static float w[N][BIG], gram[N][BIG], norm2[N][24], mean[N][24];
static int alike; /* 1: all layers are the same */

static void make(void)
{
    for (int i = 0; i < N; i++) {
        struct rng r = rng_make(alike ? (uint64_t)(i % 4) : 10 + (uint64_t)i, "alloc", 5);
        uint64_t rows = shape[i % 4].rows, cols = shape[i % 4].cols;

        for (uint64_t k = 0; k < rows * cols; k++)
            w[i][k] = (float)(rng_normal(r, k) * (k % 29 == 0 ? 9 : 1));
        memset(gram[i], 0, sizeof gram[i]);
        memset(mean[i], 0, sizeof mean[i]);
        for (uint64_t t = 0; t < 40; t++)
            for (uint64_t a = 0; a < cols; a++) {
                mean[i][a] += (float)(rng_normal(r, 5000 + t * cols + a) + 0.2) * (float)(1 + a % 5) / 40;
                for (uint64_t b = 0; b < cols; b++)
                    gram[i][a * cols + b] += (float)(rng_normal(r, 5000 + t * cols + a) + 0.2) * (float)(1 + a % 5) *
                                             (float)(rng_normal(r, 5000 + t * cols + b) + 0.2) * (float)(1 + b % 5) /
                                             40;
            }
        for (uint64_t c = 0; c < cols; c++)
            norm2[i][c] = gram[i][c * cols + c];
    }
}

/* 2 to 5 bits a weight; losses that fall fourfold with a bit, from one that is the tensor's own. */
static int try(const struct alloc_job *j, struct bundle *b, uint64_t type, double *bytes, double *lost, double *whole,
               struct err *e)
{
    const struct alloc_tensor *t = &j->t[j->n - 1];

    (void)b, (void)e;
    *bytes = alloc_weights(t) * (double)(2 + type) / 8;
    if (lost) {
        *lost = (0.01 + 0.02 * (alike ? (j->n - 1) % 4 : (j->n * 7) % 11)) / (double)(1 << 2 * type);
        *whole = 1;
    }
    return 0;
}

static void run(const struct alloc_method *m, struct alloc_job *j, enum alloc_kind kind, double target, int by_rank)
{
    struct err e = {""};

    *j = (struct alloc_job){0};
    j->kind = kind;
    j->target = target;
    j->by_rank = by_rank;
    j->types = TYPES;
    j->try = try;
    for (int i = 0; i < N; i++) {
        struct alloc_tensor *t = alloc_add(j, "t", shape[i % 4].rows, shape[i % 4].cols);

        t->layer = i / 4;
        t->angle = alike ? 0.2 : 0.1 + 0.07 * (i / 4);
        strcpy(t->role, shape[i % 4].role);
        CHECK(!m->see || m->see(j, t, &(struct alloc_view){NULL, w[i], norm2[i], mean[i], gram[i]}, &e) == 0);
    }
    CHECK(m->decide(j, &e) == 0);
    CHECK_STR(e.msg, "");
}

static double cost(const struct alloc_job *j)
{
    double sum = 0;

    for (int i = 0; i < j->n; i++) {
        const struct alloc_tensor *t = &j->t[i];

        sum += j->kind == ALLOC_SPARSITY ? alloc_weights(t) * t->share
               : j->kind == ALLOC_TYPE   ? alloc_weights(t) * (double)(2 + t->choice) / 8
                                         : alloc_rank_cost(j, t, t->choice);
    }
    return sum;
}

static double budget(const struct alloc_job *j)
{
    double all = 0;

    for (int i = 0; i < j->n; i++)
        all += alloc_weights(&j->t[i]);
    return j->kind == ALLOC_TYPE ? j->target : j->by_rank ? j->target * j->n : j->target * all;
}

static double loss(const struct alloc_job *j)
{
    double sum = 0;

    for (int i = 0; i < j->n; i++)
        sum += j->t[i].factor * j->t[i].loss;
    return sum;
}

/* The loss of everyone's target, by the points that error measured. */
static double uniform_loss(const struct alloc_job *j)
{
    double best = INFINITY, sum = 0;

    for (uint64_t type = 0; type < (j->kind == ALLOC_TYPE ? TYPES : 1); type++) {
        double total = 0, price = 0;

        for (int i = 0; i < j->n; i++)
            for (int k = 0; k < j->t[i].points; k++) {
                const struct alloc_tensor *t = &j->t[i];
                const struct alloc_point *p = &t->point[k];

                if (j->kind == ALLOC_TYPE   ? p->choice == type
                    : j->kind == ALLOC_RANK ? p->choice == alloc_uniform_rank(j, t)
                                            : fabs(p->cost - (1 - j->target) * alloc_weights(t)) < 1e-9) {
                    total += t->factor * p->loss;
                    price += p->cost;
                }
            }
        if (j->kind != ALLOC_TYPE || (price <= j->target && total < best))
            best = total;
    }
    return best + sum;
}

static void one(const struct alloc_method *m, enum alloc_kind kind, double target, int by_rank)
{
    struct alloc_job j, again;

    run(m, &j, kind, target, by_rank);
    for (int i = 0; i < N; i++) {
        CHECK(kind != ALLOC_SPARSITY || (j.t[i].share >= 0 && j.t[i].share <= 1));
        if (kind == ALLOC_SPARSITY && (m == &alloc_owl || m == &alloc_error))
            CHECK(fabs(j.t[i].share - target) <= 0.08 + 1e-12);
        if (m == &alloc_uniform)
            CHECK(kind == ALLOC_SPARSITY ? j.t[i].share == target
                  : kind == ALLOC_TYPE   ? j.t[i].choice == j.t[0].choice
                                         : j.t[i].choice == alloc_uniform_rank(&j, &j.t[i]));
    }
    if (kind == ALLOC_SPARSITY)
        CHECK_NEAR(cost(&j), budget(&j), 1e-6); /* far less than a weight */
    else
        CHECK(cost(&j) <= budget(&j) * (1 + 1e-9));
    if (m == &alloc_error)
        CHECK(loss(&j) <= uniform_loss(&j) + 1e-12);
    par_set_jobs(3);
    run(m, &again, kind, target, by_rank);
    par_set_jobs(1);
    for (int i = 0; i < N; i++)
        CHECK(again.t[i].share == j.t[i].share && again.t[i].choice == j.t[i].choice);
    alloc_free(&j);
    alloc_free(&again);
}

/* More budget: no less is spent, and error loses no more. */
static void monotone(const struct alloc_method *m, enum alloc_kind kind, const double *target, int n, int by_rank)
{
    double spent = -1, lost = INFINITY;

    for (int i = 0; i < n; i++) {
        struct alloc_job j;

        one(m, kind, target[i], by_rank);
        run(m, &j, kind, target[i], by_rank);
        CHECK(cost(&j) >= spent);
        spent = cost(&j);
        if (m == &alloc_error && kind != ALLOC_SPARSITY) {
            CHECK(loss(&j) <= lost + 1e-12);
            lost = loss(&j);
        }
        alloc_free(&j);
    }
}

/* Layers that are alike get shares that are alike: methods by layers then are uniform. */
static void same_layers(const struct alloc_method *m)
{
    struct alloc_job j;

    run(m, &j, ALLOC_SPARSITY, 0.6, 0);
    for (int i = 4; i < N && m != &alloc_flap && m != &alloc_error;
         i++) /* there the last step goes to one of the tensors that tie */
        CHECK_NEAR(j.t[i].share, j.t[i - 4].share, 1e-12);
    for (int i = 0; i < N && (m == &alloc_owl || m == &alloc_cfsp); i++)
        CHECK_NEAR(j.t[i].share, 0.6, 1e-12);
    alloc_free(&j);
}

static void refusals(void)
{
    struct alloc_job j = {0};
    struct err e;

    CHECK(alloc_find("owl") == &alloc_owl && alloc_find("no such") == NULL);
    j.kind = ALLOC_TYPE;
    j.types = TYPES;
    j.try = try;
    CHECK(opt_set(&alloc_error, "weigh", "size", &e) == 0);
    j.target = 10;
    for (int i = 0; i < 2; i++) {
        const struct alloc_method *m = i ? &alloc_error : &alloc_uniform;

        CHECK(m->see(&j, alloc_add(&j, "t", 8, 8), &(struct alloc_view){0}, &e) == 0 && m->decide(&j, &e) < 0);
        CHECK_STR(e.msg, i ? "the least that the tensors can become costs 16, the budget is 10"
                           : "the smallest type takes 16 bytes, the budget is 10");
        alloc_free(&j);
    }
    j.kind = ALLOC_SPARSITY;
    j.target = 0.5;
    alloc_add(&j, "head", 4, 4);
    CHECK(alloc_cfsp.decide(&j, &e) < 0);
    CHECK_STR(e.msg, "head: it is in no layer, and cfsp goes by layers");
    j.t[0].layer = 0;
    CHECK(alloc_cfsp.decide(&j, &e) < 0);
    CHECK_STR(e.msg, "head: its layer has no key angle; mcalib --parts bi adds it to each layer's first tensor");
    CHECK(alloc_flap.decide(&j, &e) < 0);
    CHECK_STR(e.msg, "head: it is no linear of a layer's attention or MLP, which flap goes by");
    strcpy(j.t[0].role, "attn.q");
    CHECK(alloc_flap.decide(&j, &e) < 0);
    CHECK_STR(e.msg, "head: flap goes by the attn.o of its layer, which is not chosen");
    alloc_free(&j);
}

int main(void)
{
    static const char *const weigh[] = {"turn", "size", "share", "energy"};
    static const double share[] = {0, 0.05, 0.37, 0.6, 0.97, 1}, bytes[] = {864, 1100, 1296, 1440, 2000, 5000},
                        keep[] = {0.3, 0.5, 0.61, 0.8, 1}, rank[] = {1, 2, 5, 16};

    make();
    for (int i = 0; CHECK_ROW(alloc_table[i], name); i++) {
        const struct alloc_method *m = alloc_table[i];

        if (m->kinds & ALLOC_SPARSITY)
            monotone(m, ALLOC_SPARSITY, share, 6, 0);
        for (int k = 0; m->kinds & ALLOC_TYPE && k < 4; k++) {
            CHECK(opt_set(&alloc_error, "weigh", weigh[k], NULL) == 0);
            monotone(m, ALLOC_TYPE, bytes, 6, 0);
        }
        CHECK(opt_set(&alloc_error, "weigh", "turn", NULL) == 0);
        if (m->kinds & ALLOC_RANK) {
            monotone(m, ALLOC_RANK, keep, 5, 0);
            monotone(m, ALLOC_RANK, rank, 4, 1);
        }
    }
    alike = 1;
    make();
    for (int i = 0; CHECK_ROW(alloc_table[i], name); i++)
        if (alloc_table[i]->kinds & ALLOC_SPARSITY)
            same_layers(alloc_table[i]);
    refusals();
    return DONE();
}
