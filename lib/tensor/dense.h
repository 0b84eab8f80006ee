/* dense: any form of value as plain rows. */
#ifndef WEIR_TENSOR_DENSE_H
#define WEIR_TENSOR_DENSE_H

#include "tensor/stream.h"

/*
 * Pass on b, which in stands at and of which nothing was read, with its value as one dense term. One that is a dense
 * term of the wanted type passes as it is.
 * type  of the elements, one that dtype_from_f32 writes; or -1: as one dense term already is, else the checkpoint's own
 *       type (the header's key "dtype"), else F32
 * 0, or -1: a form that is not known, an integer type that is not read, reading or writing failed. Rounds to nearest
 * even. Memory: companions and 2 MiB, or a row, twice; forms that do not hold row by row whole.
 */
int bundle_pass_dense(struct writer *out, struct reader *in, struct bundle *b, int type, struct err *e);

/*
 * Replace the value by one dense term.
 * b     in and out: loaded. A value that is one dense term of the wanted type is left as it is, untouched.
 * type  of the elements, one that dtype_from_f32 writes; or -1: as one dense term already is, else the checkpoint's own
 *       type (the header's key "dtype"), else F32
 * 0, or -1: a form that is not known, an integer type that is not read. Memory: the value in f32. Rounds to nearest
 * even.
 */
int bundle_make_dense(struct bundle *b, int type, struct err *e);

#endif
