/* par: work over threads. Each piece is computed by one thread in a fixed way, so results never depend on the count. */
#ifndef WEIR_BASE_PAR_H
#define WEIR_BASE_PAR_H

#include <stddef.h>

/* Threads that par_for may use; 1 until set. 0 means as many as this process may run on. */
void par_set_jobs(int n);
int par_jobs(void);

/*
 * Call fn(ctx, i) once for each i in [0, n), in any order, on up to par_jobs() threads; returns when all are done.
 * fn must write only what belongs to i. A fn that needs scratch memory keys it by par_self().
 * A call inside fn does all its pieces on its own thread, and par_self() keeps its value.
 */
void par_for(size_t n, void (*fn)(void *ctx, size_t i), void *ctx);

/* Inside fn: the thread's number, 0 .. par_jobs()-1. */
int par_self(void);

/* Is this inside some fn, so that other threads may be at work? */
int par_inside(void);

#endif
