#include "num/dtype.h"

#include <math.h>
#include <string.h>

#include "base/wide.h"
#include "num/half.h"
#include "num/half_bits.h"

static const struct dtype_info table[DT_COUNT] = {
    [DT_U64] = {"U64", 64, 0, 1, 0},
    [DT_I64] = {"I64", 64, 0, 1, 0},
    [DT_F64] = {"F64", 64, 1, 1, 1},
    [DT_C64] = {"C64", 64, 0, 0, 0},
    [DT_F32] = {"F32", 32, 1, 1, 1},
    [DT_U32] = {"U32", 32, 0, 1, 0},
    [DT_I32] = {"I32", 32, 0, 1, 0},
    [DT_BF16] = {"BF16", 16, 1, 1, 1},
    [DT_F16] = {"F16", 16, 1, 1, 1},
    [DT_U16] = {"U16", 16, 0, 1, 0},
    [DT_I16] = {"I16", 16, 0, 1, 0},
    [DT_F8_E5M2FNUZ] = {"F8_E5M2FNUZ", 8, 1, 1, 0},
    [DT_F8_E4M3FNUZ] = {"F8_E4M3FNUZ", 8, 1, 1, 0},
    [DT_F8_E8M0] = {"F8_E8M0", 8, 1, 1, 0},
    [DT_F8_E4M3] = {"F8_E4M3", 8, 1, 1, 1},
    [DT_F8_E5M2] = {"F8_E5M2", 8, 1, 1, 1},
    [DT_I8] = {"I8", 8, 0, 1, 0},
    [DT_U8] = {"U8", 8, 0, 1, 0},
    [DT_F6_E3M2] = {"F6_E3M2", 6, 1, 1, 0},
    [DT_F6_E2M3] = {"F6_E2M3", 6, 1, 1, 0},
    [DT_F4] = {"F4", 4, 1, 1, 0},
    [DT_BOOL] = {"BOOL", 8, 0, 1, 0},
};

const struct dtype_info *dtype_info(enum dtype t)
{
    return &table[t];
}

int dtype_find(const char *name)
{
    for (int t = 0; t < DT_COUNT; t++)
        if (strcmp(table[t].name, name) == 0)
            return t;
    return -1;
}

int dtype_find_float(const char *name, struct err *e)
{
    int t = dtype_find(name);

    if (t >= 0 && table[t].writes_f32)
        return t;
    return err_set(e, "'%s' is none of F64 F32 F16 BF16 F8_E4M3 F8_E5M2", name);
}

int dtype_bytes(enum dtype t, uint64_t n, uint64_t *bytes)
{
    uint64_t bits = (uint64_t)table[t].bits;

    if (bits % 8 == 0)
        return __builtin_mul_overflow(n, bits / 8, bytes) ? -1 : 0;
    if (__builtin_mul_overflow(n, bits, bytes) || *bytes % 8 != 0)
        return -1;
    *bytes /= 8;
    return 0;
}

/* Elements lie at any alignment: memcpy of a constant size is a plain load. */
#define LOADS(name, type, up)                                                                                          \
    WIDE static void name(const uint8_t *restrict src, float *restrict dst, size_t n)                                  \
    {                                                                                                                  \
        for (size_t i = 0; i < n; i++) {                                                                               \
            type v;                                                                                                    \
            memcpy(&v, src + i * sizeof v, sizeof v);                                                                  \
            dst[i] = up;                                                                                               \
        }                                                                                                              \
    }
#define STORES(name, type, down)                                                                                       \
    WIDE static void name(const float *restrict src, uint8_t *restrict dst, size_t n)                                  \
    {                                                                                                                  \
        for (size_t i = 0; i < n; i++) {                                                                               \
            type v = down;                                                                                             \
            memcpy(dst + i * sizeof v, &v, sizeof v);                                                                  \
        }                                                                                                              \
    }

LOADS(load_u64, uint64_t, (float)v)
LOADS(load_i64, int64_t, (float)v)
LOADS(load_f64, double, (float)v)
LOADS(load_u32, uint32_t, (float)v)
LOADS(load_i32, int32_t, (float)v)
LOADS(load_bf16, uint16_t, brain_up(v))
LOADS(load_f16, uint16_t, half_up(v))
LOADS(load_u16, uint16_t, (float)v)
LOADS(load_i16, int16_t, (float)v)
LOADS(load_i8, int8_t, (float)v)
LOADS(load_u8, uint8_t, (float)v)
LOADS(load_bool, uint8_t, (float)(v != 0))
STORES(store_f64, double, src[i])
STORES(store_bf16, uint16_t, brain_down(src[i]))
STORES(store_f16, uint16_t, half_down(src[i]))
STORES(store_e4m3, uint8_t, f8_e4m3_from_f32(src[i]))
STORES(store_e5m2, uint8_t, f8_e5m2_from_f32(src[i]))

/* Types of 8 bits or fewer through a table of their values; packed ones lie low bits first. */
static void load_coded(const uint8_t *src, float *dst, size_t n, int bits, float (*up)(uint8_t))
{
    float value[256];
    int count = 1 << bits;

    for (int i = 0; i < count; i++)
        value[i] = up((uint8_t)i);
    if (bits == 8) {
        for (size_t i = 0; i < n; i++)
            dst[i] = value[src[i]];
        return;
    }
    for (size_t i = 0; i < n; i++) {
        size_t bit = i * (size_t)bits;
        unsigned w = src[bit / 8];

        if (bit % 8 + (size_t)bits > 8)
            w |= (unsigned)src[bit / 8 + 1] << 8;
        dst[i] = value[w >> bit % 8 & (unsigned)(count - 1)];
    }
}

void dtype_to_f32(enum dtype t, const void *src, float *dst, size_t n)
{
    switch (t) {
    case DT_U64:
        load_u64(src, dst, n);
        break;
    case DT_I64:
        load_i64(src, dst, n);
        break;
    case DT_F64:
        load_f64(src, dst, n);
        break;
    case DT_F32:
        memmove(dst, src, n * sizeof *dst);
        break;
    case DT_U32:
        load_u32(src, dst, n);
        break;
    case DT_I32:
        load_i32(src, dst, n);
        break;
    case DT_BF16:
        load_bf16(src, dst, n);
        break;
    case DT_F16:
        load_f16(src, dst, n);
        break;
    case DT_U16:
        load_u16(src, dst, n);
        break;
    case DT_I16:
        load_i16(src, dst, n);
        break;
    case DT_I8:
        load_i8(src, dst, n);
        break;
    case DT_U8:
        load_u8(src, dst, n);
        break;
    case DT_BOOL:
        load_bool(src, dst, n);
        break;
    case DT_F8_E5M2FNUZ:
        load_coded(src, dst, n, 8, f8_e5m2fnuz_to_f32);
        break;
    case DT_F8_E4M3FNUZ:
        load_coded(src, dst, n, 8, f8_e4m3fnuz_to_f32);
        break;
    case DT_F8_E8M0:
        load_coded(src, dst, n, 8, f8_e8m0_to_f32);
        break;
    case DT_F8_E4M3:
        load_coded(src, dst, n, 8, f8_e4m3_to_f32);
        break;
    case DT_F8_E5M2:
        load_coded(src, dst, n, 8, f8_e5m2_to_f32);
        break;
    case DT_F6_E3M2:
        load_coded(src, dst, n, 6, f6_e3m2_to_f32);
        break;
    case DT_F6_E2M3:
        load_coded(src, dst, n, 6, f6_e2m3_to_f32);
        break;
    case DT_F4:
        load_coded(src, dst, n, 4, f4_e2m1_to_f32);
        break;
    case DT_C64: /* reads_f32 is 0: a caller that did not ask gets NaN, never a wrong number */
    case DT_COUNT:
        for (size_t i = 0; i < n; i++)
            dst[i] = NAN;
    }
}

void dtype_from_f32(enum dtype t, const float *src, void *dst, size_t n)
{
    switch (t) {
    case DT_F64:
        store_f64(src, dst, n);
        break;
    case DT_F32:
        memmove(dst, src, n * sizeof *src);
        break;
    case DT_BF16:
        store_bf16(src, dst, n);
        break;
    case DT_F16:
        store_f16(src, dst, n);
        break;
    case DT_F8_E4M3:
        store_e4m3(src, dst, n);
        break;
    case DT_F8_E5M2:
        store_e5m2(src, dst, n);
        break;
    default:
        break; /* writes_f32 is 0 */
    }
}
