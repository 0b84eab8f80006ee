#include "base/pick.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A float's bits as an unsigned that sorts as the float does; -0 equals 0; every NaN sorts last. */
static uint32_t key_of(float f)
{
    uint32_t u;

    if (f != f)
        return UINT32_MAX;
    f += 0.0f; /* -0 becomes 0 */
    memcpy(&u, &f, 4);
    return u & 0x80000000u ? ~u : u | 0x80000000u;
}

static float value_of(uint32_t k)
{
    float f;

    k = k & 0x80000000u ? k & 0x7fffffffu : ~k;
    memcpy(&f, &k, 4);
    return f;
}

/* The key of rank k, and how many keys are below it. */
static uint32_t select_key(const float *v, size_t n, size_t k, size_t *below)
{
    size_t count[65536];
    uint32_t high = 0, low = 0;
    size_t i, left = k;

    memset(count, 0, sizeof count);
    for (i = 0; i < n; i++)
        count[key_of(v[i]) >> 16]++;
    while (left >= count[high])
        left -= count[high++];
    memset(count, 0, sizeof count);
    for (i = 0; i < n; i++) {
        uint32_t key = key_of(v[i]);

        if (key >> 16 == high)
            count[key & 0xffff]++;
    }
    while (left >= count[low])
        left -= count[low++];
    *below = k - left;
    return high << 16 | low;
}

/* Rows are short: there an insertion into bins of 65536 costs more than a sort of the keys. */
static int by_key(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint32_t select_small(const float *v, size_t n, size_t k, size_t *below)
{
    uint32_t key[4096], t;
    size_t i;

    for (i = 0; i < n; i++)
        key[i] = key_of(v[i]);
    qsort(key, n, sizeof *key, by_key);
    t = key[k];
    for (i = k; i > 0 && key[i - 1] == t; i--)
        ;
    *below = i;
    return t;
}

static uint32_t select_any(const float *v, size_t n, size_t k, size_t *below)
{
    return n <= 4096 ? select_small(v, n, k, below) : select_key(v, n, k, below);
}

void pick_smallest(const float *v, size_t n, size_t k, uint8_t *mark)
{
    size_t below, ties;
    uint32_t t;

    if (k == 0 || k >= n) {
        memset(mark, k != 0, n);
        return;
    }
    t = select_any(v, n, k, &below);
    ties = k - below;
    for (size_t i = 0; i < n; i++) {
        uint32_t key = key_of(v[i]);

        mark[i] = key < t || (key == t && ties > 0);
        ties -= key == t && ties > 0;
    }
}

float pick_kth(const float *v, size_t n, size_t k)
{
    size_t below;

    return value_of(select_any(v, n, k, &below));
}

void pick_sort(const float *v, size_t n, uint32_t *order)
{
    uint32_t *spare = mem_resize(NULL, n, sizeof *spare);
    uint32_t *from = order, *to = spare;

    for (size_t i = 0; i < n; i++)
        from[i] = (uint32_t)i;
    for (int shift = 0; shift < 32; shift += 8) { /* four stable passes, so the last one ends in `order` */
        size_t start[257] = {0};
        uint32_t *swap = from;

        for (size_t i = 0; i < n; i++)
            start[(key_of(v[i]) >> shift & 255) + 1]++;
        for (int c = 0; c < 256; c++)
            start[c + 1] += start[c];
        for (size_t i = 0; i < n; i++)
            to[start[key_of(v[from[i]]) >> shift & 255]++] = from[i];
        from = to;
        to = swap;
    }
    free(spare);
}
