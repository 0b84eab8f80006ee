/* foretell: what a stream's head says of the values behind it: by its history and its manifest, before the first comes.
 */
#ifndef WEIR_CKPT_FORETELL_H
#define WEIR_CKPT_FORETELL_H

#include "tensor/stream.h"

/* Kinds of values, as packers ask for them: blocks of ggml; codes with scales; a product with no other term; any
 * other form; a low-rank term behind another. */
enum { TOLD_BLOCKS = 1, TOLD_AFFINE = 2, TOLD_PRODUCT = 4, TOLD_OTHER = 8, TOLD_BESIDE = 16, TOLD_ALL = 31 };
#define TOLD_KINDS 5

struct foretold {
    int some;                    /* kinds of which there is one value at least */
    int may;                     /* kinds of which there may be one */
    int source;                  /* 1: values are as the checkpoint had them, of the manifest's types */
    char *const *by[TOLD_KINDS]; /* of each kind the last command line of the head that makes it, or NULL */
};

/*
 * Follow the history from its first command. What is not known for certain (a program that is not weir's, a table that
 * chose each tensor's type, weights chosen by name) is in `may` and not in `some`, so that nobody is refused for what
 * does not come.
 */
void foretell(const struct head *h, struct foretold *f);

/* Will the format "gguf", "hf", "safetensors", "npz", "npy" or "peft", or one that is for codes (codes: 1), have no
 * place for one of the values, dense: 0, or no adapter? -1: so it is, and which command made it so. */
int foretell_check(const struct head *h, const char *format, int codes, int dense, struct err *e);

#endif
