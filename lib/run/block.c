#include "run/block.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int block_slot(const struct block_kind *k, const char *role, int *bias)
{
    for (int i = 0; role && k->slots[i].role; i++) {
        int is_bias = strcmp(k->slots[i].bias_role, role) == 0;

        if (!is_bias && strcmp(k->slots[i].role, role) != 0)
            continue;
        if (bias)
            *bias = is_bias;
        return i;
    }
    return -1;
}

int64_t block_tap_cols(const struct block *b, enum tap at)
{
    for (int i = 0; b->kind->slots[i].role; i++)
        if (b->kind->slots[i].tap == at)
            return b->slot[i].cols;
    return 0;
}

/* All rows of a loaded bundle as f32, checked for NaN. NULL with e set. */
static float *rows_of(const struct bundle *b, struct err *e)
{
    float *w = mem_new(b->rows * b->cols, sizeof *w);

    if (bundle_rows(b, 0, b->rows, w, e) < 0) {
        err_in(e, "%s", b->name);
        free(w);
        return NULL;
    }
    for (uint64_t i = 0; i < b->rows * b->cols; i++)
        if (isnan(w[i])) {
            err_set(e, "%s: the value at row %llu, column %llu is not a number", b->name,
                    (unsigned long long)(i / b->cols), (unsigned long long)(i % b->cols));
            free(w);
            return NULL;
        }
    return w;
}

static int take(struct block *b, const struct bundle *u, struct err *e)
{
    int bias, s = block_slot(b->kind, u->role, &bias);
    struct weight *w = s < 0 ? NULL : &b->slot[s];
    float **to;

    if (!w)
        return 0;
    to = bias ? &w->bias : &w->w;
    if (*to)
        return err_set(e, "%s: layer %lld has two tensors of role %s", u->name, (long long)b->layer, u->role);
    if (!(*to = rows_of(u, e)))
        return -1;
    if (bias) {
        w->bias_n = (int64_t)(u->rows * u->cols);
    } else {
        w->rows = (int64_t)u->rows;
        w->cols = (int64_t)u->cols;
    }
    return 0;
}

/* The size a letter stands for in this block: the first slot that has it decides. */
static int64_t letter(const struct block *b, char c, const char **whose)
{
    *whose = "the model's hidden size";
    if (c == 'h')
        return b->p->hidden;
    *whose = "a vector";
    if (c == '1')
        return 1;
    for (int i = 0;; i++) {
        const struct slot *s = &b->kind->slots[i];

        *whose = s->role;
        if (s->rows == c)
            return b->slot[i].rows;
        if (s->cols == c)
            return b->slot[i].cols;
    }
}

static int slot_fits(const struct block *b, int i, struct err *e)
{
    const struct slot *s = &b->kind->slots[i];
    const struct weight *w = &b->slot[i];
    const char *rows_by, *cols_by;
    int64_t rows = letter(b, s->rows, &rows_by), cols = letter(b, s->cols, &cols_by);

    if (!w->w)
        return err_set(e, "layer %lld has no tensor of role %s", (long long)b->layer, s->role);
    if (w->rows != rows)
        return err_set(e, "layer %lld: %s has %lld rows, but %s says %lld", (long long)b->layer, s->role,
                       (long long)w->rows, rows_by, (long long)rows);
    if (w->cols != cols)
        return err_set(e, "layer %lld: %s has %lld columns, but %s says %lld", (long long)b->layer, s->role,
                       (long long)w->cols, cols_by, (long long)cols);
    rows = s->rows == '1' ? cols : rows;
    if (w->bias && w->bias_n != rows)
        return err_set(e, "layer %lld: %s.bias has %lld values, %lld are needed", (long long)b->layer, s->role,
                       (long long)w->bias_n, (long long)rows);
    return 0;
}

int block_make(struct block *b, const struct arch_params *p, struct bundle *bundle, int n, struct err *e)
{
    *b = (struct block){.p = p, .kind = arch_find(p->arch)->block, .layer = n ? bundle[0].layer : -1};
    for (int i = 0; i < n; i++)
        if (take(b, &bundle[i], e) < 0)
            goto bad;
    for (int i = 0; b->kind->slots[i].role; i++)
        if (slot_fits(b, i, e) < 0)
            goto bad;
    if (b->kind->check(b, e) < 0)
        goto bad;
    return 0;
bad:
    block_free(b);
    return -1;
}

void block_free(struct block *b)
{
    for (int i = 0; i < SLOTS_MAX; i++) {
        free(b->slot[i].w);
        free(b->slot[i].bias);
    }
    memset(b, 0, sizeof *b);
}
