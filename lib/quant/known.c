#include "quant/known.h"

#include <math.h>
#include <stdlib.h>

#include "tensor/unseen.h"

/* As llama-quantize has it for experts that no token went to. */
static float *all_alike(uint64_t cols)
{
    float *v = mem_new(cols, sizeof *v);

    for (uint64_t c = 0; c < cols; c++)
        v[c] = 1;
    return v;
}

/* norm2 where it is there, else *v NULL. All zeros say nothing and count as none. Of an expert that no token went to
 * all inputs are alike. */
static int get_importance(const struct bundle *b, float **v, struct err *e)
{
    float sum = 0;

    *v = bundle_unseen(b) ? all_alike(b->cols) : NULL;
    if (*v || !bundle_part(b, -1, "norm2"))
        return 0;
    *v = bundle_companion(b, "norm2", b->cols, e);
    if (!*v)
        return -1;
    for (uint64_t c = 0; c < b->cols; c++) {
        if (!((*v)[c] >= 0 && isfinite((*v)[c])))
            return err_set(e, "companion norm2 [%llu] is %g; a mean of squares is finite and not negative",
                           (unsigned long long)c, (double)(*v)[c]);
        sum += (*v)[c];
    }
    if (sum == 0) {
        free(*v);
        *v = NULL;
    }
    return 0;
}

static int make_sweep(struct quant_known *k, const struct quant_plan *p, uint64_t cols, struct err *e)
{
    struct levels_kind kind = p->kind == QUANT_AFFINE ? units_affine(&p->affine, cols) : *p->block->levels;
    struct quant_gram_args args = p->gram;

    args.unit = kind.unit;
    args.sub = kind.sub;
    return quant_gram_make(&k->by, &args, k->gram, cols, e);
}

int quant_known_get(struct quant_known *k, const struct quant_plan *p, const struct bundle *b, int importance,
                    int measured, int writes, struct err *e)
{
    int by = p->kind != QUANT_DENSE && p->method && p->method->needs & QUANT_SWEEP, clips = p->clip == QUANT_CLIP_YES,
        gram = bundle_part(b, -1, "gram") != NULL;

    if (importance && (p->kind == QUANT_BLOCKS || !writes || (clips && !gram)) && get_importance(b, &k->v, e) < 0)
        return -1;
    if (!k->v && p->kind == QUANT_BLOCKS && p->block->without)
        k->v = all_alike(b->cols); /* norm2 is all zeros: what reads it gave nothing (quant_plan_allows) */
    if (by || ((clips || measured) && gram)) {
        k->gram = bundle_companion_view(b, "gram", b->cols * b->cols, &k->own, e);
        if (!k->gram)
            return -1;
        k->held = k->gram;
    }
    if (measured && bundle_part(b, -1, "gram.held") &&
        !(k->held = bundle_companion_view(b, "gram.held", b->cols * b->cols, &k->own_held, e)))
        return -1;
    return by ? make_sweep(k, p, b->cols, e) : 0;
}

void quant_known_free(struct quant_known *k)
{
    free(k->v);
    free(k->own);
    free(k->own_held);
    quant_gram_free(&k->by);
}
