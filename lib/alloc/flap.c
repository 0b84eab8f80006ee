/*
 * flap: one threshold for the fluctuation of all channels. A channel j of attn.o or mlp.down has S_j = Var(x_j)
 * |W_:j|^2, standardised within its matrix: z_j = (S_j - mean S) / std S. The channels of least z go, from the whole
 * model, each with its share of the weights of its layer's attention or MLP, until the target is met; the share of a
 * matrix's channels that went is the sparsity of all chosen tensors of that attention or MLP. An et al. 2023,
 * Fluctuation-based adaptive structured pruning (FLAP), equations 4 to 7 (WIFV, AL-AM). There whole heads and channels
 * go; here nothing whole goes, so attention is not averaged over heads, and the last channel may go in part. Var is
 * norm2 - mean^2 over all tokens. The released code squares attention's scores first; here they are as the paper has
 * them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc/alloc.h"

static int see(struct alloc_job *j, struct alloc_tensor *t, const struct alloc_view *v, struct err *e)
{
    double mean = 0, square = 0, std;

    (void)j, (void)e;
    if (strcmp(t->role, "attn.o") != 0 && strcmp(t->role, "mlp.down") != 0)
        return 0;
    t->values = t->cols;
    t->value = mem_new(t->cols, sizeof *t->value);
    for (uint64_t r = 0; r < t->rows; r++)
        for (uint64_t c = 0; c < t->cols; c++)
            t->value[c] += (double)v->w[r * t->cols + c] * (double)v->w[r * t->cols + c];
    for (uint64_t c = 0; c < t->cols; c++) {
        double var = (double)v->norm2[c] - (double)v->mean[c] * (double)v->mean[c];

        t->value[c] *= var > 0 ? var : 0; /* below 0 only by rounding */
        mean += t->value[c] / (double)t->cols;
    }
    for (uint64_t c = 0; c < t->cols; c++)
        square += (t->value[c] - mean) * (t->value[c] - mean);
    std = sqrt(square / (double)t->cols);
    for (uint64_t c = 0; c < t->cols; c++)
        t->value[c] = std > 0 ? (t->value[c] - mean) / std : 0;
    return 0;
}

/* "attn.q" to "attn" and its layer: do they agree? */
static int together(const struct alloc_tensor *a, const struct alloc_tensor *b)
{
    size_t n = strcspn(a->role, ".");

    return a->layer == b->layer && strncmp(a->role, b->role, n) == 0 && b->role[n] == '.';
}

/* The matrix that t goes by. */
static int find_group(const struct alloc_job *j, struct alloc_tensor *t, struct err *e)
{
    if (t->layer < 0 || (strncmp(t->role, "attn.", 5) != 0 && strncmp(t->role, "mlp.", 4) != 0))
        return err_set(e, "%s: it is no linear of a layer's attention or MLP, which flap goes by", t->name);
    for (int i = 0; i < j->n; i++)
        if (j->t[i].value && together(t, &j->t[i])) {
            t->group = i;
            return 0;
        }
    return err_set(e, "%s: flap goes by the %s of its layer, which is not chosen", t->name,
                   t->role[0] == 'a' ? "attn.o" : "mlp.down");
}

struct channel {
    double z;
    uint64_t at;
    int group;
};

static int by_z(const void *a, const void *b)
{
    const struct channel *x = a, *y = b;

    if (x->z != y->z)
        return x->z < y->z ? -1 : 1;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* All channels, the least first. */
static struct channel *channels(const struct alloc_job *j, uint64_t *n)
{
    struct channel *c;

    *n = 0;
    for (int i = 0; i < j->n; i++)
        *n += j->t[i].values;
    c = mem_new(*n, sizeof *c);
    *n = 0;
    for (int i = 0; i < j->n; i++)
        for (uint64_t k = 0; k < j->t[i].values; k++)
            c[(*n)++] = (struct channel){j->t[i].value[k], k, i};
    qsort(c, *n, sizeof *c, by_z);
    return c;
}

static int decide(struct alloc_job *j, struct err *e)
{
    double left = 0;
    struct channel *c;
    uint64_t n;

    for (int i = 0; i < j->n; i++) {
        if (find_group(j, &j->t[i], e) < 0)
            return -1;
        left += j->target * alloc_weights(&j->t[i]);
    }
    for (int i = 0; i < j->n; i++) /* score of a group: the weights of a channel */
        j->t[j->t[i].group].score += alloc_weights(&j->t[i]) / (double)j->t[j->t[i].group].values;
    c = channels(j, &n);
    for (uint64_t k = 0; k < n && left > 0; k++) {
        struct alloc_tensor *g = &j->t[c[k].group];
        double part = left < g->score ? left / g->score : 1;

        g->share += part / (double)g->values;
        left -= part * g->score;
    }
    free(c);
    for (int i = 0; i < j->n; i++)
        j->t[i].share = j->t[j->t[i].group].share > 1 ? 1 : j->t[j->t[i].group].share;
    return 0;
}

const struct alloc_method alloc_flap = {.name = "flap",
                                        .brief = "one threshold for the fluctuation of all channels (FLAP)",
                                        .kinds = ALLOC_SPARSITY,
                                        .needs = ALLOC_WEIGHTS | ALLOC_NORM2 | ALLOC_MEAN,
                                        .see = see,
                                        .decide = decide};
