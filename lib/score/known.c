#include "score/known.h"

#include <stdlib.h>
#include <string.h>

#include "la/obs.h"

/* inverse and pivot: [H^-1]_jj is the sum of the squares of U's column j. */
static int factor(struct score_known *k, const struct bundle *b, struct err *e)
{
    uint64_t n = b->cols;
    float *own, *U;
    const float *gram = bundle_companion_view(b, "gram", n * n, &own, e);
    uint8_t *dead = mem_new(n, 1);

    U = gram ? obs_factor(n, gram, NULL, SCORE_DAMP, dead, NULL, e) : NULL;
    k->inverse = mem_new(n, sizeof *k->inverse);
    k->pivot = mem_new(n, sizeof *k->pivot);
    for (uint64_t c = 0; U && c < n; c++) {
        double sum = 0;

        for (uint64_t i = 0; i <= c; i++)
            sum += (double)U[i * n + c] * (double)U[i * n + c];
        k->inverse[c] = dead[c] ? 0 : (float)sum;
        k->pivot[c] = dead[c] ? 0 : U[c * n + c];
    }
    free(own);
    free(dead);
    free(U);
    return U ? 0 : -1;
}

/* How large a unit's activations are told: heads by norm2, all else by absmean. */
static int units(struct score_known *k, const struct bundle *b, const struct attrs *model, struct err *e)
{
    int64_t d = attrs_int(model, "head_dim", 0);

    k->width = 1;
    if (!b->role || strcmp(b->role, "attn.o") != 0)
        return (k->absmean = bundle_companion(b, "absmean", b->cols, e)) ? 0 : -1;
    if (d < 1 || b->cols % (uint64_t)d)
        return err_set(e, "%llu input channels are no heads of %lld, the head_dim of the stream's head",
                       (unsigned long long)b->cols, (long long)d);
    k->width = (uint64_t)d;
    return (k->norm2 = bundle_companion(b, "norm2", b->cols, e)) ? 0 : -1;
}

static int influence(struct score_known *k, const struct bundle *b, const char *key, struct err *e)
{
    if (!attrs_find(&b->more, key))
        return err_set(e, "has no key %s: mcalib --parts bi adds it to each linear", key);
    k->bi = attrs_f64(&b->more, key, 0);
    return k->bi >= 0 ? 0 : err_set(e, "its key %s is %g; at least 0 is needed", key, k->bi);
}

int score_known_get(struct score_known *k, unsigned needs, const struct bundle *b, const struct attrs *model,
                    const struct score_pool *pool, struct err *e)
{
    *k = (struct score_known){.width = 1, .pool = pool};
    if (needs & SCORE_POOL && !pool)
        return err_set(e, "its module's other weights are not at hand: wscore -m dimap sees them, wprune -m score goes "
                          "by what it says");
    if ((needs & SCORE_NORM2 && !(k->norm2 = bundle_companion(b, "norm2", b->cols, e))) ||
        (needs & SCORE_INVERSE && factor(k, b, e) < 0) || (needs & SCORE_UNITS && units(k, b, model, e) < 0) ||
        (needs & SCORE_BI && influence(k, b, "bi", e) < 0) ||
        (needs & SCORE_BI_SUB && influence(k, b, "bi_sub", e) < 0)) {
        score_known_free(k);
        return -1;
    }
    return 0;
}

void score_known_free(struct score_known *k)
{
    free(k->norm2);
    free(k->absmean);
    free(k->inverse);
    free(k->pivot);
    memset(k, 0, sizeof *k);
}
