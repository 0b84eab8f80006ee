/* twin_words: the words of a line of the text twin. Also for listings. */
#ifndef WEIR_TENSOR_TWIN_WORDS_H
#define WEIR_TENSOR_TWIN_WORDS_H

#include <stddef.h>

#include "tensor/bundle.h"

/* 1 when s stands without quotes: letters, digits and _ . / : @ + * % , - , and not empty. */
int word_is_bare(const char *s);

/* 1 when a bare word is read as a text value: it begins with a letter or '_' and is none of true, false, nan, inf. */
int word_is_text(const char *s);

/* 1 when the n bytes are well-formed UTF-8 (RFC 3629). */
int word_is_utf8(const char *s, size_t n);

/* Append a word, in quotes where it must be; a text value, also where it would read as a number; " KEY=VALUE" for each
 * attribute. */
void word_put(struct buf *out, const char *s);
void word_put_str(struct buf *out, const char *s);
void word_put_attrs(struct buf *out, const struct attrs *a);

/* Take the next word at *at, quoted or bare, as a new string in *out. 1, 0 at the end of the line, -1. *at moves behind
 * it. */
int word_take(const char **at, char **out, struct err *e);

/* Take "[2, 3]". 0 or -1. */
int word_take_shape(const char **at, struct shape *s, struct err *e);

/* Take all remaining KEY=VALUE words of the line into a. Keys given twice are refused. 0 or -1. */
int word_take_attrs(const char **at, struct attrs *a, struct err *e);

/* 0 when nothing but blanks is left on the line, else -1. */
int word_end(const char *at, struct err *e);

#endif
