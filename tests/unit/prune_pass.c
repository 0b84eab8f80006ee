/* A tensor through wprune's pass, of more rows than a slab holds: as if its method had all rows at once, and the report
 * tells of what comes out. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rng.h"
#include "la/gemm.h"
#include "la/obs.h"
#include "prune/pass.h"
#include "tests/unit/check.h"

enum { ROWS = 4300, COLS = 256, N = ROWS * COLS, TOKENS = 512 };

static float w[N], score[N], want[N], got[N], gram[COLS * COLS], norm2[COLS], mean[COLS];
static uint8_t mask[N];

static void make(void)
{
    struct rng r = rng_make(9, "pass", 4);
    float *x = mem_new(TOKENS * COLS, sizeof *x);
    double *sums = mem_new(COLS * COLS, sizeof *sums);

    for (uint64_t i = 0; i < N; i++)
        w[i] = (float)rng_normal(r, i);
    for (uint64_t i = 0; i < TOKENS * COLS; i++)
        x[i] = (float)rng_normal(r, N + i) + (i % COLS ? 0.7f * x[i - 1] : 0.5f);
    gram_add(COLS, TOKENS, x, COLS, sums);
    gram_finish(COLS, sums, 1.0 / TOKENS);
    for (int i = 0; i < COLS * COLS; i++)
        gram[i] = (float)sums[i];
    for (int c = 0; c < COLS; c++) {
        norm2[c] = gram[c * COLS + c];
        for (int t = 0; t < TOKENS; t++)
            mean[c] += x[t * COLS + c] / TOKENS;
    }
    for (int i = 0; i < N; i++)
        score[i] = fabsf(w[i]);
    free(x);
    free(sums);
}

static int magnitude(const struct bundle *b, const struct prune_inputs *in, uint64_t row0, uint64_t rows,
                     const float *v, float *out, struct err *e)
{
    (void)b, (void)in, (void)row0, (void)e;
    for (uint64_t i = 0; i < rows * COLS; i++)
        out[i] = fabsf(v[i]);
    return 0;
}

/* Through a stream in a file; what comes out to got. */
static void pass(const struct prune_pass *p, struct prune_tally *t)
{
    struct bundle b = {0}, out_b = {0};
    struct shape square = {2, {COLS, COLS}}, line = {1, {COLS}};
    struct err e;
    int from = io_spool(&e), to = io_spool(&e);
    struct writer *writer = writer_open(from, "from", NULL, &e), *out;
    struct reader *in;

    bundle_init_dense(&b, "w", &(struct shape){2, {ROWS, COLS}}, DT_F32, w);
    bundle_set_companion(&b, "gram", &square, gram);
    bundle_set_companion(&b, "norm2", &line, norm2);
    bundle_set_companion(&b, "mean", &line, mean);
    CHECK(bundle_write(writer, NULL, &b, &e) == 0 && writer_finish(writer, &e) == 0);
    lseek(from, 0, SEEK_SET);
    in = reader_open(from, "from", &e);
    out = writer_open(to, "to", in, &e);
    CHECK(bundle_read(in, &b, &e) == 1);
    CHECK(prune_tensor(p, in, out, &b, t, &e) == 0);
    CHECK(bundle_read(in, &b, &e) == 0 && writer_finish(out, &e) == 0);
    reader_close(in);
    lseek(to, 0, SEEK_SET);
    in = reader_open(to, "to", &e);
    CHECK(bundle_read(in, &out_b, &e) == 1 && bundle_load(in, &out_b, &e) == 0);
    CHECK(bundle_part(&out_b, -1, "gram") && bundle_rows(&out_b, 0, ROWS, got, &e) == 0);
    reader_close(in);
    bundle_free(&b);
    bundle_free(&out_b);
    close(from);
    close(to);
}

/* The same by the method itself, on all rows. */
static void at_once(const struct prune_pass *p)
{
    struct pick_sieve *sieve = p->scorer && p->pattern->scope == SCOPE_TENSOR ? pick_sieve_new() : NULL;
    struct prune_job j = {.pattern = p->pattern,
                          .init = p->init,
                          .sieve = sieve,
                          .rows = ROWS,
                          .cols = COLS,
                          .w = want,
                          .score = score,
                          .norm2 = norm2,
                          .mean = mean,
                          .gram = gram,
                          .mask = mask};
    struct err e;

    for (int i = 0; sieve && i < 2; i++) {
        pattern_count_rows(p->pattern, sieve, score, ROWS, COLS);
        pick_sieve_next(sieve, pattern_count(p->pattern, N));
    }
    memcpy(want, w, sizeof want);
    CHECK(p->method->apply(&j, &e) == 0);
    for (int i = 0; i < N; i++)
        want[i] = mask[i] ? 0 : want[i];
    if (p->refit)
        prune_refit(ROWS, COLS, w, mask, gram, want);
    free(sieve);
}

static void check(const struct prune_method *m, const struct prune_method *init, const char *sparsity,
                  const char *scope, int refit)
{
    struct pattern pattern;
    struct prune_pass p = {.method = m, .pattern = &pattern, .init = init, .refit = refit};
    struct prune_tally t = {0};
    double lost = 0, whole = 0;
    uint64_t zeros = 0;
    struct err e;

    CHECK(pattern_parse(&pattern, sparsity, NULL, scope, &e) == 0);
    p.scorer = (init ? init : m)->needs & PRUNE_SCORE ? magnitude : NULL;
    pass(&p, NULL);
    at_once(&p);
    CHECK(memcmp(got, want, sizeof got) == 0);
    pass(&p, &t);
    CHECK(memcmp(got, want, sizeof got) == 0);
    for (int i = 0; i < N; i++)
        zeros += mask[i];
    obs_loss(ROWS, COLS, w, want, gram, &lost, &whole);
    CHECK(t.before == 0 && t.after == zeros && t.lost == lost && t.moved == whole);
    CHECK(t.damp == (p.scorer ? 0 : 0.01));
}

int main(void)
{
    make();
    check(&prune_sparsegpt, NULL, "2:4", NULL, 0);
    check(&prune_sparsegpt, NULL, "0.5", "row", 1);
    check(&prune_sparsegpt, NULL, "0.5", "tensor", 0);
    check(&prune_sparsegpt, NULL, "0.6", "tensor", 1);
    check(&prune_dsnot, &prune_sparsegpt, "2:4", NULL, 0);
    check(&prune_dsnot, &prune_sparsegpt, "0.5", "tensor", 0);
    check(&prune_dsnot, &prune_score, "0.5", "row", 1);
    check(&prune_score, NULL, "2:4", NULL, 1);
    check(&prune_score, NULL, "0.5", "tensor", 1);
    return DONE();
}
