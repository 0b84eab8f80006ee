/*
 * operand: one of several models that are read side by side: a stream, or a checkpoint of any format that lib/file knows.
 * Nothing is held but a slab of rows; a stream in another order than the first operand's waits in an unlinked file (lookup.h).
 */
#ifndef WEIR_MERGE_OPERAND_H
#define WEIR_MERGE_OPERAND_H

#include "model/plan.h"
#include "tensor/lookup.h"

struct operand {
    const char *path;             /* as given: for messages */
    struct reader *in;            /* a stream; NULL: a checkpoint */
    struct lookup *by_name;       /* of a stream that is asked by name */
    struct source source;
    struct plan plan;             /* tensors of a checkpoint, in the order of a forward pass */
    size_t *by_bytes;             /* plan's steps in byte order of their names */
    uint8_t *given;               /* for each step: 1 when given out */
    size_t next;                  /* the first step that may not be */

    struct bundle b;              /* the current tensor: its header */
    struct reader *from;          /* what reads its rows, of a stream */
    const struct file_tensor *t;  /* ... of a checkpoint */
    uint64_t row;                 /* the next row */
    const float *slab;            /* rows of a stream that wait */
    uint64_t waiting;
    struct buf bytes;
};

/* "-", a pipe, and a file that begins as weir(5) says are streams. o is overwritten; close it also after -1. */
int operand_open(struct operand *o, const char *path, struct err *e);
void operand_close(struct operand *o);

/* The next tensor in the operand's own order, as o->b; of a stream with a writer linked, other records are relayed. 1, 0 at the end, -1. */
int operand_next(struct operand *o, struct err *e);

/* The tensor of that name that has not been given out. 1, 0 when there is none, -1. An operand is read by operand_next or by these two. */
int operand_get(struct operand *o, const char *name, struct err *e);
int operand_rest(struct operand *o, struct err *e); /* any that has not been given out */

/*
 * The next n rows of the current tensor as f32.
 * out   out: float[n][cols]; n at most what is left
 * -1: reading failed, the form is unknown, or an element is NaN (named by row and column). Memory: 1 MiB, or a row.
 */
int operand_rows(struct operand *o, uint64_t n, float *out, struct err *e);

/* Write the current tensor as it is, of which no row was read. Memory: 2 MiB, or a row. */
int operand_pass(struct operand *o, struct writer *out, struct err *e);

/* The element type that a merged tensor has by default: of a value of one dense term its own; of others the type the checkpoint
 * says it came from (key "dtype"), else F32. Never an integer type: see operand_counts. */
enum dtype operand_type(const struct operand *o);

/* 1 when the tensor holds whole numbers (I64, U8, BOOL ...), which are no weights. */
int operand_counts(const struct operand *o);

#endif
