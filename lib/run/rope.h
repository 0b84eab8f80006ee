/*
 * rope: rotary angles (Su 2021), scaled as head.model says:
 *
 *   rope_scaling           "" or "default", "linear", "dynamic", "llama3", "yarn", "longrope"
 *   rope_factor            by how much the context was extended; without it context / rope_original_context
 *   rope_original_context  positions that the model was trained with
 *   llama3                 rope_low_freq, rope_high_freq: wave lengths above original/low are divided, those below
 *   original/high are not (Llama 3.1)
 *   yarn                   rope_beta_fast (32), rope_beta_slow (1), rope_truncate (1); rope_attention_factor, or
 *   rope_mscale and rope_mscale_all_dim, or
 *                          0.1 ln factor + 1 (Peng et al. 2023, YaRN)
 *   longrope               rope_short, rope_long: a list, a divisor for each frequency; rope_attention_factor, or
 *   sqrt(1 + ln factor / ln original)
 *                          (Ding et al. 2024). The long ones count when the longest window is longer than
 *                          rope_original_context.
 *   dynamic                the base grows with the longest window beyond the model's context (NTK)
 *
 * The numbers are those of transformers 5 (modeling_rope_utils), computed in double.
 */
#ifndef WEIR_RUN_ROPE_H
#define WEIR_RUN_ROPE_H

#include "arch/model.h"

struct rope {
    double base;
    int64_t dims, positions;
    int scaled;
    float *cos, *sin; /* [positions][dims / 2], times the attention factor */
    struct rope *next;
};

/* The tables for rotations of dims values a head, made once. cache: of one run, all with the same positions. -1: a list
 * of the wrong length, a factor that is no number above 0, a scaling that is not known. Memory: 4 * positions * dims
 * bytes. */
int rope_find(struct rope **cache, const struct model *m, double base, int64_t dims, int scaled, int64_t positions,
              const struct rope **out, struct err *e);
void rope_free(struct rope *cache);

/* Frequencies in radians a position, and the factor of cosines and sines. f: double[dims / 2]. */
int rope_frequencies(const struct model *m, double base, int64_t dims, int scaled, int64_t positions, double *f,
                     double *factor, struct err *e);

/* May windows be longer than the model's context? */
int rope_stretches(const struct model *m);

#endif
