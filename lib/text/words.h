/*
 * words: texts as the lower-case words and runs of signs that DSIR's tokenizer finds: NLTK's WordPunctTokenizer, the
 * regular expression \w+|[^\w\s]+, over Python's str.lower(): by Python's re, as NLTK up to 3.9 matched it, or by the
 * package regex, as since 3.10. Unicode 14 (unicode.h), whatever this machine's libraries know, so that features are
 * the same everywhere: utf8proc 2.8 (Unicode 15) has another \w for 4388 code points.
 */
#ifndef WEIR_TEXT_WORDS_H
#define WEIR_TEXT_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* What a code point is, as bits. */
enum {
    WORDS_WORD = 1,
    WORDS_SPACE = 2,
    WORDS_CASED = 4,
    WORDS_IGNORABLE = 8,
    WORDS_UPPER = 16,
    WORDS_REGEX_WORD = 32,
    WORDS_REGEX_SPACE = 64
};
/* Call once before words_class and words_lower; words_begin does. Any thread may. */
void words_init(void);
unsigned words_class(uint32_t point);
/* Its lower case (U+0130 gives i; the dot U+0307 that follows it is words_next's affair). */
uint32_t words_lower(uint32_t point);

/* {0} is ready. The words found lie in low, one space between them, so that neighbours are one span too. */
struct words {
    const unsigned char *text;
    size_t n, at;
    struct buf low;
    int keep_case; /* 1: no lower case. Set before words_begin */
    int regex; /* 1: \w and \s of the package regex (marks belong to words), as NLTK has them from 3.10 on. Set before
                * words_begin */
    int dot;   /* the dot of a U+0130 is still to come */
};
/* text: n bytes of UTF-8, not kept; bytes that are none count as signs. */
void words_begin(struct words *w, const void *text, size_t n);
/* The next word: offset in w->low.data and bytes. 1, or 0 at the end. w->low.data may move at words_begin only. */
int words_next(struct words *w, size_t *at, size_t *len);
void words_free(struct words *w);

#endif
