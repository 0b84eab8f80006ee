/* to_quantized_int: what the formats of to_quantized share. Private to to_quantized*.c. */
#ifndef WEIR_CKPT_TO_QUANTIZED_INT_H
#define WEIR_CKPT_TO_QUANTIZED_INT_H

#include "ckpt/to_quantized.h"
#include "record/json.h"

/* A quantized weight as numbers, in memory. */
struct coded {
    const char *name;    /* of its tensor in the files; owned by the caller, as all that is not said to be own */
    uint64_t rows, cols; /* of a stack: rows of all its matrices */
    struct shape stored; /* the tensor that it is a part of, or is: outputs first */
    uint64_t *row;       /* own: [rows] where each goes in that tensor */
    uint64_t first;      /* the least of them */
    int together;        /* they are a run, in whatever order */

    int whole;          /* of codes: 1: whole numbers less a zero, 0: floats */
    enum dtype element; /* floats: F4, F8_E4M3 or F8_E5M2 */
    int bits;
    uint64_t group, groups; /* columns of one (0: the row), and how many in a row */
    const uint8_t *codes;   /* [rows][code_bytes], packed from the least bit on */
    uint64_t code_bytes;
    const uint8_t *scales; /* [rows][groups] of scale_type */
    enum dtype scale_type;
    uint64_t scale_bytes;  /* of a row */
    const uint8_t *zeros;  /* [rows][groups], or NULL: 2^(bits - 1) */
    const uint32_t *order; /* [cols] the group of each column, or NULL: runs */
    float divisor;         /* of all scales: a value is code * scale / divisor */
    uint8_t *own[3];
    uint32_t *own_order;
};

/*
 * A loaded bundle as numbers. 1; 0: its value is no one term of codes; -1: such a term that no format of quantizers
 * holds, of which the clause is said.
 */
int coded_make(struct coded *c, const struct bundle *b, const struct hf_place *place, struct err *e);
void coded_free(struct coded *c);
int coded_is(const struct bundle *b); /* is its value one term of codes, by the header? */

static inline int coded_one_group(const struct coded *c)
{
    return c->groups == 1 && !c->order;
}

/* A tensor of the pile: name without ".weight" (where it ends so) and end, begun by the first of its parts. -1. */
int64_t coded_tensor(struct to_quantized *q, const struct coded *c, const char *end, enum dtype t,
                     const struct shape *s, struct err *e);

/* A row of n bytes for each of the weight's, to where it goes. data: [rows][n]. */
int coded_put_rows(struct to_quantized *q, const struct coded *c, int64_t item, const uint8_t *data, uint64_t n,
                   struct err *e);

/* A tensor of lines across the outputs, `bits` for each of them: data has the weight's, in the order of where rows go.
 * c->together, and in all of it, before it and in the whole tensor bits fill bytes. */
int coded_put_lines(struct to_quantized *q, const struct coded *c, int64_t item, const void *data, uint64_t lines,
                    uint64_t bits, struct err *e);

unsigned coded_zero(const struct coded *c, uint64_t row, uint64_t group);

/* Number `at` of a run of words of 32, packed from the least bit on; the words were 0 there. */
void coded_place(uint32_t *words, uint64_t at, int bits, unsigned v);

struct quantizer {
    const char *name;
    const char *holds; /* ends the refusal of what is not held: which forms, and what makes them */
    int stacks;        /* 1: stacks of experts as GPT-OSS has them, and nothing else; their tensors have no ".weight" */
    int head;          /* the head may be quantized */
    int one;           /* all weights have bits and group in common */
    int converts;      /* readers give scales the model's own type */
    unsigned kinds;    /* of compressed-tensors' containers: which */
    /* Does the format hold it? Then *s is its scheme; else -1 with a clause. */
    int (*fits)(const struct quantizer *how, const struct coded *c, struct quantized_scheme *s, struct err *e);
    int (*put)(struct to_quantized *q, const struct coded *c, const struct quantized_scheme *s, struct err *e);
    /* quantization_config, an object. */
    void (*config)(const struct to_quantized *q, struct buf *out);
};

/* "a", "b": names as JSON strings between commas; before: what stands before each. */
void quantized_put_names(struct buf *out, char *const *name, size_t n, const char *before);

#endif
