/* shard: which part of the work is ours, from the command line or from whoever started us. */
#ifndef WEIR_RECORD_SHARD_H
#define WEIR_RECORD_SHARD_H

#include <stdint.h>

#include "base/err.h"

/*
 * "i/n", i from 1; or "auto/n" or "auto", which read the environment, the first of these that is set: SLURM_ARRAY_TASK_ID (with _MIN,
 * _STEP, _COUNT), mapreduce_task_partition (n must be given), OMPI_COMM_WORLD_RANK and _SIZE, SGE_TASK_ID (with _FIRST, _STEPSIZE,
 * _LAST), PARALLEL_SEQ (n must be given). 0, or -1.
 */
int shard_parse(const char *arg, uint64_t *i, uint64_t *n, struct err *e);

#endif
