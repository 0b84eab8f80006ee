#include "model/calib.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "la/gemm.h"
#include "num/kern.h"

#define STRIP 256 /* columns that one call of a thread sums */

static const char *const names[] = {"norm2", "mean", "absmean", "gram"}; /* bit i of parts */

int calib_parse(const char *list, unsigned *parts, struct err *e)
{
    *parts = 0;
    for (const char *s = list;; s++) {
        size_t n = strcspn(s, ",");
        unsigned bit = 0;

        for (unsigned i = 0; i < 4; i++)
            if (strlen(names[i]) == n && strncmp(names[i], s, n) == 0)
                bit = 1u << i;
        if (!bit)
            return err_set(e, "there is no part '%.*s'; parts are norm2, mean, absmean, gram", (int)(n < 80 ? n : 80), s);
        *parts |= bit;
        s += n;
        if (!*s)
            return 0;
    }
}

struct strip {
    struct calib_sums *s;
    const float *x;
    int64_t rows;
};

static void sum_strip(void *ctx, size_t i)
{
    struct strip *p = ctx;
    size_t cols = (size_t)p->s->cols, at = i * STRIP, n = cols - at < STRIP ? cols - at : STRIP;

    for (int64_t t = 0; t < p->rows; t++) {
        const float *x = p->x + (size_t)t * cols + at;

        if (p->s->sum2)
            kern_addsq64(x, p->s->sum2 + at, n);
        if (p->s->sum)
            kern_add64(x, p->s->sum + at, n);
        if (p->s->sumabs)
            kern_addabs64(x, p->s->sumabs + at, n);
    }
}

static void start(struct calib_sums *s, unsigned parts, int64_t cols)
{
    size_t n = (size_t)cols;

    s->cols = cols;
    s->sum2 = parts & CALIB_NORM2 ? mem_new(n, sizeof(double)) : NULL;
    s->sum = parts & CALIB_MEAN ? mem_new(n, sizeof(double)) : NULL;
    s->sumabs = parts & CALIB_ABSMEAN ? mem_new(n, sizeof(double)) : NULL;
    s->gram = parts & CALIB_GRAM ? mem_new(n, n * sizeof(double)) : NULL;
}

void calib_see(void *ctx, enum tap at, const float *x, int64_t rows, int64_t cols)
{
    struct calib *c = ctx;
    struct strip p = {&c->at[at], x, rows};

    if (!p.s->cols)
        start(p.s, c->parts, cols);
    p.s->n += rows;
    if (c->parts & ~(unsigned)CALIB_GRAM)
        par_for(((size_t)cols + STRIP - 1) / STRIP, sum_strip, &p);
    if (p.s->gram)
        gram_add((size_t)cols, (size_t)rows, x, (size_t)cols, p.s->gram);
}

/* sums / n as a companion; a sum that is not finite is the model's fault, not this filter's. */
static int set(struct bundle *b, const char *name, const double *sum, int64_t cols, int rank, int64_t n, struct err *e)
{
    struct shape s = {.rank = rank, .dim = {(uint64_t)cols, (uint64_t)cols}};
    size_t count = (size_t)(rank == 2 ? cols * cols : cols);
    float *v = mem_new(count, sizeof *v);

    for (size_t i = 0; i < count; i++) {
        v[i] = (float)(sum[i] / (double)n);
        if (!isfinite(v[i])) {
            free(v);
            return err_set(e, "%s: the input of channel %zu is not finite (%s is %g)", b->name, i % (size_t)cols, name,
                           sum[i] / (double)n);
        }
    }
    bundle_set_companion(b, name, &s, v);
    free(v);
    return 0;
}

/* G's upper triangle holds the sums; the lower is filled when it is first asked for, and again harmlessly. */
static const double *whole_gram(const struct calib_sums *s)
{
    if (s->gram)
        gram_finish((size_t)s->cols, s->gram, 1);
    return s->gram;
}

int calib_attach(const struct calib *c, enum tap at, struct bundle *b, struct err *e)
{
    const struct calib_sums *s = at == TAP_NONE ? NULL : &c->at[at];
    const double *sums[4] = {0};

    if (!s)
        return 0;
    if (!s->n || (uint64_t)s->cols != b->cols)
        return err_set(e, "%s: it has %llu input channels, %lld were seen", b->name, (unsigned long long)b->cols,
                       (long long)s->cols);
    sums[0] = s->sum2;
    sums[1] = s->sum;
    sums[2] = s->sumabs;
    sums[3] = whole_gram(s);
    for (int i = 0; i < 4; i++)
        if (sums[i] && set(b, names[i], sums[i], s->cols, i == 3 ? 2 : 1, s->n, e) < 0)
            return -1;
    if (at == TAP_ATTN || at == TAP_MLP) /* q, k and v see the same input, gate and up too */
        bundle_share(b, "gram");
    attrs_set_int(&b->more, "count", s->n);
    b->touched = 1;
    return 0;
}

void calib_reset(struct calib *c)
{
    for (int i = 0; i < TAPS; i++) {
        free(c->at[i].sum2);
        free(c->at[i].sum);
        free(c->at[i].sumabs);
        free(c->at[i].gram);
    }
    memset(c->at, 0, sizeof c->at);
}
