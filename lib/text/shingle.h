/*
 * shingle: a text as the set of its n-grams, each a number of 32 bits: what MinHash and the Jaccard index are taken of.
 *
 * How a text becomes words decides what counts as the same; each way is that of a program people use (weir-methods(7),
 * DUP):
 *
 * SHINGLE_WORDS   lower case; words are runs of \w; nothing else counts
 * SHINGLE_SPLIT   lower case; words are runs of \w as the package regex has it, with marks; a text of fewer than 5 has
 *                 no n-gram: text-dedup 0.4.1
 * SHINGLE_PLAIN   lower case; signs to spaces, accents off, each run of digits to 0: datatrove
 * SHINGLE_NFD     ASCII signs dropped, lower case, canonical decomposition (NFD): RedPajama
 * SHINGLE_CHARS   code points as they are, and n-grams of these: NeMo Curator
 *
 * \w, white space and lower case are Unicode 14's (text/words.h); the final sigma counts as a sigma. Decompositions and
 * categories are utf8proc's; text of older Unicode gives the same with any. Two n-grams get one number with probability
 * 2^-32.
 */
#ifndef WEIR_TEXT_SHINGLE_H
#define WEIR_TEXT_SHINGLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

#define SHINGLE_MAX 64     /* words in an n-gram */
#define SHINGLE_BLOCK 4096 /* numbers that come at once */

enum shingle_style { SHINGLE_WORDS, SHINGLE_SPLIT, SHINGLE_PLAIN, SHINGLE_NFD, SHINGLE_CHARS };

/* For one thread. Memory: 32 KiB, and the longest word. */
struct shingle;
/* n: 1 to SHINGLE_MAX. whole: a text of fewer than n words, but of one, is one n-gram; else it has none. */
struct shingle *shingle_open(enum shingle_style style, uint32_t n, int whole);
void shingle_close(struct shingle *s);

/* Begin a text: n bytes of UTF-8, which must stay until it is through. Bytes that are none count as signs. */
void shingle_begin(struct shingle *s, const void *text, size_t n);
/* Some more of its n-grams, at most SHINGLE_BLOCK, as often as they stand there: how many, 0 at the end. */
size_t shingle_next(struct shingle *s, const uint32_t **gram);
uint64_t shingle_words(const struct shingle *s); /* of the text, when it is through */

/* The words of a text joined by one space, into out, which is emptied first. Not for SHINGLE_CHARS. */
void shingle_join(struct shingle *s, const void *text, size_t n, struct buf *out);

#endif
