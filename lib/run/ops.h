/*
 * ops: what layers of transformers are made of, over rows of tokens. All are deterministic: a result depends on its own row or window only, and
 * sums run in a fixed order, so neither threads nor batches change a bit. Work is shared by par_for inside.
 */
#ifndef WEIR_RUN_OPS_H
#define WEIR_RUN_OPS_H

#include "run/block.h"

/* y[t] = x[t] / sqrt(mean(x[t]^2) + eps) * w. x, y: [tokens][width], may be the same; w: [width]. The sum of squares is in double
 * (Zhang & Sennrich 2019; LlamaRMSNorm). */
void op_rmsnorm(const float *x, const float *w, double eps, int64_t tokens, int64_t width, float *y);

/* y = x * W^T + bias. x: [tokens][w->cols], y: [tokens][w->rows]. */
void op_linear(const struct weight *w, const float *x, int64_t tokens, float *y);

/* y[t] = (x[t] - mean) / sqrt(var + eps) * w + b. x, y: [tokens][width], may be the same; w: [width]; b: [width] or NULL. Mean and variance in
 * double (Ba et al. 2016). */
void op_layernorm(const float *x, const float *w, const float *b, double eps, int64_t tokens, int64_t width, float *y);

/* x = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), n values: the GELU that GPT-2 was trained with. */
void op_gelu(float *x, int64_t n);

/* t->middle = t->x, where it is wanted. */
void op_keep_middle(const struct block *b, struct batch *t);

/* x += y, n values. */
void op_add(float *x, const float *y, int64_t n);

/* g = silu(g) * u, n values; silu(g) = g / (1 + exp(-g)). */
void op_swiglu(float *g, const float *u, int64_t n);

/*
 * cos and sin of the rotary angles: position * theta^(-2i/head_dim), computed in double, scaled as p says ("linear": divided by the factor;
 * "llama3": low frequencies divided, middle ones blended, transformers' _compute_llama3_parameters).
 * table  out: float[2][positions][head_dim / 2], owned by the caller: cosines, then sines
 */
float *rope_table(const struct arch_params *p, int64_t positions);

/* Turn the heads of each token by its position in its window (Su 2021). x: [tokens][heads * head_dim]; pairs (i, i + d/2), or (2i, 2i+1) when
 * p->rope_interleaved. */
void op_rope(float *x, int64_t heads, const struct arch_params *p, const struct batch *t);

/*
 * Causal attention with grouped queries: out[t] of head h = sum_s softmax_s(q[t].k[s] / sqrt(d)) v[s], s <= t in the window of t; head h uses
 * keys and values of head h / (heads / kv_heads).
 * a    in: q, k, v of the batch's first token; a token's row of queries is q_ld floats wide, of keys and values kv_ld, so that they may lie in
 *      one fused matrix
 * out  [tokens][heads * d]; t->received, where it is there, is added to
 * Cost: 4 len^2 d for a window and head. Memory: for each thread 64 floats for each token of the longest window.
 */
struct heads {
    const float *q, *k, *v;
    int64_t q_ld, kv_ld, heads, kv_heads, d;
};
void op_attention(const struct heads *a, const struct batch *t, float *out);

#endif
