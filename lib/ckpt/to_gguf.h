/*
 * to_gguf: a model of Hugging Face's in GGUF, by its architecture's page: names of tensors and how they lie there,
 * order of rows, keys of hyper-parameters and of the tokenizer, such that llama.cpp loads and runs the file.
 *
 * Where the page says rope=pair llama.cpp turns pairs (2i, 2i+1) of q and k, Hugging Face (i, i + d/2). So the rows of
 * each head of q and k are interleaved on the way: row h*d + j*d/2 + i goes to h*d + 2i + j (j = 0, 1). Quantized rows
 * move whole. What a page marks f32, and every vector, is F32. A tied head is not written: llama.cpp takes token_embd
 * for it.
 */
#ifndef WEIR_CKPT_TO_GGUF_H
#define WEIR_CKPT_TO_GGUF_H

#include "base/err.h"
#include "base/mem.h"
#include "file/gguf.h"
#include "arch/place.h"
#include "tok/tok.h"

struct to_gguf {
    struct attrs model; /* head.model, later with the tail's corrections */
    struct model m;     /* the same, bound to its page, when ready */
    struct {
        int64_t vocab, bos, eos, unk, pad;
    } p; /* of the tokenizer; -1: none */
    int ready;
    struct gguf_in from;   /* the keys of the GGUF that the stream came from, when has_from */
    int has_from, retyped; /* retyped: a tensor's type is not the one it had in there */
    char *name;            /* general.name, or NULL */
    struct attrs noted;    /* head.more, for what it says of an importance matrix (imatrix.h) */
    struct tok_files tok;  /* tokenizer.model, tokenizer.json, tokenizer_config.json as they came */
    struct buf template;   /* chat_template.jinja */
};

/* A stream that came from a GGUF (it brings the blob GGUF_BLOB) goes back as it is: names, rows and keys; of the keys
 * are corrected those of the file's type, where a tensor's type changed, and those of hyper-parameters, where the tail
 * corrects them. */

struct gguf_place { /* where one tensor goes */
    char name[GGUF_NAME_MAX + 1];
    int skip;          /* not written: the head of a tied model, precomputed rotary angles */
    int to_f32;        /* norms and all 1-D tensors are F32 */
    uint64_t head_dim; /* rows (of a bias: elements) interleave in heads of this size; 0: they stay */
    int part;          /* it is a part of that tensor, at view; stored: the tensor's shape */
    struct view view;
    struct shape stored;
    float add; /* GGUF's vector is larger by this */
};

/* Begin. model: head.model; name: general.name or NULL. */
void to_gguf_open(struct to_gguf *g, const struct attrs *model, const char *name);
void to_gguf_close(struct to_gguf *g);

/* A file of the stream; what is needed is kept. -1: GGUF_BLOB is damaged, or comes after tensors. */
int to_gguf_blob(struct to_gguf *g, const char *name, const void *data, size_t n, struct err *e);

/* Note in a head's further keys (head.more) what general.file_type is to say of a file with quantized tensors; -1: what
 * the type that holds most of its elements says. */
void to_gguf_note_type(struct attrs *head, int type);

/* Where a tensor goes. -1: the architecture has no mapping here, a hyper-parameter is missing, or the tensor has no
 * place in a GGUF of this architecture. Of b only the header is read. */
int to_gguf_place(struct to_gguf *g, const struct bundle *b, struct gguf_place *place, struct err *e);

/* The row (element of a bias) of the GGUF that row r becomes. */
uint64_t to_gguf_row(uint64_t r, uint64_t head_dim);

/*
 * All is there: add to the pile what GGUF wants besides (rope_freqs of Llama 3's scaled angles), check that every
 * tensor that llama.cpp asks for is there in the shape that the hyper-parameters say, and make the keys.
 * tail   in: the tail's corrections of head.model, which count from here on
 * -1: a tensor is missing or of another shape, there is no tokenizer, or it has more tokens than the model (all named).
 */
int to_gguf_finish(struct to_gguf *g, const struct attrs *tail, struct pile *pile, struct gguf_keys *k, struct err *e);

/* Tensors in llama-quantize's order: those of no layer, then layer by layer, by their names. */
void to_gguf_sort(struct pile *pile);

/* Parts of the above. Bind head.model to its page (what came from a GGUF and has no page needs none: then m.arch stays
 * NULL); everything llama.cpp asks for, in the shape it will expect, and no layer beyond the last; tensors of divisors
 * of rotary angles. */
int to_gguf_ready(struct to_gguf *g, struct err *e);
int to_gguf_check(const struct to_gguf *g, const struct pile *pile, struct err *e);
int to_gguf_rope_freqs(const struct to_gguf *g, struct pile *pile, struct err *e);
int to_gguf_tokenizer(const struct to_gguf *g, struct gguf_keys *k, struct err *e);

#endif
