#include "prune/inputs.h"

#include <stdlib.h>
#include <string.h>

int prune_inputs_get(struct prune_inputs *in, const struct bundle *b, unsigned needs, struct err *e)
{
    int want_gram = needs & PRUNE_GRAM || bundle_part(b, -1, "gram");

    memset(in, 0, sizeof *in);
    if (needs & PRUNE_NORM2 && !(in->norm2 = bundle_companion(b, "norm2", b->cols, e)))
        return -1;
    if (needs & PRUNE_MEAN && !(in->mean = bundle_companion(b, "mean", b->cols, e)))
        return -1;
    if (needs & PRUNE_COMPANION && !(in->score = bundle_companion(b, "score", b->rows * b->cols, e)))
        return -1;
    if (want_gram)
        in->gram = bundle_companion_view(b, "gram", b->cols * b->cols, &in->own, e);
    return want_gram && !in->gram ? -1 : 0;
}

void prune_inputs_free(struct prune_inputs *in)
{
    free(in->norm2);
    free(in->mean);
    free(in->score);
    free(in->own);
    prune_refit_free(&in->fit);
    memset(in, 0, sizeof *in);
}
