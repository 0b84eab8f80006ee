/*
 * sorter: any number of byte strings of one length, sorted in bounded memory: sorted runs on disk, then merged.
 *
 *     s = sorter_new(size, memory);
 *     sorter_add(s, rec, &e) ...; sorter_ready(s, &e);
 *     while ((got = sorter_next(s, &rec, &e)) > 0) ...
 *     sorter_free(s);
 *
 * The order is that of memcmp over the whole string; big-endian numbers sort as numbers. Equal strings come as often as
 * they were added, so the result depends on nothing but what was added. Nothing goes to disk that fits into memory.
 */
#ifndef WEIR_BASE_SORTER_H
#define WEIR_BASE_SORTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sorter;
/* memory: bytes it may hold, at least 256 KiB are taken to be meant. Grows as strings come. */
struct sorter *sorter_new(size_t size, size_t memory);
int sorter_add(struct sorter *s, const void *rec, struct err *e);
uint64_t sorter_count(const struct sorter *s); /* strings added */
/* All are there; nothing may be added from now on. */
int sorter_ready(struct sorter *s, struct err *e);
/* The next one, in order: 1 with *rec good until the next call, 0 at the end, -1. */
int sorter_next(struct sorter *s, const uint8_t **rec, struct err *e);
void sorter_free(struct sorter *s);

/* n strings of size bytes each, sorted where they lie. Cost: at most one pass for each byte that tells them apart. */
void sort_strings(uint8_t *p, size_t n, size_t size);

/* Numbers as big-endian bytes, and back. */
static inline void put_be64(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (56 - 8 * i));
}
static inline uint64_t get_be64(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

#endif
