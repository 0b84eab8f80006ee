#include "base/par.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define MAX_JOBS 256

static int jobs = 1;
static _Thread_local int self, inside; /* inside: this thread is running some par_for's fn */

struct crew {
    void (*fn)(void *, size_t);
    void *ctx;
    size_t n;
    atomic_size_t next;
};

struct worker {
    struct crew *crew;
    int number;
};

void par_set_jobs(int n)
{
    cpu_set_t set;

    if (n == 0)
        n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    jobs = n < 1 ? 1 : n > MAX_JOBS ? MAX_JOBS : n;
}

int par_jobs(void)
{
    return jobs;
}

int par_self(void)
{
    return self;
}

int par_inside(void)
{
    return inside;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct crew *c = w->crew;
    size_t i;

    self = w->number;
    inside = 1;
    while ((i = atomic_fetch_add(&c->next, 1)) < c->n)
        c->fn(c->ctx, i);
    self = inside = 0;
    return NULL;
}

void par_for(size_t n, void (*fn)(void *ctx, size_t i), void *ctx)
{
    struct crew c = {.fn = fn, .ctx = ctx, .n = n};
    struct worker w[MAX_JOBS] = {{&c, 0}};
    pthread_t t[MAX_JOBS];
    int started = 1;

    if (inside || jobs == 1) {
        for (size_t i = 0; i < n; i++)
            fn(ctx, i);
        return;
    }
    for (int k = 1; k < jobs; k++)
        w[k] = (struct worker){&c, k};
    while (started < jobs && (size_t)started < n && pthread_create(&t[started], NULL, work, &w[started]) == 0)
        started++; /* a thread that cannot be made is done without */
    work(&w[0]);
    while (--started > 0)
        pthread_join(t[started], NULL);
}
