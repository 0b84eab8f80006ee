/*
 * affine: codes of 1 to 8 bits, with a scale (and a zero) for each group of columns.
 * value = (code - zero) * scale; zero = 2^(bits - 1) where part "zeros" is absent. Where attr factor is there, the
 * product is multiplied by it; where attr round is there, the value is then rounded to that type: what quantizers whose
 * arithmetic is of 16 bits mean.
 */
#include <stdlib.h>

#include "tensor/codes.h"

static int check(const struct bundle *b, int term, struct err *e)
{
    const struct part *zeros = bundle_part(b, term, "zeros");
    struct codes c;

    if (codes_check(b, term, &c, e) < 0)
        return -1;
    return zeros && (form_want(b, zeros, b->rows, c.groups, e) < 0 || form_want_real(zeros, e) < 0) ? -1 : 0;
}

struct row { /* numbers of one row */
    float *scale, *zero, *value;
    uint32_t *of;
};

static void take_row(const struct codes *c, const struct part *zeros, uint64_t r, uint64_t cols, struct row *w)
{
    const uint8_t *code = c->codes->data + r * c->codes->row_bytes;

    dtype_to_f32(c->scales->dtype, c->scales->data + r * c->scales->row_bytes, w->scale, c->groups);
    if (zeros)
        dtype_to_f32(zeros->dtype, zeros->data + r * zeros->row_bytes, w->zero, c->groups);
    for (uint64_t i = 0; i < cols; i++)
        w->value[i] = ((float)codes_at(code, i, c->bits) - w->zero[w->of[i]]) * w->scale[w->of[i]];
}

static int add_rows(const struct bundle *b, int term, uint64_t r0, uint64_t n, float *out, struct err *e)
{
    const struct part *zeros = bundle_part(b, term, "zeros");
    float factor = (float)attrs_f64(&b->term[term].attrs, "factor", 1);
    struct codes c;
    struct row w;
    int rc;

    if (codes_look(b, term, &c, e) < 0)
        return -1;
    w = (struct row){mem_resize(NULL, c.groups, sizeof(float)), mem_resize(NULL, c.groups, sizeof(float)),
                     mem_resize(NULL, b->cols, sizeof(float)), mem_resize(NULL, b->cols, sizeof(uint32_t))};
    for (uint64_t g = 0; g < c.groups; g++)
        w.zero[g] = (float)(1u << (c.bits - 1));
    rc = codes_groups(&c, b->cols, w.of, e);
    for (uint64_t r = r0; r < r0 + n && rc == 0; r++, out += b->cols) {
        take_row(&c, zeros, r, b->cols, &w);
        for (uint64_t i = 0; factor != 1 && i < b->cols; i++)
            w.value[i] *= factor;
        codes_add(&c, w.value, b->cols, out);
    }
    free(w.scale);
    free(w.zero);
    free(w.value);
    free(w.of);
    return rc;
}

const struct form form_affine = {"affine", "codes with a scale and a zero for each group", check, add_rows, "index", 0};
