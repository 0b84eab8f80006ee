#include "prune/factor.h"

#include <stdlib.h>

#include "base/mem.h"
#include "la/obs.h"

int prune_factor_make(struct prune_factor *f, size_t cols, const float *gram, double damp, struct err *e)
{
    *f = (struct prune_factor){.dead = mem_new(cols, 1)};
    f->U = obs_factor(cols, gram, NULL, damp, f->dead, &f->damp, e);
    if (!f->U)
        prune_factor_free(f);
    return f->U ? 0 : -1;
}

void prune_factor_free(struct prune_factor *f)
{
    free(f->U);
    free(f->dead);
    *f = (struct prune_factor){0};
}
