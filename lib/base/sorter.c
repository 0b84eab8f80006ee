#include "base/sorter.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

#define MEMORY_LEAST ((size_t)256 << 10)
#define SLICE ((size_t)64 << 10) /* least bytes that a run reads at once */
#define FEW 24                   /* strings that insertion sorts */
#define LONGEST 256

struct run {
    uint64_t at, left; /* bytes on disk, still to be read */
    uint8_t *buf;
    size_t n, next; /* bytes in buf, and where the next string is */
};

struct sorter {
    size_t size, memory;
    uint8_t *buf;  /* strings in memory */
    size_t n, cap; /* strings */
    uint64_t count;
    int fd; /* runs, one behind the other; -1 while there are none */
    uint64_t end;
    struct run *run;
    size_t runs, runs_cap;
    struct run **heap; /* when ready: runs by their next strings */
    size_t heap_n, next;
    int ready, begun;
};

static void insertion(uint8_t *p, size_t n, size_t size, size_t at)
{
    uint8_t one[LONGEST];

    for (size_t i = 1; i < n; i++) {
        size_t j = i;

        while (j && memcmp(p + (j - 1) * size + at, p + i * size + at, size - at) > 0)
            j--;
        if (j == i)
            continue;
        memcpy(one, p + i * size, size);
        memmove(p + (j + 1) * size, p + j * size, (i - j) * size);
        memcpy(p + j * size, one, size);
    }
}

static void swap(uint8_t *a, uint8_t *b, size_t size)
{
    uint8_t one[LONGEST];

    memcpy(one, a, size);
    memcpy(a, b, size);
    memcpy(b, one, size);
}

/* McIlroy, Bostic, McIlroy 1993, "Engineering radix sort": American flag sort, from byte `at` on. */
static void flag_sort(uint8_t *p, size_t n, size_t size, size_t at)
{
    size_t end[256], next[256], sum = 0, v;

    for (;; at++) {
        if (n <= FEW || at == size) {
            if (at < size)
                insertion(p, n, size, at);
            return;
        }
        memset(end, 0, sizeof end);
        for (size_t i = 0; i < n; i++)
            end[p[i * size + at]]++;
        if (end[p[at]] < n)
            break;
    }
    for (size_t b = 0; b < 256; b++) {
        next[b] = sum;
        end[b] = sum += end[b];
    }
    for (size_t b = 0; b < 256; b++)
        while (next[b] < end[b]) {
            v = p[next[b] * size + at];
            if (v != b)
                swap(p + next[b] * size, p + next[v] * size, size);
            next[v]++;
        }
    for (size_t b = 0, from = 0; b < 256; from = end[b++])
        if (end[b] - from > 1)
            flag_sort(p + from * size, end[b] - from, size, at + 1);
}

void sort_strings(uint8_t *p, size_t n, size_t size)
{
    flag_sort(p, n, size, 0);
}

struct sorter *sorter_new(size_t size, size_t memory)
{
    struct sorter *s = mem_new(1, sizeof *s);

    s->size = size;
    s->memory = memory < MEMORY_LEAST ? MEMORY_LEAST : memory;
    s->fd = -1;
    return s;
}

static int spill(struct sorter *s, struct err *e)
{
    size_t bytes = s->n * s->size;

    if (s->fd < 0 && (s->fd = io_spool(e)) < 0)
        return -1;
    sort_strings(s->buf, s->n, s->size);
    if (io_pwrite(s->fd, s->buf, bytes, s->end, e) < 0)
        return err_in(e, "temporary file");
    if (s->runs == s->runs_cap)
        s->run = mem_resize(s->run, s->runs_cap = 2 * s->runs_cap + 16, sizeof *s->run);
    s->run[s->runs++] = (struct run){s->end, bytes, NULL, 0, 0};
    s->end += bytes;
    s->n = 0;
    return 0;
}

int sorter_add(struct sorter *s, const void *rec, struct err *e)
{
    if (s->n == s->cap) {
        size_t most = s->memory / s->size;

        if (s->cap == most && spill(s, e) < 0)
            return -1;
        if (s->cap < most) {
            s->cap = s->cap ? 2 * s->cap : 1024;
            s->cap = s->cap > most ? most : s->cap;
            s->buf = mem_resize(s->buf, s->cap, s->size);
        }
    }
    memcpy(s->buf + s->n++ * s->size, rec, s->size);
    s->count++;
    return 0;
}

uint64_t sorter_count(const struct sorter *s)
{
    return s->count;
}

/* See that the run has a string in memory: 1, 0 when it is through, -1. slice: bytes of its buffer, whole strings. */
static int refill(struct sorter *s, struct run *r, size_t slice, struct err *e)
{
    if (r->next < r->n)
        return 1;
    if (r->left == 0)
        return 0;
    r->n = r->left < slice ? (size_t)r->left : slice;
    r->next = 0;
    if (io_pread(s->fd, r->buf, r->n, r->at, e) < 0)
        return err_in(e, "temporary file");
    r->at += r->n;
    r->left -= r->n;
    return 1;
}

static int before(const struct sorter *s, const struct run *a, const struct run *b)
{
    return memcmp(a->buf + a->next, b->buf + b->next, s->size) < 0;
}

static void sift(struct sorter *s, size_t i)
{
    for (size_t c; (c = 2 * i + 1) < s->heap_n; i = c) {
        struct run *r = s->heap[i];

        if (c + 1 < s->heap_n && before(s, s->heap[c + 1], s->heap[c]))
            c++;
        if (!before(s, s->heap[c], r))
            return;
        s->heap[i] = s->heap[c];
        s->heap[c] = r;
    }
}

static size_t slice_bytes(const struct sorter *s, size_t runs)
{
    size_t bytes = s->memory / (runs ? runs : 1) / s->size * s->size;

    return bytes ? bytes : s->size;
}

/* A heap over these runs, whose buffers share s->buf. */
static int heap_make(struct sorter *s, struct run *run, size_t runs, struct err *e)
{
    size_t slice = slice_bytes(s, runs);

    s->buf = mem_resize(s->buf, runs, slice);
    s->heap = mem_resize(s->heap, runs, sizeof *s->heap);
    s->heap_n = 0;
    for (size_t i = 0; i < runs; i++) {
        run[i].buf = s->buf + i * slice;
        run[i].n = run[i].next = 0;
        if (refill(s, &run[i], slice, e) < 0)
            return -1;
        s->heap[s->heap_n++] = &run[i];
    }
    for (size_t i = s->heap_n / 2; i-- > 0;)
        sift(s, i);
    return 0;
}

/* Step behind the least string. */
static int heap_pop(struct sorter *s, size_t runs, struct err *e)
{
    struct run *r = s->heap[0];
    int got;

    r->next += s->size;
    got = refill(s, r, slice_bytes(s, runs), e);
    if (got < 0)
        return -1;
    if (got == 0)
        s->heap[0] = s->heap[--s->heap_n];
    sift(s, 0);
    return 0;
}

/* Merge `runs` runs from the first on into one behind all others. */
static int merge_some(struct sorter *s, size_t runs, struct err *e)
{
    uint64_t from = s->end;
    struct run *run = s->run;
    uint8_t *out = mem_resize(NULL, SLICE / s->size + 1, s->size);
    size_t n = 0;
    int rc = heap_make(s, run, runs, e);

    while (rc == 0 && (s->heap_n || n)) {
        if (s->heap_n) {
            memcpy(out + n, s->heap[0]->buf + s->heap[0]->next, s->size);
            n += s->size;
            rc = heap_pop(s, runs, e);
        }
        if (rc == 0 && (n >= SLICE || !s->heap_n)) {
            rc = io_pwrite(s->fd, out, n, s->end, e) < 0 ? err_in(e, "temporary file") : 0;
            s->end += n;
            n = 0;
        }
    }
    free(out);
    memmove(run, run + runs, (s->runs - runs) * sizeof *run);
    s->runs -= runs;
    s->run[s->runs++] = (struct run){from, s->end - from, NULL, 0, 0};
    return rc;
}

int sorter_ready(struct sorter *s, struct err *e)
{
    size_t most = s->memory / SLICE;

    s->ready = 1;
    if (!s->runs) {
        sort_strings(s->buf, s->n, s->size);
        return 0;
    }
    if (s->n && spill(s, e) < 0)
        return -1;
    while (s->runs > most)
        if (merge_some(s, most, e) < 0)
            return -1;
    return heap_make(s, s->run, s->runs, e);
}

int sorter_next(struct sorter *s, const uint8_t **rec, struct err *e)
{
    if (!s->runs) {
        if (s->next == s->n)
            return 0;
        *rec = s->buf + s->next++ * s->size;
        return 1;
    }
    if (s->begun && heap_pop(s, s->runs, e) < 0)
        return -1;
    s->begun = 1;
    if (!s->heap_n)
        return 0;
    *rec = s->heap[0]->buf + s->heap[0]->next;
    return 1;
}

void sorter_free(struct sorter *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    free(s->buf);
    free(s->run);
    free(s->heap);
    free(s);
}
