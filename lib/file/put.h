/* put: a bundle of a stream into a pile: the way from weir's forms to the plain types and blocks that files know. */
#ifndef WEIR_FILE_PUT_H
#define WEIR_FILE_PUT_H

#include "file/pile.h"
#include "file/view.h"
#include "tensor/stream.h"

enum { PUT_REFUSE = -1, PUT_SOURCE = -2 }; /* put_how.dense beside the dtypes */

struct put_how {
    const char *name;           /* in the file; NULL: the bundle's own */
    int to_f32;                 /* write F32 rows whatever the value is */
    int blocks;                 /* ggml blocks are written as they are */
    int (*holds)(enum dtype t); /* the plain types that the format has; NULL: all */
    int dense; /* a value of another form: a dtype to write it as, PUT_SOURCE: the type it had in its checkpoint
                             * (key dtype; BF16 when that cannot hold real numbers), PUT_REFUSE: an error */
    const char *refusal;                       /* what the error for PUT_REFUSE ends in: what the user may do */
    uint64_t (*row)(uint64_t r, uint64_t arg); /* where row r goes (of a vector: element r), or NULL */
    uint64_t row_arg;
    const struct view
        *view; /* where it lies in the tensor of that name, which several bundles make up; NULL: it is all of it */
    const struct shape *stored; /* that tensor's, with view */
    float add;                  /* is added to the values, which are then written as the type they have, or F32 */
};

/* Place of a weight in a stored tensor: its rows (of a vector: its elements), moved by how->row. Shared with to_peft.
 * */
struct put_to {
    struct pile *pile;
    size_t item;
    const struct put_how *how;
    uint64_t cols, row_bytes; /* of the bundle */
    int vector;
};

/* Rows [row0, row0 + rows) of a bundle, as bytes of the stored type. */
int put_placed(const struct put_to *to, uint64_t row0, uint64_t rows, const uint8_t *data, struct err *e);

/*
 * Write the current bundle of `in`, or a loaded one, to the pile. Dense values keep their type and bits. Memory: about
 * 2 MiB of rows, or one row.
 * -1: the form is refused, the type cannot be written, or reading or writing failed; the sentence names the tensor.
 */
int put_bundle(struct pile *p, struct reader *in, struct bundle *b, const struct put_how *how, struct err *e);

#endif
