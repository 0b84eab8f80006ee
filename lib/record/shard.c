#include "record/shard.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

/* task, its first value (a number or a variable), its step, the count or the last task (each may be missing). */
static const struct starter {
    const char *task, *first, *step, *count, *last;
} starters[] = {
    {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT", 0},
    {"mapreduce_task_partition", "0", 0, 0, 0},
    {"OMPI_COMM_WORLD_RANK", "0", 0, "OMPI_COMM_WORLD_SIZE", 0},
    {"SGE_TASK_ID", "SGE_TASK_FIRST", "SGE_TASK_STEPSIZE", 0, "SGE_TASK_LAST"},
    {"PARALLEL_SEQ", "1", 0, 0, 0},
};

/* The number in a variable, or in the word itself. 0 when it is not there. */
static int number(const char *word, uint64_t otherwise, uint64_t *v)
{
    const char *s = word && word[0] >= '0' && word[0] <= '9' ? word : word ? getenv(word) : NULL;

    *v = otherwise;
    return s && parse_u64(s, v, NULL) == 0;
}

static int from_environment(uint64_t *i, uint64_t *n, struct err *e)
{
    for (size_t k = 0; k < sizeof starters / sizeof *starters; k++) {
        const struct starter *s = &starters[k];
        uint64_t task, first, step, last;

        if (!number(s->task, 0, &task))
            continue;
        number(s->first, 1, &first);
        number(s->step, 1, &step);
        if (task < first || step == 0)
            return err_set(e, "%s is %llu, its first is %llu", s->task, (unsigned long long)task, (unsigned long long)first);
        *i = (task - first) / step + 1;
        if (*n == 0 && !number(s->count, 0, n) && number(s->last, 0, &last))
            *n = (last - first) / step + 1;
        return *n ? 0 : err_set(e, "%s does not say how many shards there are; give auto/n", s->task);
    }
    return err_set(e, "auto, but no variable says which shard this is (SLURM_ARRAY_TASK_ID, mapreduce_task_partition, "
                      "OMPI_COMM_WORLD_RANK, SGE_TASK_ID, PARALLEL_SEQ)");
}

int shard_parse(const char *arg, uint64_t *i, uint64_t *n, struct err *e)
{
    *n = 0;
    if (strncmp(arg, "auto", 4) != 0 || (arg[4] && arg[4] != '/')) {
        if (parse_pair(arg, '/', i, n, e) < 0)
            return -1;
    } else if ((arg[4] && parse_u64(arg + 5, n, e) < 0) || from_environment(i, n, e) < 0) {
        return -1;
    }
    return *i >= 1 && *i <= *n ? 0 : err_set(e, "shard %llu of %llu: shards count from 1", (unsigned long long)*i, (unsigned long long)*n);
}
