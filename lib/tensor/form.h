/*
 * form: how a term of a value is stored. One file a form (form_<name>.c), one row in form.def.
 *
 *   dense    part "dense": dtype, the weight's shape
 *   ggml     part "blocks": U8 [rows][row bytes]; attr type "q4_K"
 *   affine   parts "codes" U8 [rows][ceil(cols*bits/8)] (unsigned codes, packed LSB first along the row), "scales"
 *   F16/F32/BF16 [rows][groups],
 *            "zeros" (absent when symmetric) like scales or U8; attrs bits, group (columns in a group; 0: whole row),
 *            sym; value = (code - zero) * scale,
 *            zero = 2^(bits-1) when symmetric; attr factor: times this; attr round "F16" or "BF16": then rounded to
 *            that type; part "index" U16/U32
 *            [cols]: the group of each column, where groups are no runs of columns (act-order)
 *   table    parts "table": real [2^bits], "codes" and "scales" as affine's; value = table[code] * scale, the scale
 *   times attr multiplier, or by attr
 *            divisor; attr round, part "index" as affine's
 *   lowrank  parts "a" [rank][cols], "b" [rows][rank]; value = b * a, times attr scale (default 1)
 *   sparse   parts "values": dtype [count] in row-major order, "mask" U8 [rows][ceil(cols/8)] (LSB first); or, where
 *   few are left,
 *            "counts" U16/U32 [rows][1] and "columns" U16/U32 [count] instead of the mask
 *   monarch  parts "r" [blocks blocks rank][cols / blocks], "l" [rows][blocks rank]; attr blocks; see form_monarch.c
 *   mix      parts "coefficients" [count], "atoms" [count rows][cols], shared by weights of several layers; value = sum
 *   of coefficient * atom
 *
 * Fixed parts (see below): "index" of affine and table, "table" of table, "a" of lowrank, "values" and "columns" of
 * sparse, "r" of monarch, both of mix.
 */
#ifndef WEIR_TENSOR_FORM_H
#define WEIR_TENSOR_FORM_H

#include "tensor/bundle.h"

struct form {
    const char *name;
    const char *brief;
    /* Are the parts and attrs of this term whole and of the right shapes? Called once by the reader. */
    int (*check)(const struct bundle *b, int term, struct err *e);
    /* Add rows [r0, r0+n) of this term to out (float[n][cols]). Data of the parts is present for those rows. */
    int (*add_rows)(const struct bundle *b, int term, uint64_t r0, uint64_t n, float *out, struct err *e);
    const char
        *fixed; /* names of parts whose rows are not the weight's, comma-separated: sent before the others, whole. Or
                * NULL */
    int whole;  /* add_rows needs all rows of all parts: the value cannot be read by slabs */
    /* As add_rows, but written over out: for values of this one term. Or NULL: add_rows does it. */
    int (*set_rows)(const struct bundle *b, int term, uint64_t r0, uint64_t n, float *out, struct err *e);
};

/* 1 when the part of that name does not follow the weight's rows; parts of unknown forms do. */
int form_is_fixed(const char *form, const char *part);

/* For checks: the part, or NULL with e set; is it [rows][cols] (a vector of cols when rows is 1); is its type read as
 * f32? */
struct part *form_part(const struct bundle *b, int term, const char *name, struct err *e);
int form_want(const struct bundle *b, const struct part *p, uint64_t rows, uint64_t cols, struct err *e);
int form_want_real(const struct part *p, struct err *e);

const struct form *form_find(const char *name); /* NULL when unknown: such terms are relayed but not read */

#endif
