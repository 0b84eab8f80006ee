#include "shrink/bias.h"

#include <stdlib.h>
#include <string.h>

const char *bias_key(const struct arch *a, const char *role)
{
    const char *key = strncmp(role, "attn.", 5) == 0 ? "attention_bias" : "mlp_bias";

    for (const struct arch_key *k = a->keys; k->ours; k++)
        if (strcmp(k->ours, key) == 0)
            return key;
    return NULL;
}

float *bias_lost(uint64_t rows, uint64_t cols, const float *w, const float *mean, const struct cut *cut, const float *out)
{
    uint64_t left = cut->n * cut->width;
    float *b = mem_new(rows, sizeof *b);

    for (uint64_t r = 0; r < rows; r++) {
        double sum = 0;

        for (uint64_t c = 0; c < cols; c++)
            sum += (double)w[r * cols + c] * (double)mean[c];
        for (uint64_t i = 0; i < left; i++)
            sum -= (double)out[r * left + i] * (double)mean[cut->unit[i / cut->width] * cut->width + i % cut->width];
        b[r] = (float)sum;
    }
    return b;
}

void bias_centre(uint64_t n, float *gram, const float *mean)
{
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t k = 0; k < n; k++)
            gram[i * n + k] = (float)((double)gram[i * n + k] - (double)mean[i] * (double)mean[k]);
}

static int find(const struct feed *f, const char *role, const char *suffix)
{
    size_t n = strlen(role);

    for (int i = 0; i < f->n; i++)
        if (f->b[i].role && strncmp(f->b[i].role, role, n) == 0 && strcmp(f->b[i].role + n, suffix) == 0)
            return i;
    return -1;
}

/* A bias of zeros behind the weight at a place of the layer. */
static int make(struct feed *f, int at, struct err *e)
{
    const struct bundle *w = &f->b[at];
    size_t n = strlen(w->name), end = strlen(".weight");
    struct shape s = {1, {w->rows}};
    struct bundle b;
    char *name;

    if (n <= end || strcmp(w->name + n - end, ".weight") != 0)
        return err_set(e, "%s: a name that does not end in '.weight' has none for its bias", w->name);
    name = mem_printf("%.*s.bias", (int)(n - end), w->name);
    bundle_init_dense(&b, name, &s, bundle_dense_type(w), NULL);
    free(name);
    b.role = mem_printf("%s.bias", w->role);
    b.layer = w->layer;
    b.touched = 1;
    if (attrs_find(&w->more, "dtype"))
        attrs_set_str(&b.more, "dtype", attrs_str(&w->more, "dtype", ""));
    f->b = mem_resize(f->b, (size_t)f->n + 1, sizeof *f->b);
    memmove(f->b + at + 2, f->b + at + 1, (size_t)(f->n - at - 1) * sizeof *f->b);
    f->b[at + 1] = b;
    f->n++;
    return 0;
}

/* Biases of zeros for the linears of this half of the layer that have none. */
static int make_all(struct feed *f, const char *role, struct err *e)
{
    size_t half = strcspn(role, ".") + 1;

    for (int i = 0; i < f->n; i++)
        if (f->b[i].role && strncmp(f->b[i].role, role, half) == 0 && !strchr(f->b[i].role + half, '.') && find(f, f->b[i].role, ".bias") < 0 &&
            make(f, i, e) < 0)
            return -1;
    return 0;
}

int bias_add(struct feed *f, const struct arch *a, const char *role, const float *add, struct err *e)
{
    int at = find(f, role, ".bias"), w = find(f, role, "");
    struct bundle *b;
    float *v;
    int rc;

    if (at < 0 && !bias_key(a, role))
        return err_set(e, "%s: architecture '%s' has no place for a bias of %s", f->b[w].name, a->name, role);
    if (at < 0 && make_all(f, role, e) < 0)
        return -1;
    b = &f->b[find(f, role, ".bias")];
    w = find(f, role, "");
    if (b->rows * b->cols != f->b[w].rows)
        return err_set(e, "%s: it has %llu values, %s has %llu rows", b->name, (unsigned long long)(b->rows * b->cols), f->b[w].name,
                       (unsigned long long)f->b[w].rows);
    v = mem_new(b->rows * b->cols, sizeof *v);
    rc = bundle_rows(b, 0, b->rows, v, e) < 0 ? err_in(e, "%s", b->name) : 0;
    for (uint64_t i = 0; rc == 0 && i < b->rows * b->cols; i++)
        v[i] += add[i];
    if (rc == 0)
        bundle_set_dense(b, bundle_dense_type(b), v);
    free(v);
    return rc;
}
