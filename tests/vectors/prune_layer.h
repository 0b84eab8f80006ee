/* prune_layer: methods of wprune on the synthetic layer against the losses listed for it, which were computed in f64
 * outside. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "prune/prune.h"
#include "prune/refit.h"
#include "score/score.h"
#include "tests/unit/check.h"
#include "tests/vectors/layer.h"

static struct layer layer;
static float layer_gram[LAYER * LAYER], layer_norm2[LAYER], layer_mean[LAYER], layer_q[LAYER * LAYER],
    layer_score[LAYER * LAYER];
static uint8_t layer_mask[LAYER * LAYER];

static void prune_layer_make(double rho, double sigma)
{
    layer_make(&layer, rho, sigma);
    for (int i = 0; i < LAYER; i++) {
        for (int j = 0; j < LAYER; j++)
            layer_gram[i * LAYER + j] = (float)(layer.s[i] * layer.s[j] * pow(rho, abs(i - j)));
        layer_norm2[i] = layer_gram[i * LAYER + i];
    }
}

/* The layer pruned by a method, into layer_q and layer_mask. With a score, the method goes by it. */
static void prune_layer(const struct prune_method *m, const struct score_method *score, const char *sparsity)
{
    struct pattern p;
    struct prune_job j = {.pattern = &p,
                          .init = &prune_score,
                          .rows = LAYER,
                          .cols = LAYER,
                          .w = layer_q,
                          .score = layer_score,
                          .norm2 = layer_norm2,
                          .mean = layer_mean,
                          .gram = layer_gram,
                          .mask = layer_mask};
    struct err e;

    CHECK(pattern_parse(&p, sparsity, NULL, NULL, &e) == 0);
    p.scope = p.of ? SCOPE_DEFAULT : score ? SCOPE_ROW : SCOPE_TENSOR;
    memcpy(layer_q, layer.w, sizeof layer_q);
    if (score)
        CHECK(score_rows(score,
                         &(struct score_job){"t", 0, LAYER, LAYER, layer.w, &(struct score_known){.norm2 = layer_norm2},
                                             layer_score},
                         &e) == 0);
    CHECK(m->apply(&j, &e) == 0);
    for (int i = 0; i < LAYER * LAYER; i++)
        if (layer_mask[i])
            layer_q[i] = 0;
}

static double prune_layer_refit(void)
{
    prune_refit(LAYER, LAYER, layer.w, layer_mask, layer_gram, layer_q);
    return layer_loss(&layer, layer_q);
}

/* Listed to five decimals. */
#define LISTED(got, want, tolerance) CHECK_NEAR(got, want, (want) * (tolerance) + 5.1e-6)
