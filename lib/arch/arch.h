/*
 * arch: what the tensors of a known architecture are: roles, layers, order, coupled axes; and its hyper-parameters.
 * One file an architecture (arch_<name>.c), one row in arch.def. Unknown architectures still flow through every filter
 * that runs no model: they have no roles.
 *
 * Roles: embed pos head norm.attn norm.mlp norm.final attn.q attn.k attn.v attn.qkv attn.o mlp.gate mlp.up mlp.down;
 * a bias has its weight's role and ".bias" ("attn.q.bias").
 *
 * Canonical keys of head.model: arch (str "llama" "qwen2" "gpt2"), hidden layers heads kv_heads head_dim intermediate vocab
 * context (int), norm_eps rope_theta (f64), attention_bias mlp_bias (bool: the configuration has biases for all linears of that half), rope (str "half": pairs (i, i + d/2) as Hugging Face; "interleaved": pairs (2i, 2i+1) as GGUF
 * llama and llama2.c), tied (bool), bos eos unk pad (int; absent when none). When the checkpoint's rotary angles are scaled: rope_scaling (str
 * "linear" or "llama3"), rope_factor (f64), and for llama3 rope_low_freq rope_high_freq (f64) rope_original_context (int). unsupported (str): what
 * the configuration asks for that no filter here computes ("sliding window attention"); such a model still flows.
 */
#ifndef WEIR_ARCH_ARCH_H
#define WEIR_ARCH_ARCH_H

#include "record/json.h"
#include "tensor/bundle.h"

struct arch_params { /* head.model, checked */
    char arch[32];
    int64_t hidden, layers, heads, kv_heads, head_dim, intermediate, vocab, context;
    double norm_eps, rope_theta;
    int rope_interleaved, tied;
    int learned_positions, layernorm; /* the architecture's: a table of positions instead of rope; LayerNorm with biases, not RMSNorm */
    int64_t bos, eos, unk, pad; /* -1: none */
    char rope_scaling[16];      /* "" none, "linear", "llama3" */
    double rope_factor, rope_low_freq, rope_high_freq;
    int64_t rope_original_context;
};

/* One name a kind of tensor: "layers.#.self_attn.q_proj", without the prefix and ".weight" or ".bias"; # is the layer.
 * turned: under this name files hold the weight as [inputs][outputs] (doc/decisions/0008-turned-weights.md). */
struct arch_name {
    const char *pattern, *role, *bias_role;
    int turned;
};
#define ARCH_NAME(pattern, role) {pattern, role, role ".bias", 0}
#define ARCH_NAME_TURNED(pattern, role) {pattern, role, role ".bias", 1}

/* A key of head.model and its name in the architecture's config.json. */
struct arch_key {
    const char *ours, *theirs;
    int size; /* a count: read as a whole number wherever it stands */
};

/* A row of arch.def. */
struct arch {
    const char *name;               /* "llama" */
    const char *const *types;       /* values of model_type in config.json, NULL-terminated */
    const char *const *prefixes;    /* what may stand before a name ("model."), NULL-terminated */
    const struct arch_name *names;  /* ends with pattern NULL */
    int (*from_config)(const struct json *config, struct attrs *model, struct err *e);
    const struct block_kind *block; /* how its layers run (block.h) */
    const struct arch_key *keys;    /* ends with ours NULL */
    const char *buffers;            /* globs, separated by commas: tensors that are no weights, which a forward pass leaves out */
    int learned_positions, layernorm;
};

/* The row by its name, or NULL. arch_row(i): the i-th, or NULL after the last. */
const struct arch *arch_find(const char *name);
const struct arch *arch_row(int i);

/* The row whose config.json has this model_type, or NULL. */
const struct arch *arch_of_type(const char *type);

/* head.model from a Hugging Face config.json. An unknown model_type sets only "arch" to it and what keys are plain to read. -1 when a key of a
 * known architecture is missing; the sentence names it. */
int arch_from_config(const struct json *config, struct attrs *model, struct err *e);

/* head.model to checked parameters. -1 names the missing key or the two numbers that disagree. */
int arch_params(const struct attrs *model, struct arch_params *p, struct err *e);

/* Role and layer of a tensor by its source name (Hugging Face names, GGUF names, with or without a "model." prefix). arch NULL or "": a
 * checkpoint without configuration; the names of every known architecture are tried. Returns 1 and sets *role (static text) and *layer (-1
 * when none), or 0 when unknown. */
int arch_role(const char *arch, const char *name, const char **role, int64_t *layer);

/* Does a file of this architecture hold the tensor as [inputs][outputs]? Only asked where the architecture is known: 0 when arch is not. */
int arch_turned(const char *arch, const char *name);

/* Is the tensor one that a forward pass of arch leaves out: a mask, a table that is computed anew? */
int arch_buffer(const char *arch, const char *name);

/* Sort key of forward-pass order: embed, pos, blocks ascending (norm.attn q k v o norm.mlp gate up down, biases after their weights),
 * final norm, head. UINT64_MAX for unknown roles (NULL too), so that a stable sort keeps their source order after the known ones. */
uint64_t arch_order(const char *role, int64_t layer);

#endif
