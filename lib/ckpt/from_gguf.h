/*
 * from_gguf: a GGUF's keys in the words of weir and of Hugging Face: head.model, and the files that a folder would
 * have.
 */
#ifndef WEIR_CKPT_FROM_GGUF_H
#define WEIR_CKPT_FROM_GGUF_H

#include "file/file.h"
#include "file/gguf.h"
#include "arch/place.h"
#include "tok/tok.h"

/*
 * What a GGUF says of its model.
 * tied      in: there is no output.weight
 * model     out: canonical keys (arch/model.h); of an architecture that is not known here only "arch"
 * A "llama" has rotary pairs (2i, 2i+1): key rope "interleaved". rope_freqs.weight is not looked at: see
 * from_gguf_scaling.
 * -1: a key that llama.cpp asks for is missing, or differs from layer to layer.
 */
int from_gguf_model(const struct gguf_in *g, int tied, struct attrs *model, struct err *e);

/*
 * The scaling that the divisors say which a GGUF keeps as rope_freqs.weight: Llama 3's, where bounds 1 and 4 (those of
 * Llama 3.1 to 3.3), the largest as the factor and an original context of 8192, or another power of two from 16 to
 * 1048576, give these numbers back to 1e-4; else longrope with them as both lists and an attention factor of 1, which
 * turns by the same angles.
 */
void from_gguf_scaling(const float *freqs, uint64_t n, struct attrs *model);

/* A float as the shortest decimal that gives the same float: 1e-05, not 9.99999975e-06. */
double from_gguf_plain(double v);

/*
 * The tokenizer of the keys tokenizer.ggml.*. NULL with e set: there is none, it is damaged, or of a kind or a pattern
 * that is not known here. Free with tok_close.
 */
struct tok *from_gguf_tokenizer(const struct gguf_in *g, struct err *e);

/*
 * The blobs config.json, tokenizer.json, tokenizer.model, tokenizer_config.json and head.model for a source that was
 * read from a GGUF.
 * note    out: why the tokenizer cannot be had (the weights and the keys still can), or an empty sentence
 * Returns 0 for a source from elsewhere, which is left as it is; 1 when it was one; -1 as from_gguf_model.
 */
int from_gguf_source(struct source *s, struct attrs *model, struct err *note, struct err *e);

#endif
