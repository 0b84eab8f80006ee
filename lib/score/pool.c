/* pool: the weights of one module, in order. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/pick.h"
#include "score/known.h"
#include "score/score.h"

int score_module(const char *role)
{
    const char *end = role ? role + strlen(role) : NULL;

    if (!role || (end - role > 5 && strcmp(end - 5, ".bias") == 0))
        return 3;
    if (strcmp(role, "attn.o") == 0)
        return 1;
    return strncmp(role, "attn.", 5) == 0 ? 0 : strncmp(role, "mlp.", 4) == 0 ? 2 : 3;
}

/* Sizes of the module's weights, in the order of the bundles. */
static int gather(float *v, const struct bundle *b, int n, int module, struct err *e)
{
    for (int i = 0; i < n; i++) {
        uint64_t count = b[i].rows * b[i].cols;

        if (score_module(b[i].role) != module)
            continue;
        if (bundle_rows(&b[i], 0, b[i].rows, v, e) < 0 || score_check("weight", v, 0, b[i].rows, b[i].cols, e) < 0)
            return err_in(e, "%s", b[i].name);
        for (uint64_t k = 0; k < count; k++)
            v[k] = fabsf(v[k]);
        v += count;
    }
    return 0;
}

int score_pool_make(struct score_pool *p, const struct bundle *b, int n, int module, struct err *e)
{
    uint32_t *order;
    float *v;
    double sum = 0;

    memset(p, 0, sizeof *p);
    for (int i = 0; i < n; i++)
        p->n += score_module(b[i].role) == module ? b[i].rows * b[i].cols : 0;
    if (p->n > UINT32_MAX)
        return err_set(e, "%s: dimap orders its whole module: %llu weights are more than %u", b[0].name,
                       (unsigned long long)p->n, UINT32_MAX);
    v = mem_new(p->n + 1, sizeof *v);
    if (gather(v, b, n, module, e) < 0) {
        free(v);
        return -1;
    }
    order = mem_new(p->n + 1, sizeof *order);
    pick_sort(v, p->n, order);
    p->size = mem_new(p->n + 1, sizeof *p->size);
    p->rest = mem_new(p->n + 1, sizeof *p->rest);
    for (uint64_t i = p->n; i-- > 0;) {
        p->size[i] = v[order[i]];
        p->rest[i] = sum += (double)p->size[i] * (double)p->size[i];
    }
    free(order);
    free(v);
    return 0;
}

void score_pool_free(struct score_pool *p)
{
    free(p->size);
    free(p->rest);
    memset(p, 0, sizeof *p);
}
