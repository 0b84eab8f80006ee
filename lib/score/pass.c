#include "score/pass.h"

#include <stdlib.h>

#include "base/mem.h"

#define SLAB (1u << 20) /* weights held as f32 */

/* Is the method's place taken by magnitude? */
static int is_plain(const struct score_pass *p, const struct bundle *b)
{
    return p->method->needs & SCORE_INPUTS && bundle_unseen(b);
}

/* Scores of a loaded bundle: float[score_count], free(); NULL on error. */
static float *scores(const struct score_pass *p, const struct bundle *b, const struct score_known *known, struct err *e)
{
    const struct score_method *m = p->method;
    uint64_t step = m->whole ? b->rows : SLAB / (b->cols + 1) + 1, n;
    float *score = mem_new(score_count(m, b->rows, b->cols) + 1, sizeof *score),
          *w = mem_new(step * b->cols + 1, sizeof *w);
    int bad = 0;

    for (uint64_t r = 0; r < b->rows && !bad; r += n) {
        n = b->rows - r < step ? b->rows - r : step;
        bad = bundle_rows(b, r, n, w, e) < 0 ||
              score_values(m,
                           &(struct score_job){b->name, r, n, b->cols, w, known,
                                               score + (m->each == SCORE_WEIGHT ? r * b->cols : 0)},
                           e) < 0;
    }
    free(w);
    if (!bad)
        return score;
    free(score);
    return NULL;
}

/* Sums by rows of the score, so that a long tensor's is as exact as its rows'. */
static void report_line(struct buf *out, const struct bundle *b, const float *score, uint64_t rows, uint64_t cols)
{
    double sum = 0, least = rows * cols > 0 ? score[0] : 0, most = least;
    uint64_t zeros = 0;

    for (uint64_t r = 0; r < rows; r++) {
        double part = 0;

        for (uint64_t i = r * cols; i < (r + 1) * cols; i++) {
            zeros += score[i] == 0;
            least = score[i] < least ? score[i] : least;
            most = score[i] > most ? score[i] : most;
            part += score[i];
        }
        sum += part;
    }
    buf_printf(out, "%s\t%llu\t%llu\t%llu\t%.9g\t%.9g\t%.9g\n", b->name, (unsigned long long)b->rows,
               (unsigned long long)b->cols, (unsigned long long)zeros, sum, least, most);
}

static int add_score(const struct score_pass *p, const struct attrs *model, struct bundle *b,
                     const struct score_pool *pool, struct err *e)
{
    enum score_each each = p->method->each;
    struct shape s = {2, {each == SCORE_WEIGHT ? b->rows : 1, each == SCORE_TENSOR ? 1 : b->cols}};
    struct score_known known;
    float *score = score_known_get(&known, p->method->needs, b, model, pool, e) < 0 ? NULL : scores(p, b, &known, e);

    if (score && p->report)
        report_line(p->report, b, score, s.dim[0], s.dim[1]);
    score_known_free(&known);
    if (!score)
        return err_in(e, "%s", b->name);
    if (p->dry)
        free(score);
    else
        bundle_give_companion(b, "score", &s, score);
    return 0;
}

int score_bundles(struct score_pass *p, const struct attrs *model, struct bundle *b, int n, struct err *e)
{
    struct score_pool pool[SCORE_MODULES] = {{0}};
    int rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        int module = score_module(b[i].role), pooled = p->method->needs & SCORE_POOL;

        if (!select_match(p->sel, &b[i]))
            continue;
        if (pooled && !pool[module].size)
            rc = score_pool_make(&pool[module], b, n, module, e);
        if (rc == 0 && is_plain(p, &b[i])) {
            struct score_pass plain = *p;

            plain.method = &score_magnitude;
            unseen_add(p->unseen, &b[i]);
            rc = add_score(&plain, model, &b[i], NULL, e);
        } else if (rc == 0) {
            rc = add_score(p, model, &b[i], pooled ? &pool[module] : NULL, e);
        }
        p->done += rc == 0;
    }
    for (int i = 0; i < SCORE_MODULES; i++)
        score_pool_free(&pool[i]);
    return rc;
}
