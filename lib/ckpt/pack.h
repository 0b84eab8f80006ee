/* pack: a stream's records into a checkpoint of one of the formats that are written. */
#ifndef WEIR_CKPT_PACK_H
#define WEIR_CKPT_PACK_H

#include "base/target.h"
#include "file/put.h"
#include "ckpt/imatrix.h"
#include "ckpt/to_gguf.h"
#include "ckpt/to_hf.h"
#include "ckpt/to_peft.h"
#include "ckpt/to_quantized.h"
#include "tensor/stream.h"

struct pack_format {
    const char *name, *suffix, *brief;
    int folder;                        /* the target is a folder */
    const struct quantizer *quantizer; /* a Hugging Face folder whose linears are in this format, or NULL */
};
enum {
    PACK_HF,
    PACK_SAFETENSORS,
    PACK_GGUF,
    PACK_NPZ,
    PACK_NPY,
    PACK_PEFT,
    PACK_IMATRIX,
    PACK_GPTQ,
    PACK_GPTQ_V2,
    PACK_AWQ,
    PACK_CT,
    PACK_CT_PACK,
    PACK_CT_INT,
    PACK_CT_FLOAT,
    PACK_CT_NVFP4,
    PACK_CT_MXFP4,
    PACK_FP8,
    PACK_MXFP4,
    PACK_FORMATS
};
extern const struct pack_format pack_formats[PACK_FORMATS];

int pack_find(const char *name);  /* the format of that name, or -1 */
int pack_guess(const char *path); /* by the path's suffix, or a folder that is there; or -1 */

struct pack {
    int format, dense;
    int sort; /* 1: a GGUF's tensors in llama-quantize's order, not the stream's; to be set behind pack_open */
    uint64_t max_shard; /* bytes of data in one file of a folder or a GGUF; 0: all in one */
    char *path;
    int begun; /* a tensor has come */
    struct target *target;
    struct pile pile;
    struct to_gguf gguf;
    struct imatrix imatrix;
    struct to_hf hf;
    struct to_quantized quantized;
    struct to_peft peft;
};

/* What can be known before the stream comes: can a checkpoint appear at path ("-": standard output)? -1 and why not. */
int pack_check(int format, const char *path, struct err *e);

/*
 * Begin a checkpoint at path ("-": standard output).
 * max_shard  see struct pack
 * dense   what is done with values that the format does not hold: see struct put_how
 * head    the stream's; a GGUF needs its model keys
 * -1: the target cannot be made, the architecture has no GGUF, or the head tells of more tensors than the format holds,
 * or of values that it does not hold (foretell.h).
 */
int pack_open(struct pack *p, int format, const char *path, int dense, uint64_t max_shard, const struct head *head,
              struct err *e);

/* Take the current record of in. Before the first tensor: can a GGUF have the tokenizer that has come? A tensor that
 * the format cannot hold is an error; files beside the weights are kept where the format has a place for them, other
 * records are passed over. */
int pack_take(struct pack *p, struct reader *in, struct item *it, struct err *e);

/* The stream is at its end: write, and let the target appear. in still holds head and tail. Frees what p holds. */
int pack_finish(struct pack *p, const struct reader *in, struct err *e);

#endif
