/*
 * pile: the way out. Tensors are laid down as they come, in an unlinked temporary file, and taken up when all of them
 * are known, since the formats of files begin with a list of everything. A format's write function takes them up.
 */
#ifndef WEIR_FILE_PILE_H
#define WEIR_FILE_PILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "num/dtype.h"
#include "num/ggml.h"
#include "tensor/bundle.h"

struct pile_item {
    char *name;
    struct shape shape;
    enum dtype dtype;               /* when blocks is NULL */
    const struct ggml_type *blocks; /* or NULL */
    uint64_t row_bytes;             /* of a row of the first dim; a vector or scalar is one row */
    uint64_t at, bytes, done;       /* place in the temporary file; bytes put so far */
    int aside; /* a number of a quantized weight, which says nothing of the model's type (ckpt/dtype_key.h) */
};

struct pile {
    int fd;
    uint64_t end;
    struct pile_item *item;
    size_t n;
};

/* Begin. beside: path of the file that will be made, in whose folder the temporary lies; "-" puts it into $TMPDIR. */
int pile_open(struct pile *p, const char *beside, struct err *e);
void pile_close(struct pile *p); /* back to {0} */

/*
 * Begin a tensor.
 * blocks   NULL for plain elements of type dtype
 * -1: the sizes overflow, or rows do not fill whole bytes or blocks (named with both values). The name is copied.
 */
int pile_add(struct pile *p, const char *name, const struct shape *shape, enum dtype dtype,
             const struct ggml_type *blocks, struct err *e);

/* The tensor of that name, looked for from the last on, or -1. */
int64_t pile_find(const struct pile *p, const char *name);

/* n bytes of a tensor, from byte `at` of it on; each byte comes once, in any order. */
int pile_put(struct pile *p, size_t item, uint64_t at, const void *data, uint64_t n, struct err *e);

/* For weights that lie between others: bytes as they are there (0 where none came yet); and put back, of which `new`
 * bytes came now. */
int pile_peek(const struct pile *p, size_t item, uint64_t at, void *out, uint64_t n, struct err *e);
int pile_poke(struct pile *p, size_t item, uint64_t at, const void *data, uint64_t n, uint64_t new, struct err *e);

/* Are all tensors whole and their names unique? Writers call it first. */
int pile_check(const struct pile *p, struct err *e);

/* Copy a tensor's bytes to fd. */
int pile_copy(const struct pile *p, size_t item, int fd, struct err *e);

struct attrs;

/*
 * The pile as a safetensors file on fd, which may be a pipe.
 * meta   in: __metadata__, in its order; left out when empty
 * The order is that of the reference writer: alignment of the type descending, then name; the header is padded by
 * spaces to 8 bytes. -1: a tensor is not whole, comes twice, or holds blocks, which the format does not know; or
 * writing failed.
 */
int safetensors_write(const struct pile *p, const struct attrs *meta, int fd, struct err *e);

#endif
