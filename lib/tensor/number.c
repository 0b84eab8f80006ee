#include "tensor/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bits of element i; elements narrower than a byte are packed, low bits first. */
static uint64_t get_bits(int bits, const uint8_t *row, uint64_t i)
{
    uint64_t v = 0;

    if (bits >= 8) {
        memcpy(&v, row + i * (unsigned)bits / 8, (size_t)bits / 8);
        return v;
    }
    for (int k = 0; k < bits; k++) {
        uint64_t at = i * (unsigned)bits + (unsigned)k;

        v |= (uint64_t)(row[at / 8] >> (at % 8) & 1) << k;
    }
    return v;
}

static void set_bits(int bits, uint8_t *row, uint64_t i, uint64_t v)
{
    if (bits >= 8) {
        memcpy(row + i * (unsigned)bits / 8, &v, (size_t)bits / 8);
        return;
    }
    for (int k = 0; k < bits; k++) {
        uint64_t at = i * (unsigned)bits + (unsigned)k;

        row[at / 8] = (uint8_t)((row[at / 8] & ~(1u << at % 8)) | (unsigned)(v >> k & 1) << at % 8);
    }
}

static int is_decimal_float(enum dtype t)
{
    return dtype_info(t)->is_float && dtype_info(t)->writes_f32;
}

static int is_signed(enum dtype t)
{
    return t == DT_I64 || t == DT_I32 || t == DT_I16 || t == DT_I8;
}

/* Text of a finite float, inf or nan to bits; -1 when it is not one. */
static int float_bits(enum dtype t, const char *text, uint64_t *bits)
{
    char *end;
    double d = strtod(text, &end);
    float f = t == DT_F64 ? 0 : strtof(text, &end);

    *bits = 0;
    if (end == text || *end)
        return -1;
    if (t == DT_F64)
        memcpy(bits, &d, 8);
    else
        dtype_from_f32(t, &f, bits, 1);
    return 0;
}

static double float_value(enum dtype t, uint64_t bits)
{
    double d;
    float f;

    if (t == DT_F64) {
        memcpy(&d, &bits, 8);
        return d;
    }
    dtype_to_f32(t, &bits, &f, 1);
    return f;
}

static void float_text(enum dtype t, uint64_t bits, char text[NUMBER_MAX])
{
    int digits = t == DT_F64 ? 15 : t == DT_F32 ? 6 : t == DT_F16 ? 4 : t == DT_BF16 ? 3 : 2;
    double v = float_value(t, bits);
    uint64_t back;

    if (v != v) {
        snprintf(text, NUMBER_MAX, "nan");
        if (float_bits(t, text, &back) < 0 || back != bits)
            snprintf(text, NUMBER_MAX, "nan:%llx", (unsigned long long)bits);
        return;
    }
    if (v == floor(v) && fabs(v) < 0x1p24) { /* 448, not 4.5e+02 */
        snprintf(text, NUMBER_MAX, "%.0f", v);
        return;
    }
    do
        snprintf(text, NUMBER_MAX, "%.*g", digits, v);
    while ((float_bits(t, text, &back) < 0 || back != bits) && ++digits <= 17);
}

void number_text(enum dtype t, const uint8_t *row, uint64_t i, char text[NUMBER_MAX])
{
    int bits = dtype_info(t)->bits;
    uint64_t v = get_bits(bits, row, i);

    if (is_decimal_float(t))
        float_text(t, v, text);
    else if (is_signed(t))
        snprintf(text, NUMBER_MAX, "%lld", (long long)((int64_t)(v << (64 - bits)) >> (64 - bits)));
    else
        snprintf(text, NUMBER_MAX, "%llu", (unsigned long long)v);
}

static int out_of_range(enum dtype t, const char *text, struct err *e)
{
    return err_set(e, "%s is out of the range of %s", text, dtype_info(t)->name);
}

static int not_a_number(enum dtype t, const char *text, struct err *e)
{
    return err_set(e, "'%s' is not a number of type %s", text, dtype_info(t)->name);
}

static int parse_nan(enum dtype t, const char *text, uint64_t *bits, struct err *e)
{
    char *end;

    errno = 0;
    *bits = strtoull(text + 4, &end, 16);
    if (end == text + 4 || *end || errno || strchr("+-", text[4]))
        return not_a_number(t, text, e);
    if (dtype_info(t)->bits < 64 && *bits >> dtype_info(t)->bits)
        return out_of_range(t, text, e);
    if (!isnan(float_value(t, *bits)))
        return err_set(e, "the bits of %s are no NaN of %s", text, dtype_info(t)->name);
    return 0;
}

static int parse_float(enum dtype t, const char *text, uint64_t *bits, struct err *e)
{
    if (strncmp(text, "nan:", 4) == 0)
        return parse_nan(t, text, bits, e);
    if (strpbrk(text, "(_") || float_bits(t, text, bits) < 0)
        return not_a_number(t, text, e);
    if (!isinf(float_value(t, *bits)) != !strpbrk(text, "iI")) /* infinite, but not called so; or the reverse */
        return out_of_range(t, text, e);
    return 0;
}

static int parse_whole(enum dtype t, const char *text, uint64_t *v, struct err *e)
{
    int bits = dtype_info(t)->bits, minus = *text == '-';
    uint64_t top = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
    char *end;

    if (text[minus] < '0' || text[minus] > '9')
        return not_a_number(t, text, e);
    errno = 0;
    *v = strtoull(text + minus, &end, 10);
    if (*end)
        return not_a_number(t, text, e);
    if (is_signed(t))
        top = top / 2 + (unsigned)minus;
    else if (minus)
        top = 0;
    if (errno == ERANGE || *v > top)
        return out_of_range(t, text, e);
    if (minus)
        *v = -*v;
    return 0;
}

int number_parse(enum dtype t, const char *text, uint8_t *row, uint64_t i, struct err *e)
{
    uint64_t v;
    int rc = is_decimal_float(t) ? parse_float(t, text, &v, e) : parse_whole(t, text, &v, e);

    if (rc == 0)
        set_bits(dtype_info(t)->bits, row, i, v);
    return rc;
}
