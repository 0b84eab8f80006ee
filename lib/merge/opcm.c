/*
 * opcm: task vectors are added one after another. With D the sum so far, D = U S V', k the first count of singular
 * values whose share of their sum exceeds alpha, and Q = U' tau V, the next is D + U Q0 V', where Q0 is Q with its
 * diagonal and its first k rows and columns' block [k][k] set to 0. At the end D is scaled to the mean norm of the task
 * vectors, over the whole model. Tang and others 2025, "Merging models on the fly without retraining", algorithm 1. The
 * paper scales after every step; scaling commutes with all of the above, so once is enough.
 * With thin factors U Q0 V' = tau - U_k (U_k' tau V_k) V_k' - sum_{i>k} u_i (u_i' tau v_i) v_i'.
 */
#include "merge/opcm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/progress.h"
#include "la/gemm.h"
#include "la/svd.h"
#include "merge/pass.h"

#define SLAB ((uint64_t)1 << 18) /* elements of rows that need not be seen together */

static double share = 0.5;

static size_t count_of(const double *s, size_t r, double alpha)
{
    double all = 0, part = 0;

    for (size_t i = 0; i < r; i++)
        all += s[i];
    for (size_t i = 0; i < r; i++) {
        part += s[i];
        if (part > alpha * all)
            return i + 1;
    }
    return r;
}

/* tau becomes what may be added to D. Q is U' tau V in the first k rows and columns and on the diagonal, 0 elsewhere.
 * */
static int project(size_t m, size_t n, const double *D, double alpha, double *tau, struct err *e)
{
    size_t r = m < n ? m : n, k;
    double *U = mem_new(m * r, sizeof *U), *s = mem_new(r, sizeof *s), *Vt = mem_new(r * n, sizeof *Vt);
    double *UT = mem_new(r * n, sizeof *UT), *Q = mem_new(r * r, sizeof *Q), *QV = mem_new(r * n, sizeof *QV);
    int rc = svd(m, n, D, r, U, s, Vt, e);

    if (rc == 0) {
        k = count_of(s, r, alpha);
        dgemm_tn(r, n, m, U, r, tau, n, UT, n, KERN_SET);
        dgemm_nt(r, r, n, UT, n, Vt, n, Q, r, KERN_SET);
        for (size_t i = 0; i < r; i++)
            for (size_t c = 0; c < r; c++)
                if (i != c && (i >= k || c >= k))
                    Q[i * r + c] = 0;
        dgemm_nn(r, n, r, Q, r, Vt, n, QV, n, KERN_SET);
        dgemm_nn(m, n, r, U, r, QV, n, tau, n, KERN_SUB);
    }
    free(U), free(s), free(Vt), free(UT), free(Q), free(QV);
    return rc;
}

int opcm_sum(const struct merge_job *j, int matrix, double *delta, double *norm2, struct err *e)
{
    size_t count = j->rows * j->cols;
    double *tau = mem_new(count + 1, sizeof *tau);
    int rc = 0, any = 0;

    memset(delta, 0, count * sizeof *delta);
    for (int t = 0; t < j->models && rc == 0; t++) {
        for (size_t i = 0; i < count; i++) {
            tau[i] = (double)j->model[t][i] - (double)j->base[i];
            norm2[t] += tau[i] * tau[i];
        }
        if (any && matrix && j->rows > 1 && j->cols > 1)
            rc = project(j->rows, j->cols, delta, share, tau, e);
        for (size_t i = 0; i < count && rc == 0; i++) {
            delta[i] += tau[i];
            any |= delta[i] != 0;
        }
    }
    free(tau);
    return rc;
}

double opcm_factor(int models, const double *norm2, double sum2)
{
    double mean = 0;

    for (int t = 0; t < models; t++)
        mean += sqrt(norm2[t]) / models;
    return models > 1 && sum2 > 0 ? mean / sqrt(sum2) : 1;
}

/* sum and the squares of v, added one by one, so that slabs are no matter */
static double squares(double sum, const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum += v[i] * v[i];
    return sum;
}

/* A model of one tensor. */
static int apply(const struct merge_job *j, struct err *e)
{
    size_t n = j->rows * j->cols;
    double *delta = mem_new(n + 1, sizeof *delta), *norm2 = mem_new((size_t)j->models, sizeof *norm2), f;
    int rc = opcm_sum(j, 1, delta, norm2, e);

    f = opcm_factor(j->models, norm2, squares(0, delta, n));
    for (size_t i = 0; i < n && rc == 0; i++)
        j->out[i] = delta[i] == 0 ? j->base[i] : (float)((double)j->base[i] + f * delta[i]);
    free(delta);
    free(norm2);
    return rc;
}

/* A tensor that waits in the spool for the factor: base in f32, then the sum in f64. */
struct slot {
    struct bundle head;
    uint64_t at;
};

struct waiting {
    struct slot *slot;
    size_t slots;
    int spool;
    uint64_t end;
    double *norm2, sum2;
};

/* Embeddings are no linear maps: their changes are added. */
static int is_matrix(const struct bundle *b)
{
    return b->shape.rank == 2 && !(b->role && (strcmp(b->role, "embed") == 0 || strcmp(b->role, "pos") == 0));
}

static uint64_t slab_rows(uint64_t cols)
{
    return cols < SLAB ? SLAB / (cols ? cols : 1) : 1;
}

/* Rows r to r + n of the tensor at hand: their base and their sum of changes (0 when it is not chosen) go to the spool.
 * */
static int store_rows(struct merge_pass *p, struct waiting *w, uint64_t r, uint64_t n, int matrix, int chosen,
                      double *sum2, struct err *e)
{
    struct operand *a = &p->operand[0];
    struct merge_job j = {.args = &p->args, .name = a->b.name, .rows = n, .cols = a->b.cols, .models = p->operands - 1};
    uint64_t count = n * j.cols, base_at = w->end + r * j.cols * sizeof(float);
    uint64_t delta_at = w->end + a->b.rows * j.cols * sizeof(float) + r * j.cols * sizeof(double);
    double *delta;
    int rc;

    if (merge_read(p, n, e) < 0)
        return -1;
    delta = mem_new(count + 1, sizeof *delta);
    j.base = p->rows[0];
    j.model = p->rows + 1;
    rc = chosen && opcm_sum(&j, matrix, delta, w->norm2, e) < 0 ? err_in(e, "%s", a->b.name) : 0;
    *sum2 = squares(*sum2, delta, rc == 0 ? count : 0);
    if (rc == 0)
        rc = io_pwrite(w->spool, j.base, count * sizeof(float), base_at, e) < 0 ||
                     io_pwrite(w->spool, delta, count * sizeof *delta, delta_at, e) < 0
                 ? -1
                 : 0;
    free(delta);
    return rc;
}

static int store(struct merge_pass *p, struct waiting *w, struct err *e)
{
    struct operand *a = &p->operand[0];
    int chosen = select_match(p->sel, &a->b), matrix = chosen && is_matrix(&a->b), rc = 0;
    uint64_t step = matrix ? a->b.rows : slab_rows(a->b.cols);
    double sum2 = 0;

    if (operand_counts(a))
        return err_set(e, "%s: holds whole numbers, which opcm does not merge", a->b.name);
    for (uint64_t r = 0; r < a->b.rows && a->b.cols && rc == 0; r += step)
        rc = store_rows(p, w, r, a->b.rows - r < step ? a->b.rows - r : step, matrix, chosen, &sum2, e);
    if (rc < 0)
        return -1;
    w->sum2 += sum2;
    w->slot = mem_resize(w->slot, w->slots + 1, sizeof *w->slot);
    w->slot[w->slots].at = w->end;
    merge_header(p, merge_type(p), &a->b.shape, &w->slot[w->slots++].head);
    w->end += a->b.rows * a->b.cols * (sizeof(float) + sizeof(double));
    return 0;
}

static int finish_rows(const struct waiting *w, struct slot *s, double f, uint64_t r, uint64_t rows, struct writer *out,
                       struct err *e)
{
    uint64_t cols = s->head.cols, n = rows * cols,
             delta_at = s->at + s->head.rows * cols * sizeof(float) + r * cols * sizeof(double);
    double *delta = mem_new(n, sizeof *delta);
    float *v = mem_new(n, sizeof *v);
    int rc = io_pread(w->spool, v, n * sizeof *v, s->at + r * cols * sizeof *v, e) < 0 ||
                     io_pread(w->spool, delta, n * sizeof *delta, delta_at, e) < 0
                 ? -1
                 : 0;

    for (uint64_t i = 0; i < n && rc == 0; i++)
        v[i] = delta[i] == 0 ? v[i] : (float)((double)v[i] + f * delta[i]);
    if (rc == 0)
        rc = merge_put(out, &s->head, r, rows, v, e);
    free(delta);
    free(v);
    return rc;
}

static int finish(const struct waiting *w, struct slot *s, double f, struct writer *out, struct err *e)
{
    uint64_t step = slab_rows(s->head.cols), rows = s->head.cols ? s->head.rows : 0;
    int rc = bundle_begin(out, &s->head, e);

    for (uint64_t r = 0; r < rows && rc == 0; r += step)
        rc = finish_rows(w, s, f, r, rows - r < step ? rows - r : step, out, e);
    return rc < 0 ? -1 : bundle_end(out, &s->head, e);
}

static int run(struct merge_pass *p, struct writer *out, struct err *e)
{
    struct waiting w = {.spool = io_spool(e), .norm2 = mem_new((size_t)p->operands, sizeof *w.norm2)};
    int rc = w.spool < 0 ? -1 : 0, got = 1;
    double f;

    while (rc == 0 && (got = operand_next(&p->operand[0], e)) > 0) {
        rc = merge_align(p, e) != 0 || store(p, &w, e) < 0 ? -1 : 0;
        progress_step(1, 0);
    }
    if (rc == 0)
        rc = got < 0 ? -1 : merge_leftover(p, e);
    f = opcm_factor(p->operands - 1, w.norm2, w.sum2);
    for (size_t i = 0; i < w.slots; i++) {
        rc = rc == 0 ? finish(&w, &w.slot[i], f, out, e) : rc;
        bundle_free(&w.slot[i].head);
    }
    if (w.spool >= 0)
        close(w.spool);
    free(w.slot);
    free(w.norm2);
    return rc;
}

static const struct opt opts[] = {
    {.name = "alpha", .arg = "A", .kind = OPT_F64, .to = &share, .hi = 1, .help = "share of singular values"}, OPT_END};

const struct merge_method merge_opcm = {.name = "opcm",
                                        .brief = "changes added one after another, away from those before",
                                        .opts = opts,
                                        .base = 1,
                                        .least = 1,
                                        .unit = MERGE_TENSOR,
                                        .apply = apply,
                                        .run = run};
