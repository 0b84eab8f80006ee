/* Losses of sparsegpt, and of the least squares refit of its mask and of Wanda's, on the synthetic layers. */
#include "tests/vectors/prune_layer.h"

static void compare(const char *sparsity, double sparsegpt, double refit, double wanda, double wanda_refit)
{
    prune_layer(&prune_sparsegpt, NULL, sparsity);
    LISTED(layer_loss(&layer, layer_q), sparsegpt, 2e-3);
    if (refit > 0)
        LISTED(prune_layer_refit(), refit, 2e-3);
    prune_layer(&prune_score, &score_wanda, sparsity);
    LISTED(layer_loss(&layer, layer_q), wanda, 1e-4);
    if (wanda_refit > 0)
        LISTED(prune_layer_refit(), wanda_refit, 2e-3);
}

int main(void)
{
    prune_layer_make(0.9, 0.7);
    compare("0.5", .00625, .00335, .01880, .00330);
    compare("2:4", .01264, 0, .05284, .00709);
    compare("4:8", .00941, 0, .03479, 0);
    prune_layer_make(0.5, 1);
    compare("0.5", .00545, .00475, .00616, .00461);
    compare("2:4", .02004, 0, .02435, .01700);
    compare("4:8", .01179, 0, .01395, 0);
    return DONE();
}
