#include "shrink/cut.h"

#include <stdlib.h>
#include <string.h>

#include "tensor/dense.h"

float *cut_columns(const float *w, uint64_t rows, uint64_t cols, const struct cut *c)
{
    uint64_t left = c->n * c->width;
    float *out = mem_new(rows * left, sizeof *out);

    for (uint64_t r = 0; r < rows; r++)
        for (uint64_t i = 0; i < c->n; i++)
            memcpy(out + r * left + i * c->width, w + r * cols + c->unit[i] * c->width, c->width * sizeof *out);
    return out;
}

static float *cut_rows(const float *w, uint64_t cols, const struct cut *c)
{
    float *out = mem_new(c->n * c->width * cols, sizeof *out);

    for (uint64_t i = 0; i < c->n; i++)
        memcpy(out + i * c->width * cols, w + c->unit[i] * c->width * cols, c->width * cols * sizeof *out);
    return out;
}

static int of_inputs(const char *name)
{
    return strcmp(name, "norm2") == 0 || strcmp(name, "mean") == 0 || strcmp(name, "absmean") == 0 ||
           strncmp(name, "gram", 4) == 0;
}

static int cut_companion(struct bundle *b, const char *name, const struct cut *c, struct err *e)
{
    int square = strncmp(name, "gram", 4) == 0;
    uint64_t n = b->cols, left = c->n * c->width;
    struct shape s = {.rank = square ? 2 : 1, .dim = {left, left}};
    float *v = bundle_companion(b, name, square ? n * n : n, e), *some, *both;

    if (!v)
        return -1;
    some = cut_columns(v, square ? n : 1, n, c);
    both = square ? cut_rows(some, left, c) : some;
    bundle_set_companion(b, name, &s, both);
    if (square)
        free(both);
    free(some);
    free(v);
    return 0;
}

/* Those of the inputs are cut, where columns go; the others go. */
static int cut_companions(struct bundle *b, const struct cut *cols, struct err *e)
{
    static const char *const names[] = {"norm2", "mean", "absmean", "gram", "gram.held"};

    for (int i = b->parts - 1; i >= 0; i--)
        if (b->part[i].term < 0 && !of_inputs(b->part[i].name))
            bundle_drop_part(b, -1, b->part[i].name);
    for (unsigned i = 0; cols && i < 5; i++)
        if (bundle_part(b, -1, names[i]) && cut_companion(b, names[i], cols, e) < 0)
            return -1;
    return 0;
}

/* The value as f32 with rows and columns cut; NULL: e says why. */
static float *values(const struct bundle *b, const struct cut *rows, const struct cut *cols, struct err *e)
{
    float *all = mem_new(b->rows * b->cols, sizeof *all), *some = all;
    uint64_t n = b->rows;

    if (bundle_rows(b, 0, b->rows, all, e) < 0) {
        free(all);
        return NULL;
    }
    if (rows) {
        some = cut_rows(all, b->cols, rows);
        n = rows->n * rows->width;
        free(all);
        all = some;
    }
    if (cols) {
        some = cut_columns(all, n, b->cols, cols);
        free(all);
    }
    return some;
}

int cut_bundle(struct bundle *b, const struct cut *rows, const struct cut *cols, const float *w, struct err *e)
{
    struct shape s = b->shape;
    float *own = NULL;
    int rc = bundle_make_dense(b, -1, e) < 0 || cut_companions(b, cols, e) < 0 ? -1 : 0;
    enum dtype type = bundle_dense_type(b);

    if (rc == 0 && !w)
        w = own = values(b, rows, cols, e);
    if (rc < 0 || !w)
        return -1;
    if (rows)
        s.dim[0] = rows->n * rows->width;
    if (cols)
        s.dim[s.rank - 1] = cols->n * cols->width;
    bundle_clear_value(b);
    rc = bundle_set_shape(b, &s, e);
    if (rc == 0)
        bundle_set_dense(b, type, w);
    free(own);
    return rc;
}
