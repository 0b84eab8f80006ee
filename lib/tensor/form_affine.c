/*
 * affine: codes of 1 to 8 bits, with a scale (and a zero) for each group of columns.
 * value = (code - zero) * scale; zero = 2^(bits - 1) where part "zeros" is absent.
 */
#include <stdlib.h>

#include "tensor/form.h"

struct affine {
    const struct part *codes, *scales, *zeros;
    int bits;
    uint64_t group, groups; /* columns in a group; groups in a row */
};

static int look(const struct bundle *b, int term, struct affine *a, struct err *e)
{
    const struct attrs *t = &b->term[term].attrs;
    int64_t group = attrs_int(t, "group", 0);

    a->bits = (int)attrs_int(t, "bits", 0);
    if (attrs_int(t, "bits", 0) < 1 || attrs_int(t, "bits", 0) > 8)
        return err_set(e, "affine codes have %lld bits, 1 to 8 are allowed", (long long)attrs_int(t, "bits", 0));
    if (group < 0)
        return err_set(e, "affine groups have %lld columns", (long long)group);
    a->group = group ? (uint64_t)group : b->cols ? b->cols : 1;
    a->groups = b->cols / a->group + (b->cols % a->group != 0);
    a->codes = form_part(b, term, "codes", e);
    a->scales = form_part(b, term, "scales", e);
    a->zeros = bundle_part(b, term, "zeros");
    return a->codes && a->scales ? 0 : -1;
}

static int check(const struct bundle *b, int term, struct err *e)
{
    struct affine a;

    if (look(b, term, &a, e) < 0)
        return -1;
    if (a.codes->dtype != DT_U8)
        return err_set(e, "part codes is of type %s, U8 is wanted", dtype_info(a.codes->dtype)->name);
    if (form_want(b, a.codes, b->rows, b->cols / 8 * (uint64_t)a.bits + (b->cols % 8 * (uint64_t)a.bits + 7) / 8, e) < 0 ||
        form_want(b, a.scales, b->rows, a.groups, e) < 0 || form_want_real(a.scales, e) < 0)
        return -1;
    return a.zeros && (form_want(b, a.zeros, b->rows, a.groups, e) < 0 || form_want_real(a.zeros, e) < 0) ? -1 : 0;
}

/* Code c of a row, packed LSB first. */
static unsigned code_at(const uint8_t *row, uint64_t c, int bits)
{
    uint64_t at = c * (uint64_t)bits;
    unsigned shift = at % 8, v = row[at / 8] >> shift;

    if (shift + (unsigned)bits > 8)
        v |= (unsigned)row[at / 8 + 1] << (8 - shift);
    return v & ((1u << bits) - 1);
}

static int add_rows(const struct bundle *b, int term, uint64_t r0, uint64_t n, float *out, struct err *e)
{
    struct affine a;
    float *scale, *zero;

    if (look(b, term, &a, e) < 0)
        return -1;
    scale = mem_resize(NULL, a.groups, sizeof *scale);
    zero = mem_resize(NULL, a.groups, sizeof *zero);
    for (uint64_t g = 0; g < a.groups; g++)
        zero[g] = (float)(1u << (a.bits - 1));
    for (uint64_t r = r0; r < r0 + n; r++) {
        const uint8_t *row = a.codes->data + r * a.codes->row_bytes;

        dtype_to_f32(a.scales->dtype, a.scales->data + r * a.scales->row_bytes, scale, a.groups);
        if (a.zeros)
            dtype_to_f32(a.zeros->dtype, a.zeros->data + r * a.zeros->row_bytes, zero, a.groups);
        for (uint64_t c = 0; c < b->cols; c++)
            *out++ += ((float)code_at(row, c, a.bits) - zero[c / a.group]) * scale[c / a.group];
    }
    free(scale);
    free(zero);
    return 0;
}

const struct form form_affine = {"affine", "codes with a scale and a zero for each group", check, add_rows, NULL, 0};
