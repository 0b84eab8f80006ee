/*
 * to_peft: the low-rank terms of a stream as a LoRA adapter in a folder of peft's: adapter_model.safetensors and
 * adapter_config.json. The tensors without those terms are the adapter's base, which the caller writes.
 *
 * The value W of a bundle ending in a lowrank term is base + scale B A; peft has base + (lora_alpha / r) B A, so
 * lora_alpha = scale r. Source: Hu et al. (2021), LoRA, section 4.1, for the product; peft's documented file format for
 * names and keys.
 */
#ifndef WEIR_CKPT_TO_PEFT_H
#define WEIR_CKPT_TO_PEFT_H

#include "ckpt/to_hf.h"

struct peft_module {
    char *name; /* "model.layers.0.self_attn.q_proj" */
    uint64_t rank;
    double scale; /* rank 0: a matrix that has no adapter */
};

/* The adapter of a matrix that holds several weights (GPT-2's c_attn), as far as these have come: A of all of them
 * below one another, B with blocks at the rows of each. F32, since their scales are made one. */
struct peft_fused {
    char *name; /* the module's; NULL: there is none */
    uint64_t outputs, cols, rank;
    double scale;
    float *a, *b; /* [rank][cols], [outputs][rank] */
};

struct to_peft {
    struct to_hf files; /* of the adapter's folder */
    char *base;         /* the base's path from the root */
    struct pile pile;   /* the factors */
    struct peft_fused fused;
    struct peft_module *module;
    size_t n;
    int turned; /* the architecture's files hold such weights as [inputs][outputs] (fan_in_fan_out) */
};

/* Begin in a folder that is there and will be found at path, with the base in base/ of it. -1: the temporary file
 * cannot be made, or path's folder is not there. */
int to_peft_open(struct to_peft *t, const char *folder, const char *path, const struct attrs *model, struct err *e);
void to_peft_close(struct to_peft *t);

/*
 * Take the last term of b where it is lowrank: b is then loaded, and has one term less. Factors keep their types; rows
 * of B move as to_hf_place says. Those of weights that lie in one stored matrix become one adapter of it, whose rank is
 * the sum of theirs.
 * -1: there is no other term (nothing that the adapter could stand beside), it is an embedding's, or reading or writing
 * failed. Memory: the tensor.
 */
int to_peft_take(struct to_peft *t, struct reader *in, struct bundle *b, struct err *e);

/*
 * Write both files. r and lora_alpha are the most frequent pair, modules with others stand in rank_pattern and
 * alpha_pattern by their whole names; base_model_name_or_path is the base's path from the root, as peft knows no path
 * that begins at the adapter; target_modules are last names where every matrix of that name has an adapter, else whole
 * ones. -1: there is no adapter at all, or writing failed.
 */
int to_peft_finish(struct to_peft *t, struct err *e);

#endif
