/*
 * stage: the steps of a layer that run in one go (before scatter; for one expert; behind gather), with the memory for
 * what they make. Values share buffers when one is read for the last time before the other is made, and steps that can
 * be done in place are.
 */
#ifndef WEIR_RUN_STAGE_H
#define WEIR_RUN_STAGE_H

#include "run/op.h"

struct stage_buffer {
    int64_t width, at; /* at: in floats, of a row's room; outside: -1 */
    int first, last;   /* steps */
};

struct stage {
    const struct walk *walk;
    int phase;
    struct op *op; /* [ops], of this phase, in order */
    int ops;
    struct op_size *size; /* [values], of the whole layer: earlier stages filled in theirs */
    int *buffer;          /* [values]: of a value; -1: not of this stage */
    struct stage_buffer *buf;
    int buffers;
    int64_t room, lasting; /* floats of a row: of what is done with when a window is, and of what is there at the end */
};

/* A weight of the layer by its line of the page, or NULL. */
typedef const struct weight *stage_weight(void *ctx, const struct arch_weight *w);

/*
 * size    in and out: [values]
 * hold    in: [values]: must still be there at the end of the stage (inputs of linears that are to be seen, values of
 * later stages) outside in: [values]: they lie where the caller says; 2: and may be overwritten once they are read for
 * the last time
 * -1: what op_make says.
 */
int stage_open(struct stage *s, const struct op_room *room, int phase, stage_weight *weight, void *ctx,
               struct op_size *size, const char *hold, const char *outside, struct err *e);
void stage_free(struct stage *s);

/* Where all rows of a value that is held lie: of those outside given[value]; else in work, float[s->room +
 * s->lasting][rows of the whole batch]. */
float *stage_at(const struct stage *s, int value, float *const *given, float *work, int64_t rows);

/* Run on windows (or on rows without windows) [row, row + n) of a batch of `rows` rows. received: of that row, or NULL.
 * */
void stage_run(const struct stage *s, float *const *given, float *work, int64_t rows, int64_t row, int64_t n,
               const struct window *window, int64_t windows, float *received);

/* Is the value read by a linear of this stage? */
int stage_taps(const struct walk *w, int phase, int value);

#endif
