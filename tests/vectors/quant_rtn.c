/* Losses of round to nearest, groups of 64, computed in f64 outside. */
#include "tests/vectors/quant_layer.h"

int main(void)
{
    quant_compare("rtn", (const double[6]){.00809, .03657, .20138, .00816, .03723, .20207}, 1e-4);
    return DONE();
}
