/*
 * make_hf: the files of a Hugging Face folder for a model that came from elsewhere (GGUF, llama2.c): config.json from head.model,
 * the tokenizer's files from a tokenizer.
 */
#ifndef WEIR_CKPT_MAKE_HF_H
#define WEIR_CKPT_MAKE_HF_H

#include "base/mem.h"
#include "tok/tok.h"
#include "tensor/bundle.h"

/*
 * config.json from head.model, appended.
 * type   in: safetensors' name of the weights' type, or NULL: torch_dtype is left out
 * -1: no architecture whose config.json is known here (nothing is appended). The rotary layout is not said: a folder's is "half".
 */
int make_hf_config(const struct attrs *model, const char *type, struct buf *out);

/*
 * tokenizer.json, appended. Of SentencePiece's kind: merges are all pairs of pieces that give a piece, highest score first, then
 * longest left half, as Hugging Face's conversion orders them (transformers, convert_slow_tokenizer.generate_merges).
 */
void make_hf_tokenizer(const struct tok *t, struct buf *out);

/* tokenizer.model (SentencePiece's protobuf: pieces, scores, types, ids, normalization), appended; nothing for the other kind. */
void make_hf_sentencepiece(const struct tok *t, struct buf *out);

/* tokenizer_config.json, appended. template: n bytes of a chat template, or NULL. */
void make_hf_tokenizer_config(const struct tok *t, const char *template, size_t n, struct buf *out);

#endif
