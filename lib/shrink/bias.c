#include "shrink/bias.h"

#include <stdlib.h>
#include <string.h>

/* The number that a weight's bias asks for, when config.json has a key for it. */
static const char *asks(const struct walk *w, const struct arch_weight *weight)
{
    const char *name = weight->bias && weight->bias_if ? expr_name(weight->bias_if) : NULL;
    const struct arch_number *n = name ? arch_number(w->arch, name) : NULL;

    return n && n->paths ? n->name : NULL;
}

const char *bias_number(const struct walk *w, const struct axes_group *g)
{
    const char *number = asks(w, g->closing), *other;

    for (int i = 0; number && i < w->steps; i++) {
        const struct arch_weight *weight = w->step[i].weight;
        int in_group = weight == g->closing;

        for (int k = 0; k < g->makers; k++)
            in_group |= weight == g->maker[k];
        if (weight && !in_group && (other = asks(w, weight)) && strcmp(other, number) == 0)
            return NULL;
    }
    return number;
}

float *bias_lost(uint64_t rows, uint64_t cols, const float *w, const float *mean, const struct cut *cut,
                 const float *out)
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

int held_find(const struct held *h, const char *role, int64_t expert)
{
    for (int i = 0; i < h->n; i++)
        if (h->b[i].role && strcmp(h->b[i].role, role) == 0 && h->b[i].expert == expert)
            return i;
    return -1;
}

/* "a.weight" to "a.bias", "a.weight:mlp.up" to "a.bias:mlp.up.bias". NULL: it says no '.weight'. */
static char *bias_name(const struct bundle *w)
{
    size_t stored = strcspn(w->name, ":"), end = strlen(".weight"), role = strlen(w->role);
    const char *behind = w->name + stored;

    if (stored <= end || strncmp(w->name + stored - end, ".weight", end) != 0)
        return NULL;
    if (!*behind)
        return mem_printf("%.*s.bias", (int)(stored - end), w->name);
    return mem_printf("%.*s.bias:%s.bias%s", (int)(stored - end), w->name, w->role,
                      strlen(behind) > role ? behind + 1 + role : "");
}

/* A bias of zeros behind the weight at a place. */
static int make(struct held *h, int at, struct err *e)
{
    const struct bundle *w = &h->b[at];
    struct shape s = {1, {w->rows}};
    struct bundle b;
    char *name = bias_name(w);

    if (!name)
        return err_set(e, "%s: a name that does not end in '.weight' has none for its bias", w->name);
    bundle_init_dense(&b, name, &s, bundle_dense_type(w), NULL);
    free(name);
    b.role = mem_printf("%s.bias", w->role);
    b.layer = w->layer;
    b.expert = w->expert;
    b.touched = 1;
    if (attrs_find(&w->more, "dtype"))
        attrs_set_str(&b.more, "dtype", attrs_str(&w->more, "dtype", ""));
    h->b = mem_resize(h->b, (size_t)h->n + 1, sizeof *h->b);
    memmove(h->b + at + 2, h->b + at + 1, (size_t)(h->n - at - 1) * sizeof *h->b);
    h->b[at + 1] = b;
    h->n++;
    return 0;
}

static int make_all(struct held *h, const struct axes_group *g, int64_t expert, struct err *e)
{
    for (int i = -1; i < g->makers; i++) {
        const struct arch_weight *w = i < 0 ? g->closing : g->maker[i];
        int at = held_find(h, w->role, expert);

        if (at >= 0 && held_find(h, w->bias_role, expert) < 0 && make(h, at, e) < 0)
            return -1;
    }
    return 0;
}

int bias_add(struct held *h, const struct axes_group *g, int64_t expert, const float *add, struct err *e)
{
    const struct bundle *w;
    struct bundle *b;
    float *v;
    int rc;

    if (held_find(h, g->closing->bias_role, expert) < 0 && make_all(h, g, expert, e) < 0)
        return -1;
    b = &h->b[held_find(h, g->closing->bias_role, expert)];
    w = &h->b[held_find(h, g->closing->role, expert)];
    if (b->rows * b->cols != w->rows)
        return err_set(e, "%s: it has %llu values, %s has %llu rows", b->name, (unsigned long long)(b->rows * b->cols),
                       w->name, (unsigned long long)w->rows);
    v = mem_new(b->rows * b->cols, sizeof *v);
    rc = bundle_rows(b, 0, b->rows, v, e) < 0 ? err_in(e, "%s", b->name) : 0;
    for (uint64_t i = 0; rc == 0 && i < b->rows * b->cols; i++)
        v[i] += add[i];
    if (rc == 0)
        bundle_set_dense(b, bundle_dense_type(b), v);
    free(v);
    return rc;
}
