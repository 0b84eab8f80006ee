/*
 * cfsp: layers that turn the state more keep more. I_l is layer l's mean angle between the states before and after it,
 * in units of pi;
 *     s_l = sigmoid(a (131072 / 10^4) (I_l - mean I)),   kept_l = K s_l / mean(s)
 * K the share of the weights that stay; where a kept_l exceeds 1, all are drawn towards K until none does. Means count
 * weights. Wang et al. 2024, CFSP, section 3.2, the coarse-grained part. The paper's I is a sum over the tokens of its
 * 128 samples of 1024, divided by 10^4; ours is a mean, so that the result does not depend on how many tokens were
 * seen: with a = 1 it is the paper's. Here the share goes to the weights of a layer, not to the width of its MLP.
 */
#include <math.h>

#include "alloc/alloc.h"
#include "base/real.h"

static double sharpness = 1;

static const struct opt opts[] = {
    {0, "sharpness", "A", OPT_F64, &sharpness, "how much the angle counts", 0, 0, INFINITY}, OPT_END};

static int decide(struct alloc_job *j, struct err *e)
{
    double all = 0, mean = 0, mean_s = 0, keep = 1 - j->target, most = keep, draw;

    for (int i = 0; i < j->n; i++) {
        if (j->t[i].layer < 0)
            return err_set(e, "%s: it is in no layer, and cfsp goes by layers", j->t[i].name);
        if (isnan(j->t[i].angle))
            return err_set(e, "%s: its layer has no key angle; mcalib --parts bi adds it to each layer's first tensor",
                           j->t[i].name);
        all += alloc_weights(&j->t[i]);
        mean += alloc_weights(&j->t[i]) * j->t[i].angle;
    }
    for (int i = 0; i < j->n; i++) {
        j->t[i].score = 1 / (1 + real_exp(-sharpness * 13.1072 * (j->t[i].angle - mean / all)));
        mean_s += alloc_weights(&j->t[i]) * j->t[i].score / all;
    }
    for (int i = 0; i < j->n; i++) {
        j->t[i].score = keep * j->t[i].score / mean_s;
        most = j->t[i].score > most ? j->t[i].score : most;
    }
    draw = most > 1 ? (1 - keep) / (most - keep) : 1;
    for (int i = 0; i < j->n; i++)
        j->t[i].share = 1 - (keep + draw * (j->t[i].score - keep));
    return 0;
}

const struct alloc_method alloc_cfsp = {.name = "cfsp",
                                        .brief = "layers that turn the state more keep more (CFSP)",
                                        .kinds = ALLOC_SPARSITY,
                                        .needs = ALLOC_ANGLE,
                                        .opts = opts,
                                        .decide = decide};
