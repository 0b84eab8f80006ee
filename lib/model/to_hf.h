/* to_hf: a Hugging Face folder: the files that travelled with the weights, config.json with the tail's corrections, the weights. */
#ifndef WEIR_MODEL_TO_HF_H
#define WEIR_MODEL_TO_HF_H

#include "base/err.h"
#include "base/mem.h"
#include "file/pile.h"
#include "tensor/stream.h"

struct to_hf {
    char *folder;
    struct buf config; /* config.json, kept until the tail is read */
    int has_config;
};

/* Begin in a folder that is there and is empty. */
void to_hf_open(struct to_hf *t, const char *folder);
void to_hf_close(struct to_hf *t);

/* Write a file that came with the stream, byte for byte. -1: one of that name is there already, or writing failed. */
int to_hf_blob(struct to_hf *t, const char *name, const void *data, size_t n, struct err *e);

/* Write config.json and model.safetensors (meta: its metadata, with format "pt" where it has none, which peers ask for). */
int to_hf_finish(struct to_hf *t, const struct attrs *meta, const struct attrs *tail, const struct pile *pile, struct err *e);

/*
 * config.json with corrected hyper-parameters: the text stays as it is but for the values of corrected keys; a key that is
 * not there is put first.
 * tail   in: canonical keys (arch.h); keys that config.json has no name for are passed over
 * out    out: appended
 * -1: config is no JSON object.
 */
int to_hf_config(const struct buf *config, const struct attrs *tail, struct buf *out, struct err *e);

#endif
