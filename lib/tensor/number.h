/* number: one element of a tensor as text, and back to the same bits. Used by the text twin (twin.h). */
#ifndef WEIR_TENSOR_NUMBER_H
#define WEIR_TENSOR_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "num/dtype.h"

#define NUMBER_MAX 40 /* bytes of the longest text, with its NUL */

/*
 * Element i of a row of type t as text. Integers and BOOL: decimal. F64, F32, F16, BF16, F8_E4M3, F8_E5M2: whole
 * numbers below 2^24 as they are, others with about the fewest digits that number_parse turns back into the same bits;
 * inf, -inf, nan, and nan:HEX for a NaN with any other bits than the type's usual one. Every other type: its bits as an
 * unsigned decimal.
 */
void number_text(enum dtype t, const uint8_t *row, uint64_t i, char text[NUMBER_MAX]);

/*
 * The reverse: text to element i of row. Floats may also be C's hexadecimal floats, and are rounded to nearest even.
 * Returns 0, or -1 with a clause that quotes the text and names the type: not a number, or out of its range.
 */
int number_parse(enum dtype t, const char *text, uint8_t *row, uint64_t i, struct err *e);

#endif
