#include "merge/coupled.h"

#include <stdlib.h>
#include <string.h>

enum unit { HIDDEN, MLP, KV, QUERY, VALUE }; /* kinds of groups */

/* The table: which axis of a role bears which group, how many units of one kind it holds for each unit of the group. */
static const struct row {
    const char *role;
    int axis;
    enum unit unit;
} table[] = {
    {"embed", 1, HIDDEN}, {"pos", 1, HIDDEN}, {"head", 1, HIDDEN},
    {"norm.attn", 1, HIDDEN}, {"norm.mlp", 1, HIDDEN}, {"norm.final", 1, HIDDEN},
    {"norm.attn.bias", 1, HIDDEN}, {"norm.mlp.bias", 1, HIDDEN}, {"norm.final.bias", 1, HIDDEN},
    {"attn.q", 1, HIDDEN}, {"attn.k", 1, HIDDEN}, {"attn.v", 1, HIDDEN}, {"attn.o", 0, HIDDEN}, {"attn.o.bias", 1, HIDDEN},
    {"mlp.gate", 1, HIDDEN}, {"mlp.up", 1, HIDDEN}, {"mlp.down", 0, HIDDEN}, {"mlp.down.bias", 1, HIDDEN},
    {"mlp.gate", 0, MLP}, {"mlp.up", 0, MLP}, {"mlp.down", 1, MLP}, {"mlp.gate.bias", 1, MLP}, {"mlp.up.bias", 1, MLP},
    {"attn.k", 0, KV}, {"attn.v", 0, KV}, {"attn.k.bias", 1, KV}, {"attn.v.bias", 1, KV}, {"attn.q", 0, KV}, {"attn.q.bias", 1, KV}, {"attn.o", 1, KV},
    {"attn.q", 0, QUERY}, {"attn.q.bias", 1, QUERY}, {"attn.o", 1, QUERY},
    {"attn.v", 0, VALUE}, {"attn.v.bias", 1, VALUE}, {"attn.o", 1, VALUE},
};

static void add(struct coupled *g, size_t tensor, int axis, uint64_t first, uint64_t width)
{
    g->axis = mem_resize(g->axis, (size_t)g->axes + 1, sizeof *g->axis);
    g->axis[g->axes++] = (struct coupled_axis){tensor, axis, first, width};
}

/* One row of the table for one tensor, into the group of that kind and head of keys. */
static void add_row(struct coupled *g, const struct row *r, size_t tensor, uint64_t head, const struct arch_params *p)
{
    uint64_t d = (uint64_t)p->head_dim, share = (uint64_t)(p->heads / p->kv_heads);
    int query = r->role[5] == 'q' || r->role[5] == 'o'; /* attn.q, attn.o: as many heads as queries have */

    switch (r->unit) {
    case HIDDEN:
    case MLP: add(g, tensor, r->axis, 0, 1); break;
    case KV: add(g, tensor, r->axis, 0, query ? d * share : d); break;
    case QUERY: add(g, tensor, r->axis, head * share * d, d); break;
    case VALUE:
        if (!query)
            add(g, tensor, r->axis, head * d, 1);
        for (uint64_t q = 0; query && q < share; q++)
            add(g, tensor, r->axis, (head * share + q) * d, 1);
    }
}

static uint64_t size_of(enum unit u, const struct arch_params *p)
{
    const int64_t n[] = {p->hidden, p->intermediate, p->kv_heads, p->heads / p->kv_heads, p->head_dim};

    return (uint64_t)n[u];
}

/* What an axis of that role and kind must measure. */
static uint64_t want_of(const struct row *r, const struct arch_params *p)
{
    int query = strncmp(r->role, "attn.", 5) == 0 && (r->role[5] == 'q' || r->role[5] == 'o');

    return (uint64_t)(r->unit == HIDDEN ? p->hidden : r->unit == MLP ? p->intermediate : p->head_dim * (query ? p->heads : p->kv_heads));
}

static int fill(struct coupled *g, enum unit u, int64_t layer, uint64_t head, const struct bundle *b, size_t count,
                const struct arch_params *p, struct err *e)
{
    g->n = size_of(u, p);
    for (size_t t = 0; t < count; t++)
        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
            const struct row *r = &table[i];
            uint64_t have = r->axis ? b[t].cols : b[t].rows;

            if (r->unit != u || !b[t].role || strcmp(b[t].role, r->role) != 0 || (u != HIDDEN && b[t].layer != layer))
                continue;
            if (have != want_of(r, p))
                return err_set(e, "%s: its %s are %llu, the model's keys say %llu", b[t].name, r->axis ? "columns" : "rows",
                               (unsigned long long)have, (unsigned long long)want_of(r, p));
            add_row(g, r, t, head, p);
        }
    return 0;
}

int coupled_groups(const struct bundle *b, size_t count, const struct arch_params *p, struct coupled **group, struct err *e)
{
    int kv = (int)p->kv_heads, each = 2 + 2 * kv, n = 1 + (int)p->layers * each;
    struct coupled *g = mem_new((size_t)n, sizeof *g);
    int rc = fill(&g[0], HIDDEN, -1, 0, b, count, p, e);

    for (int l = 0; l < (int)p->layers && rc == 0; l++) {
        struct coupled *at = g + 1 + l * each;

        rc = fill(at, MLP, l, 0, b, count, p, e) < 0 || fill(at + 1, KV, l, 0, b, count, p, e) < 0 ? -1 : 0;
        for (int h = 0; h < kv && rc == 0; h++)
            rc = fill(at + 2 + 2 * h, QUERY, l, (uint64_t)h, b, count, p, e) < 0 ||
                         fill(at + 3 + 2 * h, VALUE, l, (uint64_t)h, b, count, p, e) < 0 ? -1 : 0;
    }
    *group = g;
    if (rc == 0)
        return n;
    coupled_free(g, n);
    *group = NULL;
    return -1;
}

void coupled_free(struct coupled *group, int n)
{
    for (int i = 0; group && i < n; i++)
        free(group[i].axis);
    free(group);
}
