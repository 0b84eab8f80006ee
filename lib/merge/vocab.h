/*
 * vocab: models of different vocabularies. Rows of embedding and head are matched by the texts of their tokens; a row
 * that an operand lacks is the first's, and where that lacks it too, the mean of those that have it (mergekit's rule,
 * tokenizer_source base and union).
 */
#ifndef WEIR_MERGE_VOCAB_H
#define WEIR_MERGE_VOCAB_H

#include "merge/operand.h"
#include "record/json.h"

struct merge_vocab {
    int operands;
    uint64_t rows; /* of the result's embedding */
    int64_t **row; /* [operands][rows]: which row of the operand's it is, or -1 */
};

/*
 * After operand_agree and merge_heads.
 * all  in: 0: the first operand's tokens; 1: also those that others add to their vocabularies, behind them:
 *      tokenizer.json, tokenizer_config.json and added_tokens.json of the first get them (its source's blobs are
 *      replaced), and its model the size of the vocabulary
 * -1: an operand is a stream, or has no tokenizer (all: no tokenizer.json); tokenizers of two kinds; with all, a token
 * that the first lacks is no added one, but of the vocabulary itself, whose merges cannot be joined. Memory: the
 * tokenizers while they are read, 8 bytes a row and operand.
 */
int merge_vocab_make(struct merge_vocab *v, struct operand *o, int n, int all, struct err *e);

/* Without that: what is to be said of checkpoints whose tokenizers' files differ: how many tokens have other texts than
 * in the first, with one named; note->msg is empty where all agree, or where tokenizers are not there or not read. */
void merge_vocab_compare(const struct operand *o, int n, struct err *note);

void merge_vocab_free(struct merge_vocab *v);

/* Is the current tensor of o one whose rows are tokens? */
int merge_vocab_takes(const struct merge_vocab *v, const struct bundle *b);

/* rows[k] holds rows [row0, row0 + n) of each operand as its map gave them, those it lacks as 0: fill these. have: rows
 * that each operand's tensor has.
 * -1: a row that none has. */
int merge_vocab_fill(const struct merge_vocab *v, const struct operand *o, float **rows, uint64_t row0, uint64_t n,
                     uint64_t cols, struct err *e);

/* For merge_vocab_make: the files of a tokenizer with tokens more. One is taken over from `from`, another operand's
 * tokenizer.json. */
struct vocab_files;
struct vocab_files *vocab_files_open(struct source *to, const char *path, struct err *e);
int vocab_files_add(struct vocab_files *f, const struct json *added, uint64_t id, struct err *e);
int vocab_files_close(struct vocab_files *f, int write, struct err *e); /* write: the source's blobs are replaced */

#endif
