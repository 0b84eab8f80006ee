/*
 * names: what the tensors of one model are called in Hugging Face and in GGUF, and which order the rows of q and k have
 * there.
 *
 * llama.cpp turns pairs (2i, 2i+1) of q and k where a page says rope=pair, Hugging Face (i, i + d/2): head.model's key
 * rope, "interleaved" and "half". So rows of each head of d rows stand in another order (to_gguf_row, to_hf_row).
 */
#ifndef WEIR_CKPT_NAMES_H
#define WEIR_CKPT_NAMES_H

#include "arch/place.h"

/* Is it a name of GGUF? Of a page that knows it, else by how it begins. */
int names_gguf(const char *name);

/* Hugging Face's name of a tensor, whatever it is called; ':' and the role behind it where the stored tensor holds
 * several. NULL: arch is not known (or NULL), or has no such tensor. The caller frees it. */
char *names_hf(const char *arch, const char *name);

/* Is it q or k, weight or bias, whose rows go by rotary pairs? 0 when arch is not known. */
int names_rotary(const char *arch, const char *name);

/* Are the rows of its q and k interleaved? model: head.model; where it has no key rope the name decides: GGUF's are,
 * where the page says so. */
int names_interleaved(const struct attrs *model, const char *arch, const char *name);

/* What must be added to a vector of one form to be the same vector in the other: 1 from Hugging Face's to GGUF's where
 * a page says plus1=hf. */
float names_offset(const char *arch, const char *from, const char *to);

#endif
