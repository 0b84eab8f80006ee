/* shard: which part of a work is ours: "3/7" from a command line or from the environment of a job; and where a list is
 * cut into parts. */
#ifndef WEIR_BASE_SHARD_H
#define WEIR_BASE_SHARD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SHARD_MAX (1 << 20) /* shards of one work */

struct shard { /* i of n, counted from 1; 0 of 0: the whole */
    int64_t i, n;
};

/*
 * text: "I/N", or "auto": what the first of these says that is set and belongs to an array of jobs:
 *   SLURM_ARRAY_TASK_ID        i = (ID - SLURM_ARRAY_TASK_MIN) / SLURM_ARRAY_TASK_STEP + 1, n = SLURM_ARRAY_TASK_COUNT
 *   mapreduce_task_partition   i = it + 1
 *   OMPI_COMM_WORLD_RANK       i = it + 1, n = OMPI_COMM_WORLD_SIZE
 *   SGE_TASK_ID                i = (ID - SGE_TASK_FIRST) / SGE_TASK_STEPSIZE + 1, n = (SGE_TASK_LAST - FIRST) /
 *   STEPSIZE + 1
 *   PARALLEL_SEQ               i = it
 * "auto/N": likewise; N must agree with the n of the environment where that has one, and is needed where it has none.
 * -1: neither of these forms, no variable is set, a variable is no number, i is not 1 to n; the clause names the
 * variable and both values. Order and bases: Slurm, Hadoop, Open MPI, Grid Engine and GNU parallel count from their
 * MIN, 0, 0, FIRST and 1.
 */
int shard_parse(const char *text, struct shard *s, struct err *e);

/*
 * Cut a list into at most n runs, one for each shard, so that the fullest is as small as cutting between items allows
 * and the others are near to their mean. shard[i] (out, count items): 1 to n, ascending. Shards at the end stay empty
 * when there is too little to share. bytes[count]: sizes. unit[count] or NULL: neighbours with equal numbers of 0 or
 * more stay together (layers). Cost: O(count * 64). Memory: 24 bytes an item. The same for the same numbers, whoever
 * asks, so every shard finds its share alone.
 */
void shard_cut(const uint64_t *bytes, const int64_t *unit, size_t count, int64_t n, int64_t *shard);

#endif
