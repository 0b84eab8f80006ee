/* measured: losses that an earlier run measured and wrote (alloc_losses_put), read back in place of a measurement. */
#ifndef WEIR_ALLOC_MEASURED_H
#define WEIR_ALLOC_MEASURED_H

#include "alloc/alloc.h"

struct measured;

/* A table of types: tensor, type, weights, cost, loss, energy. At most 256 MiB. NULL: it cannot be read or is no such
 * table ("FILE: line 7: ..."). */
struct measured *measured_read(const char *path, struct err *e);
void measured_free(struct measured *m);

/* The points of t for the types of j, in their order, and t->whole. -1: no line is for the tensor, or for a type. */
int measured_points(const struct measured *m, const struct alloc_job *j, struct alloc_tensor *t, struct err *e);

#endif
