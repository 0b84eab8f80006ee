/*
 * table: codes of 1 to 8 bits that are places in a table, with a scale for each group of columns: short floats,
 * NormalFloat. value = table[code] * s, where s is scale, times attr multiplier, or by attr divisor, where one is
 * there; then attr round as in form affine.
 */
#include <stdlib.h>

#include "tensor/codes.h"

static int check(const struct bundle *b, int term, struct err *e)
{
    const struct part *table = form_part(b, term, "table", e);
    struct codes c;

    if (!table || codes_check(b, term, &c, e) < 0 || form_want(b, table, 1, (uint64_t)1 << c.bits, e) < 0)
        return -1;
    return form_want_real(table, e);
}

static void take_scales(const struct codes *c, const struct attrs *t, uint64_t r, float *scale)
{
    float by = (float)attrs_f64(t, "multiplier", 1), divisor = (float)attrs_f64(t, "divisor", 1);

    dtype_to_f32(c->scales->dtype, c->scales->data + r * c->scales->row_bytes, scale, c->groups);
    for (uint64_t g = 0; g < c->groups; g++)
        scale[g] = divisor != 1 ? scale[g] / divisor : scale[g] * by;
}

static int add_rows(const struct bundle *b, int term, uint64_t r0, uint64_t n, float *out, struct err *e)
{
    const struct part *p = form_part(b, term, "table", e);
    float table[256], *scale, *value;
    struct codes c;
    uint32_t *of;
    int rc;

    if (!p || codes_look(b, term, &c, e) < 0)
        return -1;
    dtype_to_f32(p->dtype, p->data, table, (size_t)1 << c.bits);
    scale = mem_resize(NULL, c.groups, sizeof *scale);
    value = mem_resize(NULL, b->cols, sizeof *value);
    of = mem_resize(NULL, b->cols, sizeof *of);
    rc = codes_groups(&c, b->cols, of, e);
    for (uint64_t r = r0; r < r0 + n && rc == 0; r++, out += b->cols) {
        const uint8_t *code = c.codes->data + r * c.codes->row_bytes;

        take_scales(&c, &b->term[term].attrs, r, scale);
        for (uint64_t i = 0; i < b->cols; i++)
            value[i] = table[codes_at(code, i, c.bits)] * scale[of[i]];
        codes_add(&c, value, b->cols, out);
    }
    free(scale);
    free(value);
    free(of);
    return rc;
}

const struct form form_table = {
    "table", "codes in a table, with a scale for each group", check, add_rows, "table,index", 0};
