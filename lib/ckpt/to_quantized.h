/*
 * to_quantized: a model's quantized linears as a quantizer's format has them, in a Hugging Face folder, and the
 * quantization_config that says so. Codes, scales and zeros are the stream's, bit for bit: nothing is rounded here. The
 * way back is quantized.h.
 *
 * Reading order: to_quantized_int.h, to_quantized.c (which weights, what stays), to_quantized_coded.c (a weight as
 * numbers), a file for each family of formats.
 */
#ifndef WEIR_CKPT_TO_QUANTIZED_H
#define WEIR_CKPT_TO_QUANTIZED_H

#include "ckpt/to_hf.h"
#include "file/pile.h"

struct quantizer; /* a format; a row of pack_formats names it */
extern const struct quantizer quantizer_ct, quantizer_ct_pack, quantizer_ct_int, quantizer_ct_float, quantizer_ct_nvfp4,
    quantizer_ct_mxfp4, quantizer_gptq, quantizer_gptq_v2, quantizer_awq, quantizer_fp8, quantizer_mxfp4;

struct quantized_scheme { /* what weights have in common */
    int kind;             /* of the format's own */
    int bits, sym;
    uint64_t group; /* columns; 0: the row */
};

struct to_quantized {
    const struct quantizer *how; /* NULL: the folder is a plain one */
    struct pile *pile;
    const struct to_hf *hf;
    struct quantized_used {
        struct quantized_scheme of;
        char **module;
        size_t modules;
    } * used; /* schemes, in the order of their first weights */
    int schemes;
    char **left; /* modules whose matrices stay as they are, but for embeddings */
    size_t lefts;
    int head;           /* the head is quantized, or left already */
    int sym, reordered; /* all of them are symmetric; groups of one are no runs of columns */
    uint64_t widest;    /* columns of a weight whose row is one group */
    enum dtype scales;  /* the largest type of scales that readers give the model's type */
    char *scales_of;    /* whose, or NULL: there are none yet */
};

/* Begin. pile and hf live longer. how NULL: to_quantized_take takes nothing. */
void to_quantized_open(struct to_quantized *q, const struct quantizer *how, struct pile *pile, const struct to_hf *hf);
void to_quantized_close(struct to_quantized *q);

/*
 * The current bundle of in, where it is quantized and the format holds it, into the pile's tensors; place is where
 * to_hf_place puts it. A matrix that is not quantized is noted.
 * dense   1: what the format cannot hold is left to the caller, too
 * 1: done; 0: it is for the caller to write; -1: the format cannot hold it (the sentence names tensor, form and what
 * the format holds), or there is no config.json to say so. Memory: the tensor as it is stored, twice.
 */
int to_quantized_take(struct to_quantized *q, struct reader *in, struct bundle *b, const struct hf_place *place,
                      int dense, struct err *e);

/*
 * quantization_config, put into config.json's text.
 * -1: no weight was quantized, or scales are of a type that the model's own does not hold, to which readers convert
 * them.
 */
int to_quantized_config(const struct to_quantized *q, struct buf *config, struct err *e);

#endif
