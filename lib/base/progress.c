#include "base/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/die.h"

static struct {
    int quiet, shown;
    uint64_t items, bytes, all_items, all_bytes;
    double start, last;
} p;

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_quiet(int quiet)
{
    p.quiet = quiet;
}

void progress_total(uint64_t items, uint64_t bytes)
{
    p.all_items = items;
    p.all_bytes = bytes;
}

static void show(double t)
{
    double mb = 1e-6 * (double)p.bytes, took = t - p.start;

    fprintf(stderr, "\r%s: %llu", prog_name, (unsigned long long)p.items);
    if (p.all_items)
        fprintf(stderr, "/%llu", (unsigned long long)p.all_items);
    fprintf(stderr, " tensors  %.0f MB  %.0f MB/s", mb, mb / took);
    if (p.all_bytes > p.bytes && p.bytes)
        fprintf(stderr, "  %.0f s left", took * (double)(p.all_bytes - p.bytes) / (double)p.bytes);
    fprintf(stderr, "\033[K");
    p.shown = 1;
}

void progress_step(uint64_t items, uint64_t bytes)
{
    double t;

    p.items += items;
    p.bytes += bytes;
    if (p.quiet || !isatty(STDERR_FILENO))
        return;
    t = now_s();
    if (p.start == 0)
        p.start = p.last = t;
    if (t - p.start < 1 || t - p.last < 0.2)
        return;
    p.last = t;
    show(t);
}

void progress_end(void)
{
    if (p.shown)
        fprintf(stderr, "\r\033[K");
    p.shown = 0;
}
