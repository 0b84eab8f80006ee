/* dense: any form of value as plain rows. */
#ifndef WEIR_TENSOR_DENSE_H
#define WEIR_TENSOR_DENSE_H

#include "tensor/bundle.h"

/*
 * Replace the value by one dense term.
 * b     in and out: loaded. A value that is one dense term of the wanted type is left as it is, untouched.
 * type  of the elements, one that dtype_from_f32 writes; or -1: as one dense term already is, else the checkpoint's own type (the header's
 *       key "dtype"), else F32
 * 0, or -1: a form that is not known, an integer type that is not read. Memory: the value in f32. Rounds to nearest even.
 */
int bundle_make_dense(struct bundle *b, int type, struct err *e);

#endif
