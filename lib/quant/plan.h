/*
 * plan: what a tensor is to become, and how. Three kinds: a block type of ggml, affine codes, a plain float type.
 */
#ifndef WEIR_QUANT_PLAN_H
#define WEIR_QUANT_PLAN_H

#include "base/err.h"
#include "quant/gram.h"
#include "tensor/bundle.h"

/* Are levels searched for by what they lose (levels.h)? As the method has it: quant_plan_for decides. */
enum quant_clip { QUANT_CLIP_DEFAULT, QUANT_CLIP_NO, QUANT_CLIP_YES };
enum quant_kind { QUANT_BLOCKS, QUANT_AFFINE, QUANT_DENSE };

struct quant_plan {
    enum quant_kind kind;
    const struct quant_block *block;   /* BLOCKS */
    const struct ggml_type *ggml;      /* BLOCKS: the same type's sizes */
    const struct quant_method *method; /* AFFINE; BLOCKS: rtn, which is the type's own encoder, or one that sweeps */
    struct quant_affine affine;        /* AFFINE */
    struct quant_gram_args gram;       /* by the gram */
    enum quant_clip clip;              /* AFFINE, BLOCKS that have levels */
    enum dtype dtype;                  /* DENSE */
    int residual;                      /* 1: a second term, dense F32, holds what was lost */
};

/* Kind and type from "q4_K" (any case), "int2" to "int8", "fp4" (table.h), "f32", "f16", "bf16". Group, sym, scales and
 * method are left as they are. -1 when the name is none of these. */
int quant_plan_parse(struct quant_plan *p, const char *type, struct err *e);

/* What int types leave open; -1 when a name is unknown, sym does not go with the method, or the type is no int type and
 * sym is asked for, or a method that does not go into it. */
int quant_plan_options(struct quant_plan *p, const char *method, const char *scales, uint64_t group, int sym,
                       struct err *e);

/* So many rows share a scale: 0 or 1: each has its own; else a power of two up to 512. -1: of a type that is no table
 * of floats, or with a method that goes column by column. */
int quant_plan_tall(struct quant_plan *p, uint64_t rows, struct err *e);

/*
 * Plans of a list, "int2,q4_K": options that int types leave open as above, which the others of the list do without.
 * For measuring a tensor at a time.
 * plan, name  out: [most], the last name NULL; the names live as long as the process
 * How many, or -1: most or more, a type or option that is none, a method that changes whole layers.
 */
int quant_plan_list(struct quant_plan *plan, const char **name, int most, const char *list, const char *method,
                    const char *scales, uint64_t group, int sym, struct err *e);

/* Is b what quantizers act on: a matrix of reals; unless named, one that is quantizable (tensor/quantizable.h). */
int quant_takes(const struct bundle *b, int named);

/* Would all that is left for b be the last fallback, F16, though it has no role that says what it is? Then it stays as
 * it is. */
int quant_falls_out(const struct quant_plan *p, const struct bundle *b);
uint64_t quant_value_bytes(const struct bundle *b); /* of its terms' parts, decoded */

/* The one dense term of a value whose other terms are all products or sparse (lrfactor's): it alone is quantized, they
 * stay. -1: no such value, all is quantized. quant_kept_bytes: of what stays. */
int quant_dense_beside(const struct bundle *b);
uint64_t quant_kept_bytes(const struct bundle *b);

/* What rows of cols can have: p itself, or down its fallbacks when cols is no multiple of the block; at last F16. */
struct quant_plan quant_plan_fit(const struct quant_plan *p, uint64_t cols);

/* What b (header read) can have: as above; and where b is the embedding or the head, rtn in place of a method that goes
 * by the gram and has none, and quant_block.without in place of a type that needs importance and has none. Linears of a
 * layer keep theirs: there that is an error of the pipe. The default of clip is decided: yes for awq (but not for q and
 * k), for gptq into blocks, and with a gram for gptq and rtn at 4 bits and fewer. */
struct quant_plan quant_plan_for(const struct quant_plan *p, const struct bundle *b);

/* Has the plan levels to search for: affine codes with whole zeros, or blocks of that kind? */
int quant_plan_clips(const struct quant_plan *p);

/* Has b (header read) what a type that needs importance, or clip, goes by; or is it an expert that no token went to? -1
 * says that and what gives it. importance: 0 where norm2 is not to be used. */
int quant_plan_allows(const struct quant_plan *p, const struct bundle *b, int importance, struct err *e);

/* The type of that name, any case, among those scales may have: F16, BF16, F32; or -1. */
int quant_scales_find(const char *name);

/* Append what --list prints of types: a line for each. */
void quant_list(struct buf *out);

const char *quant_plan_name(const struct quant_plan *p, char buf[32]); /* "q4_K", "int4", "F16" */
uint64_t quant_plan_bytes(const struct quant_plan *p, uint64_t rows, uint64_t cols);

/* Largest magnitude that the type takes: the largest half where a scale is one. */
float quant_plan_limit(const struct quant_plan *p);

/* Replace b's value by one term of the plan with its parts declared, none loaded. */
void quant_plan_declare(const struct quant_plan *p, struct bundle *b);

#endif
