/*
 * rmm: instead of one model a basis of p, from which each of the n is given back by a linear combination of its own. At
 * each position the vectors of the n models form X[len][n]; M are its first p left singular vectors and C = M'X. A
 * position is a row or a column of the weight, whichever has its vectors along the shorter side: the rows of a LoRA's B
 * and the columns of its A, as in the paper. "Towards reversible model merging for low-rank weights" (2025). The tensor
 * written has shape [p, ...], the companion coef holds C.
 */
#include "merge/rmm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "la/eigh.h"
#include "merge/pass.h"

#define LOST 1e-13 /* of the largest eigenvalue: below it a direction is rounding */

static double product(uint64_t len, uint64_t step, const float *a, const float *b)
{
    double sum = 0;

    for (uint64_t i = 0; i < len; i++)
        sum += (double)a[i * step] * (double)b[i * step];
    return sum;
}

int rmm_fit(int n, uint64_t len, uint64_t step, const float *const *x, int p, float *const *basis, float *coef,
            struct err *e)
{
    double *G = mem_new((size_t)(n * n), sizeof *G), *w = mem_new((size_t)n, sizeof *w),
           *Z = mem_new((size_t)(n * p), sizeof *Z);
    int rc;

    for (int a = 0; a < n; a++)
        for (int b = a; b < n; b++)
            G[a * n + b] = product(len, step, x[a], x[b]);
    rc = eigh((size_t)n, G, w, (size_t)p, Z, e);
    for (int k = 0; k < p && rc == 0; k++) { /* the largest comes last */
        const double *z = Z + (p - 1 - k) * n;
        double value = w[n - 1 - k], s = value > LOST * w[n - 1] ? sqrt(value) : 0;

        for (uint64_t i = 0; i < len; i++) {
            double sum = 0;

            for (int a = 0; a < n; a++)
                sum += z[a] * (double)x[a][i * step];
            basis[k][i * step] = s > 0 ? (float)(sum / s) : 0;
        }
        for (int a = 0; a < n; a++)
            coef[k * n + a] = (float)(s * z[a]);
    }
    free(G);
    free(w);
    free(Z);
    return rc;
}

static int64_t basis_models = 1, revert; /* revert 0: none */

struct layout { /* of the positions of a tensor */
    uint64_t positions, len, step, stride;
};

static struct layout layout_of(uint64_t rows, uint64_t cols, int by_column)
{
    return by_column ? (struct layout){cols, rows, cols, 1} : (struct layout){rows, cols, 1, cols};
}

static int by_column(const struct bundle *b)
{
    return b->shape.rank > 1 && b->rows < b->cols;
}

static int fit_all(struct merge_pass *p, struct layout l, int n, float *basis, float *coef, uint64_t size,
                   struct err *e)
{
    int k = (int)basis_models;
    const float **x = mem_new((size_t)n, sizeof *x);
    float **m = mem_new((size_t)k, sizeof *m);
    int rc = 0;

    for (uint64_t i = 0; i < l.positions && rc == 0; i++) {
        for (int a = 0; a < n; a++)
            x[a] = p->rows[a] + i * l.stride;
        for (int a = 0; a < k; a++)
            m[a] = basis + (uint64_t)a * size + i * l.stride;
        rc = rmm_fit(n, l.len, l.step, x, k, m, coef + i * (uint64_t)(k * n), e);
    }
    free(x);
    free(m);
    return rc;
}

static int fit_tensor(struct merge_pass *p, struct writer *out, struct err *e)
{
    struct operand *a = &p->operand[0];
    int n = p->operands, k = (int)basis_models, column = by_column(&a->b);
    struct layout l = layout_of(a->b.rows, a->b.cols, column);
    struct shape s = {.rank = a->b.shape.rank + 1, .dim = {(uint64_t)k}}, cs = {2, {l.positions, (uint64_t)(k * n)}};
    uint64_t size = a->b.rows * a->b.cols;
    float *basis, *coef;
    struct bundle o;
    int rc;

    if (operand_counts(a) || a->b.shape.rank == RANK_MAX)
        return err_set(e, "%s: rmm merges no whole numbers and at most %d dimensions", a->b.name, RANK_MAX - 1);
    memcpy(s.dim + 1, a->b.shape.dim, (size_t)a->b.shape.rank * sizeof *s.dim);
    merge_header(p, merge_type(p), &s, &o);
    attrs_set_int(&o.more, "rmm_models", n);
    attrs_set_str(&o.more, "rmm_by", column ? "column" : "row");
    basis = mem_new((uint64_t)k * size + 1, sizeof *basis);
    coef = mem_new(l.positions * (uint64_t)(k * n) + 1, sizeof *coef);
    rc = merge_read(p, a->b.rows, e) < 0 || fit_all(p, l, n, basis, coef, size, e) < 0 ? -1 : 0;
    if (rc == 0) {
        bundle_set_companion(&o, "coef", &cs, coef);
        rc = bundle_begin(out, &o, e) < 0 || (size && merge_put(out, &o, 0, o.rows, basis, e) < 0) ||
                     bundle_end(out, &o, e) < 0
                 ? -1
                 : 0;
    }
    free(basis);
    free(coef);
    bundle_free(&o);
    return rc;
}

/* Model i of what fit_tensor wrote. */
static int revert_tensor(struct merge_pass *p, int64_t n, struct writer *out, struct err *e)
{
    struct operand *a = &p->operand[0];
    uint64_t k = a->b.rows, size = a->b.cols, cols;
    struct shape s = {.rank = a->b.shape.rank - 1};
    struct layout l;
    struct bundle o;
    float *coef, *w;
    int rc;

    if (revert > n)
        return err_set(e, "%s: was made from %lld models, there is no model %lld", a->b.name, (long long)n,
                       (long long)revert);
    memcpy(s.dim, a->b.shape.dim + 1, (size_t)s.rank * sizeof *s.dim);
    cols = s.rank == 0 ? 1 : s.rank == 1 ? s.dim[0] : s.dim[0] ? size / s.dim[0] : 0;
    l = layout_of(cols ? size / cols : 0, cols, strcmp(attrs_str(&a->b.more, "rmm_by", "row"), "column") == 0);
    if (bundle_load_companions(a->from, &a->b, e) < 0 ||
        !(coef = bundle_companion(&a->b, "coef", l.positions * k * (uint64_t)n, e)) || merge_read(p, k, e) < 0)
        return err_in(e, "%s", a->b.name);
    w = mem_new(size + 1, sizeof *w);
    for (uint64_t i = 0; i < l.positions; i++)
        for (uint64_t c = 0; c < l.len; c++) {
            double sum = 0;

            for (uint64_t b = 0; b < k; b++)
                sum += (double)coef[(i * k + b) * (uint64_t)n + (uint64_t)revert - 1] *
                       (double)p->rows[0][b * size + i * l.stride + c * l.step];
            w[i * l.stride + c * l.step] = (float)sum;
        }
    merge_header(p, merge_type(p), &s, &o);
    attrs_drop(&o.more, "rmm_models");
    attrs_drop(&o.more, "rmm_by");
    rc = bundle_begin(out, &o, e) < 0 || (size && merge_put(out, &o, 0, o.rows, w, e) < 0) || bundle_end(out, &o, e) < 0
             ? -1
             : 0;
    bundle_free(&o);
    free(coef);
    free(w);
    return rc;
}

static int one_tensor(struct merge_pass *p, struct writer *out, struct err *e)
{
    struct operand *a = &p->operand[0];
    int64_t n = attrs_int(&a->b.more, "rmm_models", 0);

    if (revert)
        return n && a->in ? revert_tensor(p, n, out, e) : operand_pass(a, out, e);
    return select_match(p->sel, &a->b) ? fit_tensor(p, out, e) : operand_pass(a, out, e);
}

static int run(struct merge_pass *p, struct writer *out, struct err *e)
{
    int got;

    if (revert && p->operands != 1)
        return err_set(e, "--revert %lld: counts from 1, and one stream is reverted, not %d", (long long)revert,
                       p->operands);
    if (revert && select_given(p->sel))
        return err_set(e, "--revert gives a whole model back: it has no --only, --skip and --layers");
    if (!revert && basis_models > p->operands)
        return err_set(e, "a basis of %lld for %d models: it is 1 to that", (long long)basis_models, p->operands);
    while ((got = operand_next(&p->operand[0], e)) > 0) {
        if (merge_align(p, e) != 0 || one_tensor(p, out, e) < 0)
            return -1;
        progress_step(1, 0);
    }
    return got < 0 ? -1 : merge_leftover(p, e);
}

static const struct opt opts[] = {{.name = "basis",
                                   .arg = "P",
                                   .kind = OPT_INT,
                                   .to = &basis_models,
                                   .lo = 1,
                                   .hi = INFINITY,
                                   .help = "models in the basis"},
                                  {.name = "revert",
                                   .arg = "I",
                                   .kind = OPT_INT,
                                   .to = &revert,
                                   .lo = 1,
                                   .hi = INFINITY,
                                   .help = "give model I, counted from 1, back from what rmm wrote (default: none)"},
                                  OPT_END};

const struct merge_method merge_rmm = {.name = "rmm",
                                       .brief = "a basis that gives every model back",
                                       .opts = opts,
                                       .least = 1,
                                       .unit = MERGE_TENSOR,
                                       .run = run};
