/*
 * rebasin: every model behind the first has its channels and heads permuted so that its weights lie as near as can be
 * to the first's, which changes nothing it computes; then the weighted average. For a group P of axes that bear one
 * permutation, gain[i][j] = sum over its axes of <slice i of the first, slice j of the other>; the best permutation is
 * a linear assignment. Groups take turns in random order until a round changes none.
 * Ainsworth, Hayase, Srinivasa 2022, "Git Re-Basin", algorithm 1 (weight matching).
 */
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "base/rng.h"
#include "la/gemm.h"
#include "merge/assign.h"
#include "merge/coupled.h"
#include "merge/options.h"
#include "merge/pass.h"

#define ROUNDS 100
#define BETTER 1e-12 /* relative: what a group must gain to be changed */

struct whole { /* all tensors of all operands */
    struct bundle *head;
    float ***w; /* [tensor][operand] */
    size_t n;
};

static uint64_t columns(const struct bundle *b, const struct coupled_axis *a)
{
    return a->axis ? b->rows * a->width : b->cols * a->width;
}

/* Units of an axis as rows of doubles: out[n][columns]. */
static void slices(const struct bundle *b, const struct coupled_axis *a, uint64_t n, const float *w, double *out)
{
    for (uint64_t u = 0; u < n; u++)
        for (uint64_t k = 0; k < a->width; k++) {
            uint64_t at = a->first + u * a->width + k;

            if (a->axis)
                for (uint64_t r = 0; r < b->rows; r++)
                    *out++ = w[r * b->cols + at];
            else
                for (uint64_t c = 0; c < b->cols; c++)
                    *out++ = w[at * b->cols + c];
        }
}

/* Row (or column) unit i of w becomes what unit to[i] was. */
static void permute(const struct bundle *b, const struct coupled_axis *a, uint64_t n, const size_t *to, float *w)
{
    uint64_t count = b->rows * b->cols;
    float *old = mem_new(count, sizeof *old);

    memcpy(old, w, count * sizeof *old);
    for (uint64_t u = 0; u < n; u++)
        for (uint64_t k = 0; k < a->width; k++) {
            uint64_t at = a->first + u * a->width + k, from = a->first + to[u] * a->width + k;

            if (a->axis)
                for (uint64_t r = 0; r < b->rows; r++)
                    w[r * b->cols + at] = old[r * b->cols + from];
            else
                memcpy(w + at * b->cols, old + from * b->cols, b->cols * sizeof *w);
        }
    free(old);
}

/* The best permutation of one group; 1 when it changed something. */
static int match(struct whole *m, const struct coupled *g, int operand)
{
    uint64_t n = g->n;
    double *gain = mem_new(n * n, sizeof *gain), now = 0, best, size = 0;
    size_t *to = mem_new(n, sizeof *to);
    int better;

    for (int i = 0; i < g->axes; i++) {
        const struct coupled_axis *a = &g->axis[i];
        const struct bundle *b = &m->head[a->tensor];
        uint64_t len = columns(b, a);
        double *x = mem_new(n * len, sizeof *x), *y = mem_new(n * len, sizeof *y);

        slices(b, a, n, m->w[a->tensor][0], x);
        slices(b, a, n, m->w[a->tensor][operand], y);
        dgemm_nt(n, n, len, x, len, y, len, gain, n, KERN_ADD);
        free(x);
        free(y);
    }
    best = assign_best(n, gain, to);
    for (uint64_t i = 0; i < n; i++) {
        now += gain[i * n + i];
        size += gain[i * n + i] < 0 ? -gain[i * n + i] : gain[i * n + i];
    }
    better = best > now + BETTER * size;
    for (int i = 0; better && i < g->axes; i++)
        permute(&m->head[g->axis[i].tensor], &g->axis[i], n, to, m->w[g->axis[i].tensor][operand]);
    free(gain);
    free(to);
    return better;
}

static void rebase(struct whole *m, const struct coupled *g, int groups, int operand, uint64_t seed)
{
    struct rng r = rng_make(seed, "rebasin", 7);
    size_t *order = mem_new((size_t)groups, sizeof *order);
    int changed = 1;

    for (int i = 0; i < groups; i++)
        order[i] = (size_t)i;
    for (int round = 0; round < ROUNDS && changed; round++) {
        changed = 0;
        for (int i = groups - 1; i > 0; i--) {
            size_t k = rng_below(r, (uint64_t)(round * groups + i), (uint64_t)i + 1), t = order[i];

            order[i] = order[k];
            order[k] = t;
        }
        for (int i = 0; i < groups; i++)
            changed |= g[order[i]].axes > 0 && match(m, &g[order[i]], operand);
    }
    free(order);
}

static int load(struct merge_pass *p, struct whole *m, struct err *e)
{
    struct operand *a = &p->operand[0];
    int got;

    while ((got = operand_next(a, e)) > 0) {
        uint64_t count = a->b.rows * a->b.cols;

        if (operand_counts(a))
            return err_set(e, "%s: holds whole numbers, which rebasin does not merge", a->b.name);
        if (merge_align(p, e) != 0 || merge_read(p, a->b.rows, e) < 0)
            return -1;
        m->head = mem_resize(m->head, m->n + 1, sizeof *m->head);
        m->w = mem_resize(m->w, m->n + 1, sizeof *m->w);
        m->w[m->n] = mem_new((size_t)p->operands, sizeof **m->w);
        for (int k = 0; k < p->operands; k++) {
            m->w[m->n][k] = mem_new(count + 1, sizeof ***m->w);
            memcpy(m->w[m->n][k], p->rows[k], count * sizeof ***m->w);
        }
        merge_header(p, merge_type(p), &a->b.shape, &m->head[m->n++]);
        progress_step(1, 0);
    }
    return got < 0 ? -1 : merge_leftover(p, e);
}

static int put(struct merge_pass *p, struct whole *m, size_t t, struct writer *out, struct err *e)
{
    struct bundle *b = &m->head[t];
    float *v = mem_new(b->rows * b->cols + 1, sizeof *v);
    struct merge_job j = {.args = &p->args,
                          .name = b->name,
                          .rows = b->rows,
                          .cols = b->cols,
                          .models = p->operands,
                          .model = m->w[t],
                          .out = v};
    int rc = merge_rows(&merge_linear, &j, e) < 0 ? err_in(e, "%s", b->name) : 0;

    if (rc == 0)
        rc = bundle_begin(out, b, e) < 0 || (b->rows * b->cols > 0 && merge_put(out, b, 0, b->rows, v, e) < 0) ||
                     bundle_end(out, b, e) < 0
                 ? -1
                 : 0;
    free(v);
    return rc;
}

static void whole_free(struct whole *m, int operands)
{
    for (size_t t = 0; t < m->n; t++) {
        for (int k = 0; k < operands; k++)
            free(m->w[t][k]);
        free(m->w[t]);
        bundle_free(&m->head[t]);
    }
    free(m->w);
    free(m->head);
}

static int run(struct merge_pass *p, struct writer *out, struct err *e)
{
    const struct operand *a = &p->operand[0];
    struct coupled *group = NULL;
    struct whole m = {0};
    struct model model;
    int groups = 0, rc;

    if (select_given(p->sel))
        return err_set(e, "rebasin permutes channels through the whole model: it has no --only, --skip and --layers");
    if (model_open(&model, a->in ? &reader_head(a->in)->model : &a->plan.model, e) < 0)
        return -1;
    rc = load(p, &m, e) < 0 || (groups = coupled_groups(m.head, m.n, &model, &group, e)) < 0 ? -1 : 0;
    model_close(&model);
    for (int k = 1; m.n && k < p->operands && rc == 0; k++)
        rebase(&m, group, groups, k, p->args.seed);
    for (size_t t = 0; t < m.n && rc == 0; t++)
        rc = put(p, &m, t, out, e);
    coupled_free(group, groups);
    whole_free(&m, p->operands);
    return rc;
}

static const struct opt opts[] = {MERGE_WEIGHT, MERGE_NORMALIZE, MERGE_SEED, OPT_END};

const struct merge_method merge_rebasin = {.name = "rebasin",
                                           .brief = "average after permuting channels onto the first model's",
                                           .opts = opts,
                                           .least = 2,
                                           .unit = MERGE_TENSOR,
                                           .normalize = 1,
                                           .run = run};
