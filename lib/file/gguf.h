/*
 * gguf: GGUF versions 2 and 3 on the way in, 3 on the way out: keys and values of any kind, then tensors. What the keys
 * of a model are called is known a floor higher (ckpt/to_gguf.h, ckpt/from_gguf.h).
 *
 *   "GGUF" | u32 3 | i64 tensors | i64 keys | keys | tensor entries | zeros to 32 | data, each tensor padded with zeros
 *   to 32
 */
#ifndef WEIR_FILE_GGUF_H
#define WEIR_FILE_GGUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "file/pile.h"

#define GGUF_ALIGN 32
#define GGUF_NAME_MAX 63          /* bytes of a tensor's name */
#define GGUF_BLOB "metadata.gguf" /* in a stream: the keys of the GGUF it came from, as a GGUF without tensors */

enum gguf_kind {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STR,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64,
    GGUF_KINDS
};

extern const char *const gguf_kind_names[GGUF_KINDS]; /* "u8" ... */

struct gguf_value { /* one key of a file */
    char *key;      /* UTF-8, not empty */
    enum gguf_kind kind;
    enum gguf_kind of;  /* of an array's elements */
    uint64_t n;         /* elements of an array; bytes of a string */
    uint64_t at, bytes; /* the value (of an array: its elements) in gguf.text, as it lies in the file */
};

struct gguf_in {     /* a file's header; {0} is empty */
    struct buf text; /* its bytes from the start to the end of the tensor entries */
    struct gguf_value *value;
    uint64_t values;
    uint64_t tensors;
    uint64_t align;
};

/*
 * Read the keys of a GGUF without tensors in memory; those of files are read by the format's row in file.def.
 * Every check of ggml's own reader is made: magic, version 2 or 3 in this byte order, counts against the bytes that are
 * there, keys not empty and unique, kinds, lengths against the bytes that are left, no arrays of arrays, alignment; and
 * keys are UTF-8, bools 0 or 1. -1: damaged; the clause names key and place. Memory: the header.
 */
int gguf_open_memory(struct gguf_in *g, const void *data, size_t n, struct err *e);
void gguf_close(struct gguf_in *g);

const struct gguf_value *gguf_find(const struct gguf_in *g, const char *key); /* NULL when absent */
int64_t gguf_int(const struct gguf_in *g, const char *key,
                 int64_t otherwise); /* any integer kind, bool; arrays: otherwise */
double gguf_num(const struct gguf_in *g, const char *key, double otherwise); /* any number */
const char *gguf_text(const struct gguf_in *g, const char *key, size_t *n);  /* a string's bytes (no NUL), or NULL */

/* Walk an array: begin with *at = 0; each call gives the next string, or the next number as a double. 0 at the end. */
int gguf_next_text(const struct gguf_in *g, const struct gguf_value *v, uint64_t *at, const char **s, size_t *n);
int gguf_next_num(const struct gguf_in *g, const struct gguf_value *v, uint64_t *at, double *num);

struct gguf_keys {   /* {0} is empty and valid */
    struct buf text; /* encoded keys and values, in order */
    uint64_t n;
    char **name;    /* the keys, to refuse one that comes twice */
    uint64_t align; /* of the data; 0: GGUF_ALIGN, and no key says so */
};
void gguf_keys_free(struct gguf_keys *k);
void gguf_put_value(struct gguf_keys *k, const struct gguf_in *g,
                    const struct gguf_value *v);                 /* as it lies in another file */
void gguf_keys_file(const struct gguf_keys *k, struct buf *out); /* appended: a GGUF of these keys and no tensors */
void gguf_keys_copy(struct gguf_keys *to, const struct gguf_keys *from); /* to is {0} */
int gguf_has_key(const struct gguf_keys *k, const char *key);

/* Add a key, which must not be there yet. */
void gguf_put_u16(struct gguf_keys *k, const char *key, uint16_t v);
void gguf_put_i32(struct gguf_keys *k, const char *key, int32_t v);
void gguf_put_u32(struct gguf_keys *k, const char *key, uint32_t v);
void gguf_put_f32(struct gguf_keys *k, const char *key, float v);
void gguf_put_bool(struct gguf_keys *k, const char *key, int v);
void gguf_put_str(struct gguf_keys *k, const char *key, const char *v, size_t n);
void gguf_put_bytes(struct gguf_keys *k, const char *key, const void *v, size_t n); /* an array of U8 */

/* Begin an array; exactly n elements must follow by gguf_add_*. */
void gguf_put_array(struct gguf_keys *k, const char *key, enum gguf_kind element, uint64_t n);
void gguf_add_str(struct gguf_keys *k, const char *v, size_t n);
void gguf_add_i32(struct gguf_keys *k, int32_t v);
void gguf_add_f32(struct gguf_keys *k, float v);

/* The number in GGUF of a type of plain elements, as its row of ggml_types; NULL when GGUF has none. */
const struct ggml_type *gguf_plain_type(enum dtype t);

/* Can this tensor be written? Name below 64 bytes, 4 dims at most, a type that GGUF has. -1 names what is not so. */
int gguf_check(const char *name, const struct shape *s, enum dtype dtype, const struct ggml_type *blocks,
               struct err *e);

/* The pile, in its own order, as a GGUF file on fd, which may be a pipe. -1: gguf_check or pile_check failed, or
 * writing did. */
int gguf_write(const struct pile *p, const struct gguf_keys *k, int fd, struct err *e);

#endif
