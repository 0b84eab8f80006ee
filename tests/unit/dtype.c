/* Rows of every element type: names, sizes, packing, and the row loops against the single conversions. */
#include <stdint.h>
#include <stdlib.h>

#include "num/dtype.h"
#include "num/half.h"
#include "tests/unit/check.h"

static void check_sizes(void)
{
    uint64_t bytes;

    CHECK(dtype_find("BF16") == DT_BF16 && dtype_find("bf16") == -1 && dtype_find("F8_E4M3") == DT_F8_E4M3);
    for (int t = 0; t < DT_COUNT; t++)
        CHECK(dtype_find(dtype_info(t)->name) == t);
    CHECK(dtype_bytes(DT_F32, 3, &bytes) == 0 && bytes == 12);
    CHECK(dtype_bytes(DT_F4, 6, &bytes) == 0 && bytes == 3);
    CHECK(dtype_bytes(DT_F4, 5, &bytes) == -1);
    CHECK(dtype_bytes(DT_F6_E2M3, 4, &bytes) == 0 && bytes == 3);
    CHECK(dtype_bytes(DT_F6_E2M3, 6, &bytes) == -1);
    CHECK(dtype_bytes(DT_F32, UINT64_MAX / 3, &bytes) == -1);
    CHECK(dtype_bytes(DT_F32, UINT64_MAX / 4, &bytes) == 0);
}

static void check_packing(void)
{
    const uint8_t nibbles[2] = {0x72, 0xf1};   /* 1, 6, .5, -6 */
    const uint8_t six[3] = {0xc1, 0x07, 0xfe}; /* low bits first: 1, 31, 32, 63 = .125, 7.5, -0, -7.5 */
    float f[4];

    dtype_to_f32(DT_F4, nibbles, f, 4);
    CHECK(f[0] == 1 && f[1] == 6 && f[2] == .5f && f[3] == -6);
    dtype_to_f32(DT_F6_E2M3, six, f, 4);
    CHECK(f[0] == .125f && f[1] == 7.5f && f[2] == 0 && signbit(f[2]) && f[3] == -7.5f);
}

static void check_integers(void)
{
    const uint64_t u64[2] = {UINT64_MAX, 16777217}; /* 2^24 + 1 lies between two floats: to even */
    const int8_t i8[2] = {-128, 127};
    const uint8_t yes[3] = {0, 1, 2};
    float f[3];

    dtype_to_f32(DT_U64, u64, f, 2);
    CHECK(f[0] == 0x1p64f && f[1] == 16777216);
    dtype_to_f32(DT_I8, i8, f, 2);
    CHECK(f[0] == -128 && f[1] == 127);
    dtype_to_f32(DT_BOOL, yes, f, 3);
    CHECK(f[0] == 0 && f[1] == 1 && f[2] == 1);
    dtype_to_f32(DT_C64, u64, f, 1);
    CHECK(isnan(f[0]));
}

/* All 65536 codes as one row at an odd address, up and down again. */
static void check_rows(enum dtype t, float (*up)(uint16_t), uint16_t (*down)(float))
{
    uint8_t *codes = malloc(2 * 65536 + 1), *back = malloc(2 * 65536 + 1);
    float *f = malloc(65536 * sizeof *f);
    int bad = 0;

    for (unsigned i = 0; i < 65536; i++)
        memcpy(codes + 1 + 2 * i, &(uint16_t){(uint16_t)i}, 2);
    dtype_to_f32(t, codes + 1, f, 65536);
    for (unsigned i = 0; i < 65536; i++) {
        float want = up((uint16_t)i);

        bad += memcmp(&f[i], &want, 4) != 0;
        f[i] *= 1.00123f;
    }
    CHECK(bad == 0);
    dtype_from_f32(t, f, back + 1, 65536);
    for (unsigned i = 0; i < 65536; i++) {
        uint16_t want = down(f[i]);

        bad += memcmp(back + 1 + 2 * i, &want, 2) != 0;
    }
    CHECK(bad == 0);
    free(codes);
    free(back);
    free(f);
}

int main(void)
{
    const float f[4] = {1, -2.5f, 1e9f, 0};
    double d[4];
    uint8_t e[4];

    check_sizes();
    check_packing();
    check_integers();
    check_rows(DT_F16, f16_to_f32, f16_from_f32);
    check_rows(DT_BF16, bf16_to_f32, bf16_from_f32);
    dtype_from_f32(DT_F64, f, d, 4);
    CHECK(d[1] == -2.5 && d[2] == 1e9);
    dtype_from_f32(DT_F8_E4M3, f, e, 4);
    CHECK(e[0] == 0x38 && e[1] == 0xc2 && e[2] == 0x7e && e[3] == 0);
    dtype_from_f32(DT_F8_E5M2, f, e, 4);
    CHECK(e[0] == 0x3c && e[1] == 0xc1 && e[2] == 0x7c && e[3] == 0);
    return DONE();
}
