/* make_hf: the tokenizer's files of a Hugging Face folder for a model that came from elsewhere (GGUF, llama2.c);
 * config.json is arch/config.h's. */
#ifndef WEIR_CKPT_MAKE_HF_H
#define WEIR_CKPT_MAKE_HF_H

#include "base/mem.h"
#include "tok/tok.h"
#include "tensor/bundle.h"

/*
 * tokenizer.json, appended. Of SentencePiece's kind: merges are all pairs of pieces that give a piece, highest score
 * first, then longest left half, as Hugging Face's conversion orders them (transformers,
 * convert_slow_tokenizer.generate_merges).
 */
void make_hf_tokenizer(const struct tok *t, struct buf *out);

void make_hf_merges(const struct tok *t, struct buf *out); /* its member of that name */

/* tokenizer.model (SentencePiece's protobuf: pieces, scores, types, ids, normalization), appended; nothing for the
 * other kind. */
void make_hf_sentencepiece(const struct tok *t, struct buf *out);

/* tokenizer_config.json, appended. template: n bytes of a chat template, or NULL. */
void make_hf_tokenizer_config(const struct tok *t, const char *template, size_t n, struct buf *out);

#endif
