/*
 * mp: msgpack objects in memory, bounded. Packing is msgpack-c's; reading is a cursor over bytes that allocates
 * nothing, so that a header of 16 MiB costs 16 MiB whatever it claims to hold (msgpack-c's unpacker builds a tree of 24
 * bytes an item).
 */
#ifndef WEIR_WIRE_MP_H
#define WEIR_WIRE_MP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

#define MP_DEPTH_MAX 16

enum mp_kind { MP_NIL, MP_BOOL, MP_INT, MP_FLOAT, MP_STR, MP_BIN, MP_EXT, MP_ARRAY, MP_MAP };

struct mp_value {
    enum mp_kind kind;
    int negative;     /* INT: u is the two's complement of a value below 0 */
    uint64_t u;       /* INT, BOOL */
    double f;         /* FLOAT, of either width */
    const uint8_t *p; /* STR, BIN, EXT: the bytes, inside the input */
    uint32_t n;       /* STR, BIN, EXT: their count; ARRAY: items; MAP: pairs */
};

struct mp_in {
    const uint8_t *p, *end;
};

/* The next token: a scalar, or the beginning of an array or map whose items are the next tokens. 0, or -1 when the
 * bytes end inside it or are no msgpack (0xc1). */
int mp_next(struct mp_in *m, struct mp_value *v);

/* Step over one whole object; *object is the span of its bytes. 0 or -1 as mp_next. */
int mp_skip(struct mp_in *m, struct mp_in *object);

/* Are these n bytes exactly one object, nested at most MP_DEPTH_MAX deep? 0, or -1 with e set. */
int mp_check(const void *p, size_t n, struct err *e);

const char *mp_kind_name(enum mp_kind k); /* "an integer", "a map" ... for messages */

/* 1 when the n bytes are UTF-8 (RFC 3629) without NUL. */
int mp_is_text(const void *p, size_t n);

/* Append one object to b in its shortest encoding. */
void mp_put_nil(struct buf *b);
void mp_put_bool(struct buf *b, int v);
void mp_put_int(struct buf *b, int64_t v);
void mp_put_uint(struct buf *b, uint64_t v);
void mp_put_f64(struct buf *b, double v);
void mp_put_str(struct buf *b, const char *s);
void mp_put_strn(struct buf *b, const void *s, size_t n); /* n < 2^32 */
void mp_put_bin(struct buf *b, const void *p, size_t n);  /* n < 2^32 */
void mp_put_array(struct buf *b, uint32_t items);
void mp_put_map(struct buf *b, uint32_t pairs);

#endif
