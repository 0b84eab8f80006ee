/*
 * sample: without replacement, with probabilities that go as exp (score / temperature). key = score / T + G, G standard
 * Gumbel of (seed, id): the k greatest keys are such a sample, and the k greatest of parts hold the k greatest of the
 * whole. Source: Kool, van Hoof, Welling 2019, Stochastic beams and where to find them, section 2.3; Xie and others
 * 2023 (DSIR), with T = 1.
 */
#include "select/select.h"

static double key(const struct select_args *a, struct rng r, double score)
{
    return score / a->temperature + rng_gumbel(r, 0);
}

const struct select_method select_sample = {
    "sample", "at random, by exp (score / temperature)", SELECT_SCORE, key, NULL, NULL};
