/*
 * fasttext: reads supervised models of fastText, as stored (.bin) and quantized (.ftz), and gives every label's
 * probability.
 *
 * The numbers are those that fasttext predict-prob prints: exp(log(p + 1e-5)) for softmax, ova and ns, a product of
 * such factors along the Huffman tree for hs; so they may exceed 1 by 1e-5. Sums are f32 in index order, exponentials
 * and logarithms double.
 *
 * The format, little-endian: i32 magic 793712314, version; i32 dim ws epoch minCount neg wordNgrams loss model bucket
 * minn maxn lrUpdateRate, f64 t; i32 entries words labels, i64 tokens prunes; entries times {string, NUL, i64 count, i8
 * type}; prunes times {i32, i32}; u8 quantized, matrix; u8 quantized, matrix. A matrix is i64 rows cols and f32s, or u8
 * norm, i64 rows cols, i32 bytes, codes, quantizer [, rows norm codes, quantizer]; a quantizer is i32 dim parts size
 * lastsize, dim * 256 f32s. Source: Joulin and others 2016, Bag of tricks for efficient text classification, and
 * FastText.zip; files of fastText 0.9.2.
 */
#ifndef WEIR_TEXT_FASTTEXT_H
#define WEIR_TEXT_FASTTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct fasttext;

/* Bytes of a model, kept and not copied but for the tables. -1 and NULL: what is damaged or not supported, by name.
 * Memory: 8 bytes a word. */
struct fasttext *fasttext_open(const void *p, size_t n, struct err *e);
/* A file, mapped: memory is the pages that are touched. */
struct fasttext *fasttext_file(const char *path, struct err *e);
void fasttext_close(struct fasttext *f);

int32_t fasttext_labels(const struct fasttext *f);
/* Without fastText's prefix "__label__". Not NUL-terminated within len, but a NUL follows. */
const char *fasttext_label(const struct fasttext *f, int32_t i, size_t *len);

/* What becomes of a line feed, as a fastText model reads one line: a space; nothing, so that words join; the end of
 * what is read. */
enum fasttext_newline { FASTTEXT_SPACE, FASTTEXT_NOTHING, FASTTEXT_END };

/* Room for one thread: some bytes for each of the text, and 4 * (dim + labels). */
struct fasttext_room;
struct fasttext_room *fasttext_room_new(const struct fasttext *f);
void fasttext_room_free(struct fasttext_room *r);

/* p  out: [labels]. Returns 1, or 0 and zeros when the model knows nothing of the text. */
int fasttext_score(const struct fasttext *f, struct fasttext_room *r, const char *text, size_t n,
                   enum fasttext_newline how, double *p);

#endif
