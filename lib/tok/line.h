/* line: a text record's token ids as a line of decimals, as mcalib --ids reads them. */
#ifndef WEIR_TOK_LINE_H
#define WEIR_TOK_LINE_H

#include "record/text.h"
#include "tok/tok.h"

/*
 * Append the ids that r brings; where it brings none and tok is not NULL, those of its text, behind what the tokenizer
 * puts before a text.
 * special  1: control tokens are found in the text (tok_encode)
 * dropped  inout: bytes of the text that no piece stands for are added
 * -1: there are none, or what r brings is no array of integers; the sentence is without the record's id.
 */
int tok_line(struct buf *b, const struct record *r, struct tok *tok, int special, size_t *dropped, struct err *e);

#endif
