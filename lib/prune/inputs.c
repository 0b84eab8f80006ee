#include "prune/inputs.h"

#include <stdlib.h>
#include <string.h>

static int get_gram(struct prune_inputs *in, const struct bundle *b, struct err *e)
{
    const struct part *p = bundle_part(b, -1, "gram");

    if (p && p->dtype == DT_F32 && p->data && shape_count(&p->shape) == b->cols * b->cols)
        in->gram = (const float *)(const void *)p->data;
    else
        in->gram = in->own = bundle_companion(b, "gram", b->cols * b->cols, e);
    return in->gram ? 0 : -1;
}

int prune_inputs_get(struct prune_inputs *in, const struct bundle *b, unsigned needs, struct err *e)
{
    memset(in, 0, sizeof *in);
    if (needs & PRUNE_NORM2 && !(in->norm2 = bundle_companion(b, "norm2", b->cols, e)))
        return -1;
    if (needs & PRUNE_MEAN && !(in->mean = bundle_companion(b, "mean", b->cols, e)))
        return -1;
    return needs & PRUNE_GRAM || bundle_part(b, -1, "gram") ? get_gram(in, b, e) : 0;
}

void prune_inputs_free(struct prune_inputs *in)
{
    free(in->norm2);
    free(in->mean);
    free(in->own);
    memset(in, 0, sizeof *in);
}
