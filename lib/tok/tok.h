/*
 * tok: text to token ids and back. Four kinds: SentencePiece's BPE with byte fallback, byte-level BPE, WordPiece,
 * Unigram.
 *
 * The ids are those of spm_encode for tokenizer.model, and of Hugging Face's tokenizers for tokenizer.json, with one
 * difference by intent: control tokens ("<s>", "<|im_start|>") are found in a text only when asked for, so no text can
 * forge them. Tokens added without "special" are found. Bytes that are not UTF-8 become U+FFFD, one each, as in
 * SentencePiece. Whatever a file asks for and this reader does not know is refused by name. "truncation", "padding" and
 * "decoder" of tokenizer.json say nothing about encoding and are not read.
 */
#ifndef WEIR_TOK_TOK_H
#define WEIR_TOK_TOK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

enum { TOK_SPM = 1, TOK_BPE, TOK_WPM, TOK_UGM }; /* tokenizer.ggml.model "llama", "gpt2", "bert", "t5" */
#define TOK_AROUND 8                             /* tokens before, or after, a text, at most */

/* GGUF's token types, which are SentencePiece's too. */
enum { TOK_NORMAL = 1, TOK_UNKNOWN, TOK_CONTROL, TOK_USER_DEFINED, TOK_UNUSED, TOK_BYTE };

/* Bytes of the tokenizer's files of one folder; len 0 when absent. */
struct tok_files {
    struct buf model, json, config,
        added; /* tokenizer.model (or spiece.model), tokenizer.json, tokenizer_config.json, added_tokens.json */
};

struct buf *tok_file(struct tok_files *f,
                     const char *name); /* where the file of this name goes, or NULL when it is none of them */
void tok_files_free(struct tok_files *f);

/* A list of ids that grows. {0} is empty and valid; free(ids.id) ends it. */
struct tok_ids {
    uint32_t *id;
    size_t n, cap;
    size_t
        dropped; /* bytes of texts that no piece stands for, where there is no unknown piece either: they left nothing
                  * */
};

struct tok;

/*
 * Read a tokenizer. f (in) is not kept. tokenizer.model wins when tokenizer.json is there too, which then gives the
 * tokens that it adds beyond the vocabulary, as added_tokens.json and tokenizer_config.json do; the last gives bos,
 * eos, unk, pad, add_bos_token.
 * Returns NULL with e set: the file, the place in it and what is wrong or not known.
 * Cost: a pass over the files; memory some three times their size.
 */
struct tok *tok_open(const struct tok_files *f, struct err *e);
/* The same from the files of a folder, each at most 256 MiB. NULL also when neither of the first two is there. */
struct tok *tok_open_folder(const char *folder, struct err *e);
void tok_close(struct tok *t); /* NULL is fine */

/* A tokenizer as GGUF's keys tokenizer.ggml.* hold it; what is here is in the form of tok_piece, tok_merge, tok_pre. */
struct tok_parts {
    int kind;
    uint32_t n;
    const char *const *text; /* n pieces of len[i] bytes */
    const size_t *len;
    const float *score;  /* n; TOK_SPM and TOK_UGM must have them */
    const int32_t *type; /* n; NULL: all normal */
    size_t merges;
    const char *const *merge;   /* TOK_BPE */
    const char *pre;            /* TOK_BPE; a name that tok_pre gives */
    int64_t bos, eos, unk, pad; /* -1: none */
    int add_bos, add_eos;
    int space_prefix, trim_spaces; /* TOK_SPM, TOK_UGM; GGUF's defaults are 1 and 0 */
    const void *charsmap;          /* TOK_UGM: SentencePiece's precompiled_charsmap, or NULL */
    size_t charsmap_n;
};

/*
 * Make a tokenizer of parts, which are not kept. It encodes as the one whose parts these are, but for what GGUF cannot
 * say: spaces beside an added token that are its own (lstrip, rstrip), and a normalizer that is not its family's.
 * Returns NULL with e set. Cost as tok_open.
 */
struct tok *tok_from_parts(const struct tok_parts *p, struct err *e);

/*
 * Read llama2.c's tokenizer.bin: n bytes at p, of which the first `vocab` pieces are taken (0: all). It is
 * SentencePiece's kind with a space before the text; ids 0, 1, 2 are unk, bos, eos and 3 to 258 the bytes.
 * Returns NULL with e set. Source: llama2.c, tokenizer.py (export) and run.c (build_tokenizer).
 */
struct tok *tok_open_llama2c(const void *p, size_t n, uint32_t vocab, struct err *e);

/* Append what the tokenizer puts before a text: bos, where it adds it, or what its post-processor says. */
void tok_begin(const struct tok *t, struct tok_ids *out);
void tok_ids_add(struct tok_ids *ids, uint32_t id);

/*
 * Append the ids of text[0..n) to out; neither bos nor eos is added. n is at most 2^31 - 1.
 * special: 1: control tokens ("<|im_start|>") in the text are the tokens they are; 0: they are text as any other.
 * Returns 0, or -1 with e set (a pattern that needs too many steps, a normalizer that makes more than 64 bytes of each)
 * and out as before. A byte that no piece stands for becomes the unknown piece, or is dropped and counted.
 * Cost: near linear (a heap of pairs; words met before are looked up). Memory: the ids, the normalized text and what
 * each step makes of it, and some 65 bytes for each character of the longest word: all of the text where pieces may
 * cross words. t is only read: threads may share it.
 */
int tok_encode(const struct tok *t, const char *text, size_t n, int special, struct tok_ids *out, struct err *e);

/*
 * Append the bytes of n ids to out. Control tokens give nothing, the unknown token gives " \u2047 "; the space that
 * encoding put before the text is taken off again. Returns 0, or -1 when an id is not below tok_vocab.
 */
int tok_decode(const struct tok *t, const uint32_t *ids, size_t n, struct buf *out, struct err *e);

int tok_kind(const struct tok *t);
uint32_t tok_vocab(const struct tok *t); /* number of ids, added tokens and holes counted */
int64_t tok_bos(const struct tok *t);    /* ids, or -1 when there is none */
int64_t tok_eos(const struct tok *t);
int64_t tok_unk(const struct tok *t);
int64_t tok_pad(const struct tok *t);
int tok_add_bos(const struct tok *t); /* 1 when a sequence begins with bos */
int tok_add_eos(const struct tok *t);
int tok_space_prefix(const struct tok *t); /* 1 when a space is put before the text (add_space_prefix) */
int tok_trim_spaces(
    const struct tok *t); /* TOK_SPM, TOK_UGM: 1 when runs of spaces become one (remove_extra_whitespaces) */

/* Text of an id as GGUF stores it: U+2581 for space (TOK_SPM, TOK_UGM) or the byte-level alphabet (TOK_BPE);
 * WordPiece's as in its own file; ends in NUL. */
const char *tok_piece(const struct tok *t, uint32_t id, size_t *len);
float tok_score(const struct tok *t, uint32_t id); /* from merge ranks where the file has no scores */
int tok_type(const struct tok *t, uint32_t id);

size_t tok_merges(const struct tok *t);               /* 0 when read from tokenizer.model */
const char *tok_merge(const struct tok *t, size_t i); /* "a b", in order of rank */

/*
 * Name for tokenizer.ggml.pre: of a byte-level BPE the name that llama.cpp splits so by ("gpt-2", "qwen2", "llama-bpe"
 * ...), else "default"; NULL for what llama.cpp would encode in another way.
 */
const char *tok_pre(const struct tok *t);
const void *tok_charsmap(const struct tok *t, size_t *n); /* TOK_UGM: precompiled_charsmap, or NULL */

#endif
