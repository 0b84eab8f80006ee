#include "base/shard.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"

/* What one scheduler says: names of variables; NULL where it has none. */
struct scheduler {
    const char *id, *first, *last, *step, *count;
    int64_t from; /* the first number, where there is no variable for it */
};

static const struct scheduler schedulers[] = {
    {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", NULL, "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT", 0},
    {"mapreduce_task_partition", NULL, NULL, NULL, NULL, 0},
    {"OMPI_COMM_WORLD_RANK", NULL, NULL, NULL, "OMPI_COMM_WORLD_SIZE", 0},
    {"SGE_TASK_ID", "SGE_TASK_FIRST", "SGE_TASK_LAST", "SGE_TASK_STEPSIZE", NULL, 1},
    {"PARALLEL_SEQ", NULL, NULL, NULL, NULL, 1},
};
#define SCHEDULERS (sizeof schedulers / sizeof *schedulers)

/* A variable's value; Grid Engine says "undefined" outside of arrays, which is as if it were not set. */
static const char *variable(const char *name)
{
    const char *v = name ? getenv(name) : NULL;

    return v && *v && strcmp(v, "undefined") != 0 ? v : NULL;
}

/* *value: that of the variable, or stays as it is. */
static int number(const char *name, int64_t *value, struct err *e)
{
    const char *v = variable(name);

    if (!v)
        return 0;
    if (parse_i64(v, value, e) < 0 || *value < 0 || *value > INT32_MAX)
        return err_set(e, "%s is '%s', not a number from 0 to %d", name, v, INT32_MAX);
    return 0;
}

static int ask(const struct scheduler *k, struct shard *s, struct err *e)
{
    int64_t id = 0, first = k->from, step = 1, last = -1;

    s->n = 0;
    if (number(k->id, &id, e) < 0 || number(k->first, &first, e) < 0 || number(k->step, &step, e) < 0 ||
        number(k->last, &last, e) < 0 || number(k->count, &s->n, e) < 0)
        return -1;
    if (step < 1 || id < first || (id - first) % step)
        return err_set(e, "%s is %lld, but counts from %lld in steps of %lld", k->id, (long long)id, (long long)first,
                       (long long)step);
    s->i = (id - first) / step + 1;
    if (last >= first)
        s->n = (last - first) / step + 1;
    return 0;
}

/* n: what was given behind "auto/", or 0. */
static int from_environment(int64_t n, struct shard *s, struct err *e)
{
    size_t k = 0;

    while (k < SCHEDULERS && !variable(schedulers[k].id))
        k++;
    if (k == SCHEDULERS)
        return err_set(
            e, "auto: none of SLURM_ARRAY_TASK_ID, mapreduce_task_partition, OMPI_COMM_WORLD_RANK, SGE_TASK_ID, "
               "PARALLEL_SEQ is set");
    if (ask(&schedulers[k], s, e) < 0)
        return -1;
    if (!n && !s->n)
        return err_set(e, "auto: %s is %s, but of how many? give auto/N", schedulers[k].id, variable(schedulers[k].id));
    if (n && s->n && n != s->n)
        return err_set(e, "auto/%lld: the array of %s has %lld jobs", (long long)n, schedulers[k].id, (long long)s->n);
    s->n = n ? n : s->n;
    if (s->i > s->n)
        return err_set(e, "auto: %s is %s, which is shard %lld of %lld", schedulers[k].id, variable(schedulers[k].id),
                       (long long)s->i, (long long)s->n);
    return 0;
}

int shard_parse(const char *text, struct shard *s, struct err *e)
{
    uint64_t i = 0, n = 0;
    int is_auto = strncmp(text, "auto", 4) == 0 && (text[4] == '\0' || text[4] == '/');

    *s = (struct shard){0, 0};
    if (is_auto ? text[4] && (parse_u64(text + 5, &n, e) < 0 || n < 1) : parse_pair(text, '/', &i, &n, e) < 0)
        return err_set(e, "'%s' is none of I/N, auto, auto/N", text);
    if (n > SHARD_MAX || (!is_auto && (i < 1 || i > n)))
        return err_set(e, "'%s': shards count from 1, %d at most", text, SHARD_MAX);
    if (is_auto && from_environment((int64_t)n, s, e) < 0)
        return -1;
    if (!is_auto)
        *s = (struct shard){(int64_t)i, (int64_t)n};
    return s->n <= SHARD_MAX ? 0 : err_set(e, "%lld shards, %d at most", (long long)s->n, SHARD_MAX);
}

/* How many shards of at most most bytes the units need. */
static uint64_t shards_for(const uint64_t *size, size_t units, uint64_t most)
{
    uint64_t n = 0, full = most;

    for (size_t i = 0; i < units; i++)
        if (n && size[i] <= most - full)
            full += size[i];
        else
            n++, full = size[i];
    return n;
}

/* The least size of the fullest of n shards: between the largest unit and all, by halving. */
static uint64_t least_most(const uint64_t *size, size_t units, uint64_t n)
{
    uint64_t lo = 0, hi = 0;

    for (size_t i = 0; i < units; i++) {
        lo = size[i] > lo ? size[i] : lo;
        hi += size[i];
    }
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;

        if (shards_for(size, units, mid) <= n)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

/* The mean share of what is left once units larger than the mean have a shard each. */
static uint64_t fair_share(const uint64_t *size, size_t units, uint64_t n)
{
    uint64_t share = UINT64_MAX;

    for (;;) {
        uint64_t large = 0, rest = 0, next;

        for (size_t i = 0; i < units; i++)
            if (size[i] > share)
                large++;
            else
                rest += size[i];
        if (large >= n || rest == 0)
            return share;
        next = rest / (n - large) ? rest / (n - large) : 1;
        if (next >= share)
            return share;
        share = next;
    }
}

/* need[i]: how many shards of at most most bytes the units from i on need. */
static void needs(const uint64_t *size, size_t units, uint64_t most, uint64_t *need)
{
    uint64_t full = 0;
    size_t end = units;

    need[units] = 0;
    for (size_t i = units; i-- > 0;) {
        full += size[i];
        while (full > most)
            full -= size[--end];
        need[i] = 1 + need[end];
    }
}

/* at[u]: the shard of unit u, from 1. A shard closes when it is nearer to the share than with the next unit, unless the
 * rest needs more room. */
static void fill(const uint64_t *size, size_t units, uint64_t n, const uint64_t *need, uint64_t most, uint64_t share,
                 int64_t *at)
{
    uint64_t left = 0, now = 1, full = 0, want, has = 0;

    for (size_t i = 0; i < units; i++)
        left += size[i] < share ? size[i] : share;
    want = left / n;
    for (size_t i = 0; i < units; i++) {
        uint64_t w = size[i] < share ? size[i] : share;
        int opens = i > 0 && now < n && need[i] <= n - now && (size[i] > most - full || 2 * has + w > 2 * want);

        if (opens) {
            now++;
            want = left / (n - now + 1);
            full = has = 0;
        }
        full += size[i];
        has += w;
        left -= w;
        at[i] = (int64_t)now;
    }
}

void shard_cut(const uint64_t *bytes, const int64_t *unit, size_t count, int64_t n, int64_t *shard)
{
    uint64_t *size = mem_new(count + 1, sizeof *size), *need = mem_new(count + 1, sizeof *need), most;
    int64_t *at = mem_new(count + 1, sizeof *at);
    size_t units = 0;

    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !unit || unit[i] < 0 || unit[i] != unit[i - 1])
            units++;
        size[units - 1] += bytes[i];
    }
    most = least_most(size, units, (uint64_t)n);
    needs(size, units, most, need);
    fill(size, units, (uint64_t)n, need, most, fair_share(size, units, (uint64_t)n), at);
    units = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !unit || unit[i] < 0 || unit[i] != unit[i - 1])
            units++;
        shard[i] = at[units - 1];
    }
    free(size);
    free(need);
    free(at);
}
