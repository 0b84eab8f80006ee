#include "tensor/compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "num/kern.h"
#include "tensor/twin_words.h"

static int same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static int same_attrs(const struct attrs *a, const struct attrs *b)
{
    struct buf x = {0}, y = {0};
    int same;

    word_put_attrs(&x, a);
    word_put_attrs(&y, b);
    same = x.len == y.len && (x.len == 0 || memcmp(x.data, y.data, x.len) == 0);
    buf_free(&x);
    buf_free(&y);
    return same;
}

static struct hash128 digest(const struct part *p)
{
    return p->data ? hash128(p->data, p->rows * p->row_bytes) : p->passed;
}

static int same_bytes(const struct part *p, const struct part *q)
{
    struct hash128 a, b;

    if (p->data && q->data)
        return memcmp(p->data, q->data, p->rows * p->row_bytes) == 0;
    a = digest(p);
    b = digest(q);
    return p->rows * p->row_bytes == 0 || (a.hi == b.hi && a.lo == b.lo);
}

/* What differs between a part and its like in the other bundle (which may be NULL). */
static int part_differences(const struct part *p, const struct part *q)
{
    if (!q || p->dtype != q->dtype || !shape_equal(&p->shape, &q->shape) || !same_attrs(&p->more, &q->more))
        return p->term < 0 ? DIFF_COMPANIONS : DIFF_TYPE;
    if (!same_bytes(p, q))
        return p->term < 0 ? DIFF_COMPANIONS : DIFF_VALUE;
    return 0;
}

int bundle_differences(const struct bundle *a, const struct bundle *b)
{
    int diff = shape_equal(&a->shape, &b->shape) ? 0 : DIFF_SHAPE;

    if (!same_text(a->role, b->role) || a->layer != b->layer || a->expert != b->expert || !same_attrs(&a->more, &b->more))
        diff |= DIFF_HEADER;
    if (a->terms != b->terms)
        diff |= DIFF_TYPE;
    for (int i = 0; i < a->terms && i < b->terms; i++)
        if (!same_text(a->term[i].form, b->term[i].form) || !same_attrs(&a->term[i].attrs, &b->term[i].attrs))
            diff |= DIFF_TYPE;
    for (int i = 0; i < a->parts; i++)
        diff |= part_differences(&a->part[i], bundle_part(b, a->part[i].term, a->part[i].name));
    for (int i = 0; i < b->parts; i++)
        if (!bundle_part(a, b->part[i].term, b->part[i].name))
            diff |= b->part[i].term < 0 ? DIFF_COMPANIONS : DIFF_TYPE;
    return diff;
}

const char *difference_text(int differences, char text[DIFFERENCE_TEXT])
{
    static const char *const word[] = {"shape", "type", "value", "companions", "header"};
    size_t n = 0;

    for (int i = 0; i < 5; i++)
        if (differences & 1 << i)
            n += (size_t)snprintf(text + n, DIFFERENCE_TEXT - n, "%s%s", n ? "," : "", word[i]);
    return n ? text : "same";
}

void distance_add(struct distance *d, const float *a, const float *b, float *diff, uint64_t n)
{
    d->n += n;
    if (memcmp(a, b, n * sizeof *a) == 0) { /* the same sums, and no difference */
        double aa = kern_dotd(a, a, n);

        d->aa += aa, d->bb += aa, d->ab += aa;
        memset(diff, 0, n * sizeof *diff);
        return;
    }
    d->aa += kern_dotd(a, a, n);
    d->bb += kern_dotd(b, b, n);
    d->ab += kern_dotd(a, b, n);
    for (uint64_t i = 0; i < n; i++)
        diff[i] = a[i] == b[i] || (a[i] != a[i] && b[i] != b[i]) ? 0 : a[i] - b[i];
    d->dd += kern_dotd(diff, diff, n);
    d->max = fmax(d->max, kern_absmax(diff, n));
    if (d->dd != d->dd) /* a NaN against a number: kern_absmax passes it over */
        d->max = INFINITY;
}

double distance_relative(const struct distance *d)
{
    return d->dd == 0 ? 0 : sqrt(d->dd / d->aa);
}

double distance_cosine(const struct distance *d)
{
    return d->aa > 0 && d->bb > 0 ? d->ab / (sqrt(d->aa) * sqrt(d->bb)) : NAN;
}

double distance_snr(const struct distance *d)
{
    return d->dd == 0 ? INFINITY : 10 * log10(d->aa / d->dd);
}
