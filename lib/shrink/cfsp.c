/*
 * cfsp: the fine-grained score of CFSP for MLP channels. With n_j = sqrt(norm2_j) and i over the hidden channels,
 *     S_j = n_j mean_i ( |D_ij| n_j / sum_k |D_ik| n_k  +  |U_ji| / sum_k |U_ki|  +  |G_ji| / sum_k |G_ki| )
 * so a weight counts by its share among all channels' weights of the same hidden channel. A sum of 0 gives shares of 0.
 * Wang et al. 2024, CFSP: An Efficient Structured Pruning Framework for LLMs with Coarse-to-Fine Activation
 * Information, section 3.3, a = b = c = 1. In the released code each share is divided by a sum over i, so that after
 * the mean over i the weights cancel and n_j alone is left; here they count.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "shrink/shrink.h"

/* score[j] += share of |w| n at (hidden i, channel j); by, to: distances from i to i + 1 and from j to j + 1. */
static void add_shares(const struct shrink_job *j, const float *w, uint64_t by, uint64_t to, const double *n)
{
    for (uint64_t i = 0; i < j->hidden; i++) {
        double sum = 0;

        for (uint64_t c = 0; c < j->units; c++)
            sum += fabs((double)w[i * by + c * to]) * (n ? n[c] : 1);
        for (uint64_t c = 0; sum > 0 && c < j->units; c++)
            j->score[c] += fabs((double)w[i * by + c * to]) * (n ? n[c] : 1) / sum;
    }
}

static int apply(struct shrink_job *j, struct err *e)
{
    double *n = mem_new(j->units, sizeof *n);

    (void)e;
    for (uint64_t c = 0; c < j->units; c++) {
        n[c] = sqrt((double)j->norm2[c]);
        j->score[c] = 0;
    }
    add_shares(j, j->w, j->units, 1, n);
    for (int i = 0; i < j->makers; i++)
        add_shares(j, j->maker[i].w, 1, j->hidden, NULL);
    for (uint64_t c = 0; c < j->units; c++)
        j->score[c] *= n[c] / (double)j->hidden;
    free(n);
    return 0;
}

const struct shrink_method shrink_cfsp = {
    .name = "cfsp",
    .brief = "MLP channels whose weights and inputs are small beside the others' (CFSP)",
    .what = SHRINK_CHANNELS,
    .normal = SHRINK_CHANNELS,
    .needs_channels = SHRINK_NORM2 | SHRINK_MAKERS,
    .apply = apply};
