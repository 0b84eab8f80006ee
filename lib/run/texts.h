/* texts: text files, or files of token ids, as the ids that a model reads. */
#ifndef WEIR_RUN_TEXTS_H
#define WEIR_RUN_TEXTS_H

#include "base/opt.h"
#include "tok/tok.h"

struct text {
    char *name; /* the file's name without its folder */
    struct tok_ids ids;
    uint64_t bytes;        /* of the text that was encoded; 0 for a file of ids; ids.dropped of them left no token */
    int64_t first, tokens; /* for whoever cuts it into windows: where they begin and how many positions they have */
};

struct texts {
    struct text *text;
    int n;
    int64_t bos; /* what a window begins with, or -1 */
};

enum texts_bos { TEXTS_BOS_AUTO, TEXTS_BOS_YES, TEXTS_BOS_NO };

struct texts_how {
    int joined;         /* all texts are one (joined with nothing between), named after the first; likewise all ids */
    int special;        /* "<|im_start|>" and its like in a text are the tokens they are */
    int windows;        /* bos is for whoever cuts windows, and no text begins with it */
    enum texts_bos bos; /* AUTO: where the tokenizer adds it */
};

/* The values of --bos: auto, yes, no. */
int texts_bos_parse(const char *arg, enum texts_bos *bos, struct err *e);

/*
 * Read and encode: what the tokenizer puts before a text (unless how says otherwise), then the text's tokens, its last
 * newline left out.
 * files  in: paths of texts
 * ids    in: paths of files of ids, taken as they are; the texts come first
 * tok    in: the tokenizer's files as the stream gave them; without texts they only say whether bos is put before
 * bos    in: the model's, which TEXTS_BOS_YES takes where no tokenizer has one; -1 for none
 * -1 names the file and what is wrong with it; an empty text is an error.
 * Memory: a text and its ids at a time, then the ids of all.
 */
int texts_read(struct texts *t, const struct opt_list *files, const struct opt_list *ids, const struct texts_how *how,
               const struct tok_files *tok, int64_t bos, struct err *e);
void texts_free(struct texts *t);

#endif
