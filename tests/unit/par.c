#include "base/par.h"

#include <stdatomic.h>

#include "tests/unit/check.h"

enum { N = 10007 };
static atomic_int times[N], bad_self;

static void once(void *ctx, size_t i)
{
    atomic_fetch_add(&times[i], *(int *)ctx);
    if (par_self() < 0 || par_self() >= par_jobs())
        atomic_fetch_add(&bad_self, 1);
}

int main(void)
{
    static const int jobs[] = {1, 2, 7, 64};
    int add = 1, wrong = 0;

    CHECK(par_jobs() == 1);
    for (size_t j = 0; j < sizeof jobs / sizeof *jobs; j++) {
        par_set_jobs(jobs[j]);
        CHECK(par_jobs() == jobs[j]);
        par_for(N, once, &add);
        par_for(0, once, &add);
        par_for(1, once, &add); /* one piece, more threads than pieces */
    }
    for (int i = 0; i < N; i++)
        wrong += times[i] != (i == 0 ? 8 : 4);
    CHECK(wrong == 0);
    CHECK(bad_self == 0 && par_self() == 0);
    par_set_jobs(0);
    CHECK(par_jobs() >= 1);
    par_set_jobs(-3);
    CHECK(par_jobs() == 1);
    par_set_jobs(100000);
    CHECK(par_jobs() == 256);
    return DONE();
}
