/*
 * gguf: GGUF version 3 on the way out: keys and values of any kind, then the tensors of a pile. What the keys of a model are
 * called is known a floor higher (model/to_gguf.h).
 *
 *   "GGUF" | u32 3 | i64 tensors | i64 keys | keys | tensor entries | zeros to 32 | data, each tensor padded with zeros to 32
 */
#ifndef WEIR_FILE_GGUF_H
#define WEIR_FILE_GGUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "file/pile.h"

#define GGUF_ALIGN 32
#define GGUF_NAME_MAX 63 /* bytes of a tensor's name */

enum gguf_kind {
    GGUF_U8, GGUF_I8, GGUF_U16, GGUF_I16, GGUF_U32, GGUF_I32, GGUF_F32, GGUF_BOOL, GGUF_STR, GGUF_ARRAY, GGUF_U64, GGUF_I64,
    GGUF_F64, GGUF_KINDS
};

struct gguf_keys { /* {0} is empty and valid */
    struct buf text; /* encoded keys and values, in order */
    uint64_t n;
    char **name;     /* the keys, to refuse one that comes twice */
};
void gguf_keys_free(struct gguf_keys *k);
int gguf_has_key(const struct gguf_keys *k, const char *key);

/* Add a key, which must not be there yet. */
void gguf_put_u32(struct gguf_keys *k, const char *key, uint32_t v);
void gguf_put_f32(struct gguf_keys *k, const char *key, float v);
void gguf_put_bool(struct gguf_keys *k, const char *key, int v);
void gguf_put_str(struct gguf_keys *k, const char *key, const char *v, size_t n);

/* Begin an array; exactly n elements must follow by gguf_add_*. */
void gguf_put_array(struct gguf_keys *k, const char *key, enum gguf_kind element, uint64_t n);
void gguf_add_str(struct gguf_keys *k, const char *v, size_t n);
void gguf_add_i32(struct gguf_keys *k, int32_t v);
void gguf_add_f32(struct gguf_keys *k, float v);

/* The number in GGUF of a type of plain elements, as its row of ggml_types; NULL when GGUF has none. */
const struct ggml_type *gguf_plain_type(enum dtype t);

/* Can this tensor be written? Name below 64 bytes, 4 dims at most, a type that GGUF has. -1 names what is not so. */
int gguf_check(const char *name, const struct shape *s, enum dtype dtype, const struct ggml_type *blocks, struct err *e);

/* The pile, in its own order, as a GGUF file on fd, which may be a pipe. -1: gguf_check or pile_check failed, or writing did. */
int gguf_write(const struct pile *p, const struct gguf_keys *k, int fd, struct err *e);

#endif
