/*
 * arch: what the tensors of a known architecture are: roles, layers, order, coupled axes; and its hyper-parameters.
 * One file an architecture (arch_<name>.c), one row in arch.def. Unknown architectures still flow through every filter
 * that runs no model: they have no roles.
 *
 * Roles: embed pos head norm.attn norm.mlp norm.final attn.q attn.k attn.v attn.qkv attn.o mlp.gate mlp.up mlp.down;
 * a bias has its weight's role and ".bias" ("attn.q.bias").
 *
 * Canonical keys of head.model: arch (str "llama" "qwen2" "gpt2"), hidden layers heads kv_heads head_dim intermediate vocab
 * context (int), norm_eps rope_theta (f64), rope (str "half": pairs (i, i + d/2) as Hugging Face; "interleaved": pairs (2i, 2i+1) as GGUF
 * llama and llama2.c), tied (bool), bos eos unk pad (int; absent when none).
 */
#ifndef WEIR_MODEL_ARCH_H
#define WEIR_MODEL_ARCH_H

#include "record/json.h"
#include "tensor/bundle.h"

struct arch_params { /* head.model, checked */
    char arch[32];
    int64_t hidden, layers, heads, kv_heads, head_dim, intermediate, vocab, context;
    double norm_eps, rope_theta;
    int rope_interleaved, tied;
    int64_t bos, eos, unk, pad; /* -1: none */
};

/* head.model from a Hugging Face config.json. An unknown model_type sets only "arch" to it and what keys are plain to read. */
int arch_from_config(const struct json *config, struct attrs *model, struct err *e);

/* head.model to checked parameters. -1 names the missing key or the two numbers that disagree. */
int arch_params(const struct attrs *model, struct arch_params *p, struct err *e);

/* Role and layer of a tensor by its source name (Hugging Face names, GGUF names, with or without a "model." prefix). Returns 1 and sets
 * *role (static text) and *layer (-1 when none), or 0 when unknown. */
int arch_role(const char *arch, const char *name, const char **role, int64_t *layer);

/* Sort key of forward-pass order: embed, pos, blocks ascending (norm.attn q k v o norm.mlp gate up down, biases after their weights),
 * final norm, head; unknown names keep their source order after the known ones. */
uint64_t arch_order(const char *role, int64_t layer);

#endif
