/* texts: text files, or files of token ids, as the ids that a model reads: [bos] + the text's tokens, the last newline left out. */
#ifndef WEIR_RUN_TEXTS_H
#define WEIR_RUN_TEXTS_H

#include "base/opt.h"
#include "tok/tok.h"

struct text {
    char *name;          /* the file's name without its folder */
    struct tok_ids ids;
    uint64_t bytes;      /* of the text that was encoded; 0 for a file of ids */
    int64_t first, tokens; /* for whoever cuts it into windows: where they begin and how many positions they have */
};

struct texts {
    struct text *text;
    int n;
    int64_t bos;         /* of the tokenizer, or of the fallback; -1 when there is none or the tokenizer does not add it */
};

/*
 * Read and encode.
 * files  in: paths of texts
 * ids    in: paths of files of ids, taken as they are; the texts come first
 * joined in: 1: all texts are one (joined with nothing between), named after the first; likewise all ids
 * tok    in: the tokenizer's files as the stream gave them; only looked at when files holds something
 * bos    in: the id when no tokenizer is read, -1 for none
 * -1 names the file and what is wrong with it; an empty text is an error.
 * Memory: a text and its ids at a time, then the ids of all.
 */
int texts_read(struct texts *t, const struct opt_list *files, const struct opt_list *ids, int joined,
               const struct tok_files *tok, int64_t bos, struct err *e);
void texts_free(struct texts *t);

#endif
