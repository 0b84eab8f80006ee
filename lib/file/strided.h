/* strided: a tensor whose elements do not lie in row-major order, put so in an unlinked file in $TMPDIR. */
#ifndef WEIR_FILE_STRIDED_H
#define WEIR_FILE_STRIDED_H

#include "file/file.h"

/* Is it row-major already? Strides count elements; those of dims of size 1, and of empty tensors, say nothing. */
int strided_plain(const struct shape *s, const int64_t *stride);

/*
 * Copy a tensor of a part of s into row-major order in a new part.
 * t       in: name, shape, part, offset (of its first element), bytes; out: part and offset of the copy
 * stride  in: in elements, one a dim, from 0 up; the caller has checked that all elements lie in the part
 * size    in: bytes of an element
 * The file is mapped: memory is what the system keeps of it. -1: cannot map or write.
 */
int strided_copy(struct source *s, struct file_tensor *t, const int64_t *stride, size_t size, struct err *e);

#endif
