/* codes: packed codes of 1 to 8 bits with scales for groups of columns: what forms affine and table share. Private to
 * tensor. */
#ifndef WEIR_TENSOR_CODES_H
#define WEIR_TENSOR_CODES_H

#include "tensor/form.h"

struct codes {
    const struct part *codes, *scales;
    const struct part *index; /* U16 or U32 [cols]: the group of each column, or NULL: groups are runs of columns */
    int bits;
    uint64_t group, groups; /* columns in a group (1 where index says); groups in a row */
    enum dtype round;       /* F16 or BF16: values are those that the type holds; F32: they stay */
};

/* The parts and attributes of a term. -1: something is missing, or an attribute is out of range. */
int codes_look(const struct bundle *b, int term, struct codes *c, struct err *e);

/* As codes_look, and shapes and types are right: for a form's check. */
int codes_check(const struct bundle *b, int term, struct codes *c, struct err *e);

/* The group of each column into of[cols]. -1: an index beyond the groups. */
int codes_groups(const struct codes *c, uint64_t cols, uint32_t *of, struct err *e);

/* Code i of a row, packed LSB first. */
static inline unsigned codes_at(const uint8_t *row, uint64_t i, int bits)
{
    uint64_t at = i * (uint64_t)bits;
    unsigned shift = at % 8, v = row[at / 8] >> shift;

    if (shift + (unsigned)bits > 8)
        v |= (unsigned)row[at / 8 + 1] << (8 - shift);
    return v & ((1u << bits) - 1);
}

/* n values as their type rounds them, added to out. */
void codes_add(const struct codes *c, const float *value, uint64_t n, float *out);

#endif
