/* dtype: the element types of tensors, by safetensors' names, and rows of them to and from f32. */
#ifndef WEIR_NUM_DTYPE_H
#define WEIR_NUM_DTYPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum dtype { /* the order is safetensors' writer order: alignment descending */
             DT_U64,
             DT_I64,
             DT_F64,
             DT_C64,
             DT_F32,
             DT_U32,
             DT_I32,
             DT_BF16,
             DT_F16,
             DT_U16,
             DT_I16,
             DT_F8_E5M2FNUZ,
             DT_F8_E4M3FNUZ,
             DT_F8_E8M0,
             DT_F8_E4M3,
             DT_F8_E5M2,
             DT_I8,
             DT_U8,
             DT_F6_E3M2,
             DT_F6_E2M3,
             DT_F4,
             DT_BOOL,
             DT_COUNT
};

struct dtype_info {
    const char *name; /* "BF16", "F8_E4M3" ... */
    int bits;         /* of one element; 4 and 6 are packed, low bits first */
    int is_float;     /* F*, BF16 */
    int reads_f32;    /* dtype_to_f32 works: every real type (integers round to nearest) */
    int writes_f32;   /* dtype_from_f32 works: F64 F32 F16 BF16 F8_E4M3 F8_E5M2 */
};

const struct dtype_info *dtype_info(enum dtype t);
int dtype_find(const char *name);                      /* the type, or -1 */
int dtype_find_float(const char *name, struct err *e); /* one that writes_f32; -1 says which those are */

/* Bytes of n elements. Returns -1 when n elements do not fill whole bytes or the size overflows. */
int dtype_bytes(enum dtype t, uint64_t n, uint64_t *bytes);

/* n elements at src (any alignment, little endian) to float. Exact where f32 holds the value, else to nearest even. */
void dtype_to_f32(enum dtype t, const void *src, float *dst, size_t n);

/* Round to nearest even; beyond the range gives infinity, or NaN/the largest value where the type has no infinity
 * (E4M3: saturates as OCP FP8 says). */
void dtype_from_f32(enum dtype t, const float *src, void *dst, size_t n);

#endif
