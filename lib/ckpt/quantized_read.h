/* quantized_read: how rows of a value's parts are made of what quantizers write. Each is a value_part.read
 * (file/value.h). */
#ifndef WEIR_CKPT_QUANTIZED_READ_H
#define WEIR_CKPT_QUANTIZED_READ_H

#include "file/value.h"

typedef int value_reader(const struct source *s, const struct value_part *p, uint64_t row, uint64_t n, uint8_t *out,
                         struct err *e);

value_reader read_rows;    /* as they lie, the first row_bytes of each; see every, matrix, stride */
value_reader read_added;   /* the same, bytes, each plus `add`: signed numbers as codes */
value_reader read_swapped; /* the same, the two halves of each byte the other way round */
value_reader read_data;    /* data, whatever the row */

/* from is [k][outputs] of elements of stride bytes: row r is column r, cut to row_bytes. GPTQ's words and scales. */
value_reader read_columns;

/* from is [groups][words], codes of `bits` along the outputs: row r has code r of each group, plus add, below 2^bits.
 * GPTQ's zeros. */
value_reader read_zeros;

/* from is [words][groups] of 32 bits, codes of `bits` along the outputs: the zeros of compressed-tensors. */
value_reader read_zero_words;

/* from is [inputs][outputs / 8] of words of eight codes in AWQ's order: row r is column r, packed; its zeros, a byte
 * each. */
value_reader read_awq;
value_reader read_awq_zeros;

/*
 * F32 scales of `group` columns each where the quantizer's are of `every` elements, a multiple of group, whatever the
 * rows: bitsandbytes. from: F32, or codes: then a scale is data[code] (256 F32) * with[i / nested] + offset.
 */
value_reader read_absmax;

#endif
