#include "prune/inputs.h"

#include <stdlib.h>
#include <string.h>

/* The companion score of each weight: it may be one number for a channel, or for the tensor. */
static float *score_of(const struct bundle *b, struct err *e)
{
    const struct part *p = bundle_part(b, -1, "score");
    uint64_t all = b->rows * b->cols, n = p ? shape_count(&p->shape) : all;
    float *v = bundle_companion(b, "score", n == b->cols || n == 1 ? n : all, e);

    if (!v || n == all)
        return v;
    v = mem_resize(v, all, sizeof *v);
    for (uint64_t i = n; i < all; i++)
        v[i] = v[i - n];
    return v;
}

int prune_inputs_get(struct prune_inputs *in, const struct bundle *b, unsigned needs, struct err *e)
{
    int want_gram = needs & PRUNE_GRAM || bundle_part(b, -1, "gram");

    memset(in, 0, sizeof *in);
    if (needs & PRUNE_NORM2 && !(in->norm2 = bundle_companion(b, "norm2", b->cols, e)))
        return -1;
    if (needs & PRUNE_MEAN && !(in->mean = bundle_companion(b, "mean", b->cols, e)))
        return -1;
    if (needs & PRUNE_COMPANION && !(in->score = score_of(b, e)))
        return -1;
    if (want_gram)
        in->gram = bundle_companion_view(b, "gram", b->cols * b->cols, &in->own, e);
    if (want_gram && !in->gram)
        return -1;
    in->held = in->gram;
    return !bundle_part(b, -1, "gram.held") ||
                   (in->held = bundle_companion_view(b, "gram.held", b->cols * b->cols, &in->own_held, e))
               ? 0
               : -1;
}

void prune_inputs_free(struct prune_inputs *in)
{
    free(in->norm2);
    free(in->mean);
    free(in->score);
    free(in->own);
    free(in->own_held);
    prune_factor_free(&in->factor);
    prune_refit_free(&in->fit);
    memset(in, 0, sizeof *in);
}
