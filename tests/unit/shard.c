/* shard: "i/n" from a command line and from five schedulers; lists cut into shares. */
#include "base/shard.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "tests/unit/check.h"

static struct err e;
static struct shard s;

static const char *const names[] = {
    "SLURM_ARRAY_TASK_ID",      "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_STEP",
    "mapreduce_task_partition", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",   "SGE_TASK_ID",
    "SGE_TASK_FIRST",           "SGE_TASK_LAST",        "SGE_TASK_STEPSIZE",      "PARALLEL_SEQ"};

/* Is text, in an environment of these "NAME=VALUE" words only, shard i of n? i 0: refused with the clause want. */
static void in(const char *env, const char *text, int64_t i, int64_t n, const char *want)
{
    char copy[400];
    int rc;

    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        unsetenv(names[k]);
    snprintf(copy, sizeof copy, "%s", env);
    for (char *w = strtok(copy, " "); w; w = strtok(NULL, " ")) {
        char *is = strchr(w, '=');

        *is = '\0';
        setenv(w, is + 1, 1);
    }
    rc = shard_parse(text, &s, &e);
    CHECK(rc == (i ? 0 : -1));
    if (i)
        CHECK(s.i == i && s.n == n);
    else
        CHECK_STR(e.msg, want);
}

static void by_hand(void)
{
    in("", "1/1", 1, 1, "");
    in("PARALLEL_SEQ=5", "3/7", 3, 7, "");
    in("", "0/7", 0, 0, "'0/7': shards count from 1, 1048576 at most");
    in("", "8/7", 0, 0, "'8/7': shards count from 1, 1048576 at most");
    in("", "1/1048577", 0, 0, "'1/1048577': shards count from 1, 1048576 at most");
    in("", "auto/1048577", 0, 0, "'auto/1048577': shards count from 1, 1048576 at most");
    static const char *const bad[] = {"",     "3",     "/",     "1/",     "/7",     "-1/7", "1/7x",
                                      "1 /7", "autos", "auto/", "auto/0", "auto/x", "Auto"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        char want[80];

        snprintf(want, sizeof want, "'%s' is none of I/N, auto, auto/N", bad[k]);
        in("SLURM_ARRAY_TASK_ID=1", bad[k], 0, 0, want);
    }
}

static void by_schedulers(void)
{
    in("SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_STEP=1", "auto", 1, 4,
       "");
    in("SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_STEP=2", "auto", 4, 4,
       "");
    in("SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_STEP=2", "auto/4", 4, 4,
       "");
    in("mapreduce_task_partition=0", "auto/3", 1, 3, "");
    in("OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=3", "auto", 3, 3, "");
    in("SGE_TASK_ID=7 SGE_TASK_FIRST=1 SGE_TASK_LAST=7 SGE_TASK_STEPSIZE=1", "auto", 7, 7, "");
    in("SGE_TASK_ID=6 SGE_TASK_FIRST=2 SGE_TASK_LAST=8 SGE_TASK_STEPSIZE=2", "auto", 3, 4, "");
    in("SGE_TASK_ID=2", "auto/5", 2, 5, "");
    in("PARALLEL_SEQ=5", "auto/7", 5, 7, "");
    /* the first in the order counts; Grid Engine's "undefined" does not */
    in("PARALLEL_SEQ=5 SGE_TASK_ID=4 OMPI_COMM_WORLD_RANK=2 mapreduce_task_partition=1 SLURM_ARRAY_TASK_ID=0", "auto/7",
       1, 7, "");
    in("PARALLEL_SEQ=5 SGE_TASK_ID=4 OMPI_COMM_WORLD_RANK=2 mapreduce_task_partition=1", "auto/7", 2, 7, "");
    in("PARALLEL_SEQ=5 SGE_TASK_ID=4 OMPI_COMM_WORLD_RANK=2", "auto/7", 3, 7, "");
    in("PARALLEL_SEQ=5 SGE_TASK_ID=4", "auto/7", 4, 7, "");
    in("PARALLEL_SEQ=5 SGE_TASK_ID=undefined SGE_TASK_FIRST=undefined", "auto/7", 5, 7, "");
}

static void refused(void)
{
    in("", "auto", 0, 0,
       "auto: none of SLURM_ARRAY_TASK_ID, mapreduce_task_partition, OMPI_COMM_WORLD_RANK, SGE_TASK_ID, PARALLEL_SEQ "
       "is set");
    in("PARALLEL_SEQ=5", "auto", 0, 0, "auto: PARALLEL_SEQ is 5, but of how many? give auto/N");
    in("PARALLEL_SEQ=8", "auto/7", 0, 0, "auto: PARALLEL_SEQ is 8, which is shard 8 of 7");
    in("PARALLEL_SEQ=x", "auto/7", 0, 0, "PARALLEL_SEQ is 'x', not a number from 0 to 2147483647");
    in("PARALLEL_SEQ=0", "auto/7", 0, 0, "PARALLEL_SEQ is 0, but counts from 1 in steps of 1");
    in("OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=3", "auto/4", 0, 0,
       "auto/4: the array of OMPI_COMM_WORLD_RANK has 3 jobs");
    in("OMPI_COMM_WORLD_RANK=-1 OMPI_COMM_WORLD_SIZE=3", "auto", 0, 0,
       "OMPI_COMM_WORLD_RANK is '-1', not a number from 0 to 2147483647");
    in("SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_STEP=3", "auto/4", 0, 0,
       "SLURM_ARRAY_TASK_ID is 4, but counts from 0 in steps of 3");
    in("SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_STEP=0", "auto/4", 0, 0,
       "SLURM_ARRAY_TASK_ID is 4, but counts from 0 in steps of 0");
}

/* The fullest shard of the best cut, by trying all. */
static uint64_t best(const uint64_t *b, size_t count, int64_t n)
{
    uint64_t least = UINT64_MAX, full = 0;

    if (n == 1) {
        for (size_t i = 0; i < count; i++)
            full += b[i];
        return full;
    }
    for (size_t i = 0; i <= count; i++) {
        uint64_t rest = best(b + i, count - i, n - 1), most = full > rest ? full : rest;

        least = most < least ? most : least;
        full += i < count ? b[i] : 0;
    }
    return least;
}

static void cuts(void)
{
    struct rng r = rng_make(7, "cuts", 4);
    uint64_t draw = 0;

    for (int round = 0; round < 300; round++) {
        uint64_t b[9], full[6] = {0}, most = 0, count = rng_below(r, draw++, 10);
        int64_t shard[9], n = 1 + (int64_t)rng_below(r, draw++, 5);

        for (uint64_t i = 0; i < count; i++)
            b[i] = rng_below(r, draw++, 8) ? rng_below(r, draw++, 20) : 500;
        shard_cut(b, NULL, count, n, shard);
        for (uint64_t i = 0; i < count; i++) {
            CHECK(shard[i] >= (i ? shard[i - 1] : 1) && shard[i] <= n);
            full[shard[i]] += b[i];
        }
        for (int64_t k = 1; k <= n; k++)
            most = full[k] > most ? full[k] : most;
        CHECK(most == best(b, count, n));
    }
}

static int is_cut(const uint64_t *b, const int64_t *unit, size_t count, int64_t n, const char *want)
{
    int64_t shard[16];
    char got[17] = "";

    shard_cut(b, unit, count, n, shard);
    for (size_t i = 0; i < count; i++)
        got[i] = (char)('0' + shard[i]);
    got[count] = '\0';
    CHECK_STR(got, want);
    return 0;
}

static void even(void)
{
    is_cut((uint64_t[]){1, 1, 1, 1, 1, 1}, NULL, 6, 3, "112233");
    is_cut((uint64_t[]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 100}, NULL, 11, 3,
           "11111222223"); /* one larger than its share: alone */
    is_cut((uint64_t[]){100, 1, 1, 1, 1}, NULL, 5, 3, "12233");
    is_cut((uint64_t[]){100, 10, 10}, NULL, 3, 7, "123"); /* fewer than shards: the last are empty */
    is_cut((uint64_t[]){7}, NULL, 1, 4, "1");
    is_cut((uint64_t[]){0, 0, 0}, NULL, 3, 2, "111");
    is_cut((uint64_t[]){3, 1, 1, 1, 1, 1, 1, 3}, (int64_t[]){-1, 0, 0, 0, 1, 1, 1, -1}, 8, 2, "11112222");
    is_cut((uint64_t[]){1, 9, 9, 1, 1}, (int64_t[]){-1, 0, 0, 0, -1}, 5, 3, "12223");
    is_cut((uint64_t[]){5, 5, 5, 5}, (int64_t[]){-1, -1, -1, -1}, 4, 4,
           "1234"); /* outside of layers each stands alone */
}

int main(void)
{
    by_hand();
    by_schedulers();
    refused();
    cuts();
    even();
    return DONE();
}
