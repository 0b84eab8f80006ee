/*
 * npy: numpy's arrays: one in a .npy, several in the zip .npz.
 *
 *   "\x93NUMPY" major minor | header length, u16 (version 1) or u32 | "{'descr': '<f4', 'fortran_order': False,
 *   'shape': (2, 3), }" spaces "\n" | data
 */
#ifndef WEIR_FILE_NPY_H
#define WEIR_FILE_NPY_H

#include "file/file.h"
#include "file/pile.h"

/* numpy's name of a type ("<f4"), or NULL when it has none (bf16, fp8 ...). */
const char *npy_type(enum dtype t);

/* The pile, in its order, as NAME.npy in a zip on fd (stored, not deflated), which may be a pipe. -1: a type that numpy
 * lacks, a tensor that is not whole or comes twice, or writing failed. */
int npz_write(const struct pile *p, int fd, struct err *e);

/* The pile's one tensor. -1 also when it is not one. */
int npy_write(const struct pile *p, int fd, struct err *e);

#endif
