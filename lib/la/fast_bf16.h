/* fast_bf16: products of float in bf16, for --fast=bf16. */
#ifndef WEIR_LA_FAST_BF16_H
#define WEIR_LA_FAST_BF16_H

#include "la/gemm_int.h"

/*
 * A block of a product whose factors are rounded to bf16 (8 significant bits, relative error at most 2^-9) and whose
 * sums are f32. Weights that are bf16 in the checkpoint lose nothing. Needs kern_bf16(). Not for `upper`.
 * Memory: a copy of its rows of A and B, two bytes an element.
 */
void fast_bf16_gemm(const struct gemm_job *w, size_t i0, size_t j0, size_t rows, size_t cols);

#endif
