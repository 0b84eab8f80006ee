/* frequency: an expert's score is the number of tokens that were sent to it: the key count of the linear that ends it.
 * */
#include <string.h>

#include "shrink/shrink.h"

static int apply(struct shrink_job *j, struct err *e)
{
    (void)e;
    memcpy(j->score, j->given, j->units * sizeof *j->score);
    return 0;
}

const struct shrink_method shrink_frequency = {.name = "frequency",
                                               .brief = "experts that few tokens are sent to",
                                               .what = SHRINK_EXPERTS,
                                               .normal = SHRINK_EXPERTS,
                                               .needs_experts = SHRINK_COUNT,
                                               .apply = apply};
