#include "select/vectors.h"

#include <math.h>
#include <stdlib.h>

#include "wire/mp.h"

void vectors_init(struct vectors *v, const char *key, size_t d, int as_given)
{
    struct ngram_opts o = {NGRAM_NATIVE, 2, (uint32_t)d};

    *v = (struct vectors){.key = key, .d = key ? 0 : d, .as_given = as_given};
    if (!key)
        v->g = ngram_open(&o);
}

void vectors_free(struct vectors *v)
{
    ngram_close(v->g);
    free(v->x);
    *v = (struct vectors){0};
}

static float *add_row(struct vectors *v)
{
    float *row;

    if ((v->n & (v->n - 1)) == 0)
        v->x = mem_resize(v->x, v->n ? 2 * v->n * v->d : v->d, sizeof *v->x);
    row = v->x + v->n++ * v->d;
    for (size_t i = 0; i < v->d; i++)
        row[i] = 0;
    return row;
}

static void unit_length(float *row, size_t d)
{
    double sum = 0, scale;

    for (size_t i = 0; i < d; i++)
        sum += (double)row[i] * row[i];
    scale = sum > 0 ? 1 / sqrt(sum) : 0;
    for (size_t i = 0; i < d; i++)
        row[i] = (float)(row[i] * scale);
}

static int add_meta(struct vectors *v, const struct record *r, struct err *e)
{
    struct mp_in m;
    struct mp_value x;
    float *row;

    if (!record_meta(r, v->key, &m) || mp_next(&m, &x) < 0 || x.kind != MP_ARRAY || x.n == 0)
        return err_set(e, "it has no array of numbers under \"%s\"", v->key);
    if (v->n && x.n != v->d)
        return err_set(e, "\"%s\" has %u numbers, before there were %zu", v->key, x.n, v->d);
    v->d = x.n;
    row = add_row(v);
    for (size_t i = 0; i < v->d; i++) {
        if (mp_next(&m, &x) < 0 || (x.kind != MP_FLOAT && x.kind != MP_INT))
            return err_set(e, "\"%s\": element %zu is no number", v->key, i);
        row[i] = (float)(x.kind == MP_FLOAT ? x.f : x.negative ? (double)(int64_t)x.u : (double)x.u);
        if (!isfinite(row[i]))
            return err_set(e, "\"%s\": element %zu is beyond a float", v->key, i);
    }
    if (!v->as_given)
        unit_length(row, v->d);
    return 0;
}

int vectors_add(struct vectors *v, const struct record *r, struct err *e)
{
    const uint32_t *bucket;
    float *row;
    size_t k;

    if (v->key)
        return add_meta(v, r, e);
    row = add_row(v);
    ngram_begin(v->g, r->text, r->text_len);
    while ((k = ngram_next(v->g, &bucket)) > 0)
        for (size_t i = 0; i < k; i++)
            row[bucket[i]] += 1;
    for (size_t i = 0; i < v->d; i++)
        row[i] = sqrtf(row[i]);
    unit_length(row, v->d);
    return 0;
}

double vectors_dot(const float *a, const float *b, size_t d)
{
    float lane[8] = {0};
    size_t i = 0;

    for (; i + 8 <= d; i += 8)
        for (int j = 0; j < 8; j++)
            lane[j] += a[i + (size_t)j] * b[i + (size_t)j];
    for (; i < d; i++)
        lane[i % 8] += a[i] * b[i];
    return (double)((lane[0] + lane[4]) + (lane[2] + lane[6])) + (double)((lane[1] + lane[5]) + (lane[3] + lane[7]));
}
