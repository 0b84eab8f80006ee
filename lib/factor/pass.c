#include "factor/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "factor/put.h"
#include "la/quad.h"
#include "tensor/form.h"

#define RANK_SHARE 0.25 /* kappa of OATS: the product's share of the numbers */

/* Bytes of the value's parts, or of one term's. */
static uint64_t value_bytes(const struct bundle *b, int term)
{
    uint64_t n = 0;

    for (int i = 0; i < b->parts; i++)
        if (b->part[i].term >= 0 && (term < 0 || b->part[i].term == term))
            n += b->part[i].rows * b->part[i].row_bytes;
    return n;
}

static int last_dense(const struct bundle *b)
{
    int t = b->terms - 1;

    while (t >= 0 && strcmp(b->term[t].form, "dense") != 0)
        t--;
    return b->terms > 1 ? t : -1;
}

int factor_weights(const struct bundle *b, int term, float *w, struct err *e)
{
    memset(w, 0, b->rows * b->cols * sizeof *w);
    if (term >= 0 ? form_find("dense")->add_rows(b, term, 0, b->rows, w, e) : bundle_rows(b, 0, b->rows, w, e))
        return -1;
    for (uint64_t i = 0; i < b->rows * b->cols; i++)
        if (!isfinite(w[i]))
            return err_set(e, "weight [%llu, %llu] is %g", (unsigned long long)(i / b->cols),
                           (unsigned long long)(i % b->cols), w[i]);
    return 0;
}

enum dtype factor_type(const struct factor_pass *p, const struct bundle *b)
{
    const char *own = attrs_str(&b->more, "dtype", "F32");
    int t = p->type >= 0 ? p->type : dtype_find(own);

    return t >= 0 && dtype_info((enum dtype)t)->writes_f32 ? (enum dtype)t : DT_F32;
}

int factor_measure(const struct bundle *b, int first, float *w, const float *gram, struct factor_tally *t,
                   struct err *e)
{
    uint64_t n = b->rows * b->cols;
    float *now = mem_new(n, sizeof *now);
    double all = gram ? quad_gram(b->rows, b->cols, w, gram) : 0, off = 0;
    int rc = 0;

    for (int i = first; i < b->terms && rc == 0; i++)
        rc = form_find(b->term[i].form)->add_rows(b, i, 0, b->rows, now, e);
    for (uint64_t i = 0; i < n && rc == 0; i++) {
        if (!gram)
            all += (double)w[i] * w[i];
        w[i] -= now[i];
        if (!gram)
            off += (double)w[i] * w[i];
    }
    if (gram && rc == 0)
        off = quad_gram(b->rows, b->cols, w, gram);
    t->measured = all > 0 ? off / all : 0;
    t->by_gram = gram != NULL;
    free(now);
    return rc;
}

/* Rank, blocks and sparse numbers of a matrix. 0, 1: nothing of that size can be; -1. */
static int set_sizes(const struct factor_pass *p, struct factor_job *j, struct err *e)
{
    uint64_t n = j->rows * j->cols, small = j->rows < j->cols ? j->rows : j->cols,
             all = (uint64_t)floor(p->keep * (double)n);
    enum factor_kind kind = p->method->kind;

    j->blocks = p->method->blocks ? p->method->blocks(j->rows, j->cols) : 1;
    if (j->rows % j->blocks || j->cols % j->blocks)
        return err_set(e, "%llu blocks do not divide %llu rows and %llu columns", (unsigned long long)j->blocks,
                       (unsigned long long)j->rows, (unsigned long long)j->cols);
    j->rank = p->rank ? p->rank
                      : factor_rank(j->rows, j->cols,
                                    (kind == FACTOR_SPARSE ? RANK_SHARE * p->keep : p->keep) / (double)j->blocks);
    if (j->rank > small / j->blocks)
        j->rank = small / j->blocks;
    if (kind == FACTOR_OUTLIERS) {
        j->rank = 0;
        j->kept = all;
    } else if (kind == FACTOR_SPARSE) {
        uint64_t product = j->rank * (j->rows + j->cols);

        if (product > all)
            return 1;
        j->kept = (all - product) / j->rows * j->rows;
    }
    return 0;
}

/* Does it go by norm2? */
static int by_size(const struct factor_pass *p)
{
    return p->method->needs & FACTOR_NORM2 && *p->method->alpha != 0 && !p->plain;
}

static int get_inputs(const struct factor_pass *p, const struct bundle *b, int has_bias, float **absmean, float **norm2,
                      float **mean, struct err *e)
{
    if ((p->method->needs & FACTOR_MEAN || (p->method->needs & FACTOR_BIAS && has_bias)) &&
        !(*mean = bundle_companion(b, "mean", b->cols, e)))
        return -1;
    if (p->method->needs & FACTOR_ABSMEAN && !(*absmean = bundle_companion(b, "absmean", b->cols, e)))
        return -1;
    if (by_size(p) && !(*norm2 = bundle_companion(b, "norm2", b->cols, e)))
        return -1;
    return 0;
}

/* The gram about the mean, in place: what a layer with a free bias loses goes by it. */
static void centre(const struct factor_job *j, float *gram)
{
    for (uint64_t i = 0; i < j->cols * j->cols; i++)
        gram[i] = (float)((double)gram[i] - (double)j->mean[i / j->cols] * (double)j->mean[i % j->cols]);
}

/* bias += R m, R what the weight has lost. */
static int add_lost(const struct factor_job *j, const float *lost, struct bundle *bias, struct err *e)
{
    float *v = mem_new(j->rows + 1, sizeof *v);
    int rc = bundle_rows(bias, 0, 1, v, e);

    for (uint64_t r = 0; rc == 0 && r < j->rows; r++) {
        double sum = v[r];

        for (uint64_t c = 0; c < j->cols; c++)
            sum += (double)lost[r * j->cols + c] * (double)j->mean[c];
        v[r] = (float)sum;
    }
    if (rc == 0)
        bundle_set_dense(bias, bundle_dense_type(bias), v);
    free(v);
    return rc;
}

/* gram in: of the inputs, or NULL; about their mean when it returns, where a bias takes what is lost on that. */
static int apply(const struct factor_pass *p, struct bundle *b, int term, float *w, float *gram, struct bundle *bias,
                 struct factor_job *j, enum dtype type, struct factor_tally *t, struct err *e)
{
    enum factor_kind kind = p->method->kind;
    uint64_t n = b->rows * b->cols, width = j->rank * j->blocks;
    double *wide = mem_new(n, sizeof *wide);
    int rc;

    for (uint64_t i = 0; i < n; i++)
        wide[i] = w[i];
    j->w = wide;
    j->b = mem_new(b->rows * width, sizeof *j->b);
    j->a = mem_new(width * b->cols, sizeof *j->a);
    j->mask = kind == FACTOR_SPARSE || kind == FACTOR_OUTLIERS ? mem_new(n, 1) : NULL;
    rc = p->method->apply(j, e);
    free(wide);
    if (rc == 0) {
        int first = factor_put(b, kind, term, type, j, w);

        bundle_drop_stale(b);
        t->done = 1;
        t->rank = j->rank;
        t->predicted = j->lost;
        if (bias)
            centre(j, gram);
        rc = factor_measure(b, term >= 0 ? first : 0, w, gram, t, e);
        if (rc == 0 && bias)
            rc = add_lost(j, w, bias, e);
    }
    free(j->b);
    free(j->a);
    free(j->mask);
    return rc;
}

static int factor_rows(const struct factor_pass *p, struct bundle *b, int term, float *w, float *gram,
                       struct bundle *bias, struct factor_tally *t, struct err *e)
{
    struct factor_job j = {.name = b->name, .rows = b->rows, .cols = b->cols, .gram = gram};
    enum factor_kind kind = p->method->kind;
    enum dtype type = factor_type(p, b);
    float *absmean = NULL, *norm2 = NULL, *mean = NULL;
    int rc = set_sizes(p, &j, e), adds = kind == FACTOR_SPLIT || kind == FACTOR_BESIDE || kind == FACTOR_OUTLIERS;

    if (rc == 1 || (rc == 0 && !adds && factor_put_bytes(kind, type, &j) >= value_bytes(b, term)))
        return 0; /* a larger matrix than it was: it stays */
    if (rc == 0)
        rc = get_inputs(p, b, bias != NULL, &absmean, &norm2, &mean, e);
    j.absmean = absmean;
    j.norm2 = norm2;
    j.mean = mean;
    if (rc == 0)
        rc = apply(p, b, term, w, gram, p->method->needs & FACTOR_BIAS ? bias : NULL, &j, type, t, e);
    free(mean);
    free(absmean);
    free(norm2);
    return rc;
}

/* Does the method go by what is not known of b's inputs? Then *plain is a pass that does not: of a method that adds to
 * the value what only inputs tell, NULL. */
static int is_plain(const struct factor_pass *p, const struct bundle *b, struct factor_pass *plain)
{
    int sized = by_size(p);

    if (!(sized || p->method->needs & (FACTOR_ABSMEAN | FACTOR_GRAM)) || !bundle_unseen(b))
        return 0;
    *plain = *p;
    plain->plain = 1;
    if (!sized)
        plain->method = p->method->kind == FACTOR_BESIDE ? NULL : &factor_svd;
    return 1;
}

static int with_method(const struct factor_pass *p, struct bundle *b, struct bundle *bias, struct factor_tally *t,
                       struct err *e);

int factor_loaded(const struct factor_pass *p, struct bundle *b, struct bundle *bias, struct factor_tally *t,
                  struct err *e)
{
    struct factor_pass plain;

    if (!is_plain(p, b, &plain))
        return with_method(p, b, bias, t, e);
    unseen_add(p->unseen, b);
    if (plain.method)
        return with_method(&plain, b, bias, t, e);
    *t = (struct factor_tally){.before = value_bytes(b, -1), .after = value_bytes(b, -1)};
    return 0;
}

static int with_method(const struct factor_pass *p, struct bundle *b, struct bundle *bias, struct factor_tally *t,
                       struct err *e)
{
    int term = p->residual ? last_dense(b) : -1;
    float *w = NULL, *gram = NULL;
    int rc = 0;

    *t = (struct factor_tally){.before = value_bytes(b, -1)};
    if (p->residual && term < 0)
        rc = err_set(e, "there is no dense term beside another; wquant --residual adds one");
    if (rc == 0 && (bundle_part(b, -1, "gram") || p->method->needs & FACTOR_GRAM) &&
        !(gram = bundle_companion(b, "gram", b->cols * b->cols, e)))
        rc = -1;
    if (rc == 0) {
        w = mem_resize(NULL, b->rows * b->cols, sizeof *w);
        rc = factor_weights(b, term, w, e) < 0 ? -1 : factor_rows(p, b, term, w, gram, bias, t, e);
    }
    t->after = value_bytes(b, -1);
    free(w);
    free(gram);
    return rc < 0 ? err_in(e, "%s", b->name) : 0;
}

int factor_is_bias(const struct bundle *bias, const struct bundle *b)
{
    const char *dot = strrchr(b->name, '.');
    size_t n = dot ? (size_t)(dot - b->name) : 0, role = b->role ? strlen(b->role) : 0;

    if (role && bias->role)
        return bias->layer == b->layer && bias->expert == b->expert && strncmp(bias->role, b->role, role) == 0 &&
               strcmp(bias->role + role, ".bias") == 0 && bias->shape.rank == 1 && bias->cols == b->rows;
    return dot && strcmp(dot, ".weight") == 0 && strncmp(bias->name, b->name, n) == 0 &&
           strcmp(bias->name + n, ".bias") == 0 && bias->shape.rank == 1 && bias->cols == b->rows;
}

int factor_pass_size(struct factor_pass *p, const char *column, const char *word, struct err *e)
{
    int by_rank = strcmp(column, "rank") == 0,
        bad = by_rank ? parse_u64(word, &p->rank, e) : parse_fraction(word, &p->keep, e);

    if (!bad && (by_rank ? p->rank == 0 : p->keep <= 0))
        return err_set(e, "'%s' leaves nothing; '-' leaves the tensor as it is", word);
    return bad;
}

int factor_pass_check(struct factor_pass *p, const char *budget, struct err *e)
{
    unsigned sizes = p->method->sizes ? p->method->sizes : FACTOR_RANK | FACTOR_KEEP;
    const char *name = p->method->name;

    if (budget) /* each tensor's own come later */
        factor_pass_size(p, budget, "1", NULL);
    if (p->residual && (p->method->kind == FACTOR_SPLIT || p->method->kind == FACTOR_BESIDE))
        return err_set(e, "-m %s adds an adapter to the value; --term residual is for the others", name);
    if (p->keep != 0 && p->rank && p->method->sizes == 0)
        return err_set(e, "-r %llu and --keep %g: only one can be", (unsigned long long)p->rank, p->keep);
    if (p->rank && !(sizes & FACTOR_RANK))
        return err_set(e, "-m %s has no rank: --keep says how many numbers go to its sparse term", name);
    if (p->keep == 0 && (p->method->sizes & FACTOR_KEEP || !p->rank))
        return err_set(e, p->method->sizes ? "-m %s needs --keep F" : "-m %s needs -r R or --keep F", name);
    if (p->residual && p->method->kind == FACTOR_MIX)
        return err_set(e, "-m masa is for whole values, not --term residual");
    return 0;
}

void factor_tally_line(struct buf *out, const struct bundle *b, const struct factor_tally *t)
{
    buf_printf(out, "%s\t%llu\t%llu\t", b->name, (unsigned long long)b->rows, (unsigned long long)b->cols);
    if (!t->done)
        buf_printf(out, "-\t%llu\t%llu\t-\t-\t-\n", (unsigned long long)t->before, (unsigned long long)t->after);
    else
        buf_printf(out, "%llu\t%llu\t%llu\t%.6g\t%.6g\t%s\n", (unsigned long long)t->rank,
                   (unsigned long long)t->before, (unsigned long long)t->after, t->predicted, t->measured,
                   t->by_gram ? "gram" : "weights");
}
