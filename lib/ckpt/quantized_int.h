/* quantized_int: what the methods of quantized checkpoints share. Private to quantized*.c. */
#ifndef WEIR_CKPT_QUANTIZED_INT_H
#define WEIR_CKPT_QUANTIZED_INT_H

#include "ckpt/quantized.h"
#include "ckpt/quantized_read.h"
#include "record/json.h"

struct quantized {
    struct source *s;
    const struct json *config; /* the quantizer's */
    const char *method;
    enum dtype dense; /* the type that the model has when it is not quantized */
    struct quantized_name {
        char *name;
        size_t at; /* in s->tensor */
    } * by_name;   /* all, as they were, sorted */
    uint8_t *gone; /* [tensors]: taken into another, or of no weight */
};

/* The tensor BASE + END, where base is the first n bytes of name; it will be gone. NULL: there is none. */
struct file_tensor *quantized_beside(struct quantized *q, const char *name, size_t n, const char *end);

/* The length of name without its ending, or 0 when it does not end so. */
size_t quantized_base(const char *name, const char *end);

/* t becomes a matrix (or a stack) with this name, shape and value, whose peer makes `dense` of it. name is owned. */
void quantized_give(struct file_tensor *t, char *name, const struct shape *shape, enum dtype dense,
                    struct file_value *v);

/* The attribute round of a value, where its type is a short one. */
void quantized_round(struct file_value *v, enum dtype t);

/* Part "table": the values of a short float type, by their codes. */
void quantized_table(struct file_value *v, enum dtype t);

/* One F32 of a tensor. -1: it does not hold one number of a real type. */
int quantized_number(struct quantized *q, const struct file_tensor *t, float *out, struct err *e);

uint64_t quantized_count(const struct file_tensor *t); /* its elements */

struct quantized_size { /* of a weight: a stack of matrices, or one */
    uint64_t stack, rows, cols;
};
struct quantized_sides {   /* how scales lie over a matrix */
    uint64_t rows, cols;   /* of the scales of one matrix */
    uint64_t every, group; /* rows and columns of the weight that share one */
};

/* How the numbers of t lie over each matrix of w: one for all, each row, group or block. -1: they cannot be of such a
 * weight. */
int quantized_grid_of(const struct quantized *q, const struct file_tensor *t, const struct quantized_size *w,
                      struct quantized_sides *g, struct err *e);

/* A part with a row for each of the weight's: those of t, that lie over it so. */
struct value_part *quantized_per_group(struct file_value *v, const char *name, enum dtype dtype,
                                       const struct file_tensor *t, const struct quantized_size *w,
                                       const struct quantized_sides *g);

/*
 * The group of each of n inputs, from a tensor of so many I32 or I64: where they are no runs of `group` columns, part
 * "index" is added. groups: how many there are. -1: of another size, or a group that is none. Of t NULL nothing is
 * done.
 */
int quantized_order(struct quantized *q, struct file_value *v, const struct file_tensor *t, uint64_t n, uint64_t group,
                    uint64_t groups, struct err *e);

/*
 * What a method's row does: tensor t, one of the source, into a value if it is of the method. 1: done, 0: it is none of
 * the method's, -1. Shapes are checked here; bytes are read when the value is.
 */
typedef int quantized_taker(struct quantized *q, struct file_tensor *t, struct err *e);
quantized_taker quantized_grid;   /* numbers with a scale each tensor, row, group or block: fp8, fbgemm_fp8, modelopt,
                     * compressed-tensors */
quantized_taker quantized_packed; /* compressed-tensors' words of codes */
quantized_taker quantized_fp4;    /* nvfp4 and mxfp4 of compressed-tensors, nvfp4 of modelopt */
quantized_taker quantized_gptq;
quantized_taker quantized_awq;
quantized_taker quantized_bnb;   /* bitsandbytes: nf4, fp4, int8 */
quantized_taker quantized_mxfp4; /* stacks of experts, as GPT-OSS has them */

/* Remove a member of the outermost object of a JSON text. The text is known to be JSON. */
void quantized_drop_member(struct buf *text, const char *key);

#endif
