/* texts: text files, or files of token ids, as the ids that a model reads. */
#ifndef WEIR_RUN_TEXTS_H
#define WEIR_RUN_TEXTS_H

#include <math.h>

#include "base/opt.h"
#include "run/feed.h"
#include "run/windows.h"

struct text {
    char *name; /* the file's name without its folder */
    struct tok_ids ids;
    uint64_t bytes;        /* of the text that was encoded; 0 for a file of ids; ids.dropped of them left no token */
    int64_t first, tokens; /* for whoever cuts it into windows: where they begin and how many positions they have */
};

/* What a filter says of such a text: its name, ids.dropped. */
#define TEXTS_DROPPED "%s: %zu bytes that the tokenizer has no piece for are left out"

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

/* What a command line says of texts, and its rows. what: "measure", each: "one line each"; set_bos: the filter's, by
 * texts_bos_parse into how.bos. */
struct texts_ask {
    struct opt_list files, ids;
    struct texts_how how;
    int64_t context; /* tokens in a window; 0: texts_context decides */
};
/* clang-format off */
#define TEXTS_OPTS(x, what, each, set_bos) \
    {'f', "file", "TEXT", OPT_LIST, &(x).files, what " on this text (repeatable: " each ")", 0}, \
    {0, "ids", "FILE", OPT_LIST, &(x).ids, what " on token ids, separated by white space, taken as they are", 0}, \
    {0, "special", 0, OPT_FLAG, &(x).how.special, "<|im_start|> and its like in a text are the tokens they are", 0}, \
    {0, "bos", "WHEN", OPT_CALL, 0, \
     "windows begin with the tokenizer's bos: yes, no, auto (where it adds it)", set_bos}, \
    {'c', "context", "N", OPT_INT, &(x).context, \
     "tokens in a window (default: the model's context, at most 2048)", 0, 1, INFINITY}
/* clang-format on */

/* Are there texts, and can they be read? -1; `usage` is set to 1 when none was given. */
int texts_check(const struct texts_ask *x, int *usage, struct err *e);
int64_t texts_context(const struct texts_ask *x, const struct attrs *model);

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
/* texts_read of what was asked for, with the tokenizer and the model of a feed whose first unit is there. */
int texts_open(struct texts *t, const struct texts_ask *x, const struct feed *feed, struct err *e);
void texts_free(struct texts *t);

/* Windows of all texts, one behind the other; first and tokens of each are set. -1: windows_add's, with the name. */
int texts_cut(struct texts *t, int64_t context, enum protocol protocol, struct windows *w, struct err *e);

/* Windows to calibrate on: of all texts together at most `most` tokens (0: all), each its part of them. Ids are taken
 * as they are unless bos was asked for. -1: windows_spread's, with the name. */
int texts_spread(struct texts *t, const struct texts_how *how, int64_t context, uint64_t most, struct windows *w,
                 struct err *e);

#endif
