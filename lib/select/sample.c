/*
 * sample: without replacement, with probabilities that go as exp (score / temperature). key = score / T + G, G standard
 * Gumbel of (seed, id): the k greatest keys are such a sample, and the k greatest of parts hold the k greatest of the
 * whole. Source: Kool, van Hoof, Welling 2019, Stochastic beams and where to find them, section 2.3; Xie and others
 * 2023 (DSIR), with T = 1.
 */
#include "select/select.h"

static double temperature = 1;

static double key(struct rng r, double score)
{
    return score / temperature + rng_gumbel(r, 0);
}

static const struct opt opts[] = {{.letter = 'T',
                                   .name = "temperature",
                                   .arg = "X",
                                   .kind = OPT_F64 | OPT_ABOVE,
                                   .to = &temperature,
                                   .hi = INFINITY,
                                   .help = "scores are divided by X"},
                                  SELECT_SEED,
                                  OPT_END};

const struct select_method select_sample = {.name = "sample",
                                            .brief = "at random, by exp (score / temperature)",
                                            .opts = opts,
                                            .needs = SELECT_SCORE,
                                            .key = key,
                                            .temperature = &temperature};
