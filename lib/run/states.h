/* states: a row of floats for each token, in memory up to a limit, beyond it in an unlinked file. */
#ifndef WEIR_RUN_STATES_H
#define WEIR_RUN_STATES_H

#include <stdint.h>

#include "base/err.h"

struct states {
    int64_t rows, width;
    float *all;  /* [rows][width], or NULL when spooled */
    int fd;      /* the spool, or -1 */
    float *some; /* of the spool: the rows asked for last */
};

/* rows * width zeros; kept in memory when they take at most limit bytes. -1 when the spool cannot be made. */
int states_open(struct states *s, int64_t rows, int64_t width, uint64_t limit, struct err *e);

/* Rows [row0, row0 + n): float[n][width], valid until the next call. NULL with e set. */
float *states_get(struct states *s, int64_t row0, int64_t n, struct err *e);

/* Keep what was changed in the rows that states_get gave last, which are these. */
int states_put(struct states *s, int64_t row0, int64_t n, struct err *e);

void states_free(struct states *s);

#endif
