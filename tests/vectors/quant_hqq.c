/* Losses of hqq, groups of 64, computed in f64 outside. */
#include "tests/vectors/quant_layer.h"

int main(void)
{
    quant_compare("hqq", (const double[6]){.00632, .02883, .16243, .00728, .03332, .18298}, 2e-3);
    return DONE();
}
