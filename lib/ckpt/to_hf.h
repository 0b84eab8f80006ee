/* to_hf: a Hugging Face folder: the files that travelled with the weights, config.json with the tail's corrections, the
 * weights. */
#ifndef WEIR_CKPT_TO_HF_H
#define WEIR_CKPT_TO_HF_H

#include "base/err.h"
#include "base/mem.h"
#include "arch/place.h"
#include "ckpt/dtype_key.h"
#include "file/pile.h"
#include "tensor/stream.h"

struct to_hf {
    char *folder;
    struct attrs model; /* head.model */
    struct model m;     /* bound to its page, when ready */
    int ready;
    struct buf config; /* config.json, kept until the tail is read */
    int has_config;
    struct dtype_key types;
};

struct hf_place { /* where one tensor goes */
    char *name;   /* NULL: its own; the caller frees it */
    int skip;     /* not written: config.json says the same */
    int part;     /* it is a part of that tensor, at view; stored: the tensor's shape */
    struct view view;
    struct shape stored;
    float add; /* Hugging Face's vector is larger by this (-1 of GGUF's where a page says plus1=hf) */
    uint64_t
        head_dim; /* rows of q and k (of a bias: elements) are put from pairs (2i, 2i+1) to (i, i + d/2) in heads of
                   * this size; 0: they stay */
};

/* Begin in a folder that is there and is empty. model: head.model. */
void to_hf_open(struct to_hf *t, const char *folder, const struct attrs *model);

/*
 * Where a tensor goes: GGUF's names become Hugging Face's, and rows of interleaved rotary pairs (head.model's rope) go
 * back to the halves that its config.json means. -1: rows that are no whole number of heads. Of b only the header is
 * read.
 */
int to_hf_place(const struct to_hf *t, const struct bundle *b, struct hf_place *place, struct err *e);
uint64_t to_hf_row(uint64_t r, uint64_t head_dim); /* the row that row r becomes: to_gguf_row undone */

/* The module that a weight belongs to, as transformers names it: "transformer.h.0.attn.c_attn", also where the
 * checkpoint leaves the prefix out or has GGUF's names; of an unknown architecture the tensor's name without ".weight".
 * model: head.model. The caller frees. */
char *hf_module(const struct attrs *model, const struct bundle *b);

void to_hf_close(struct to_hf *t);

/* A new file of the folder (a name with '/': in folders of it), whole and on the disk; -1: the name leaves the folder,
 * it is there already, or writing failed. to_hf_weights: a safetensors file of a pile. */
int to_hf_file(const struct to_hf *t, const char *name, const void *data, size_t n, struct err *e);
int to_hf_weights(const struct to_hf *t, const char *name, const struct pile *pile, const struct attrs *meta,
                  struct err *e);

/* Write a file that came with the stream, byte for byte; the keys of a GGUF (GGUF_BLOB) have no place there. -1: one of
 * that name is there already, or writing failed. */
int to_hf_blob(struct to_hf *t, const char *name, const void *data, size_t n, struct err *e);

/* Write config.json and model.safetensors (meta: its metadata, with format "pt" where it has none, which peers ask
 * for); where the data exceed max_shard bytes (0: never), shards and their index (shards.h). */
int to_hf_finish(struct to_hf *t, const struct attrs *meta, const struct attrs *tail, const struct pile *pile,
                 uint64_t max_shard, struct err *e);

#endif
