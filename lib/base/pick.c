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

/*
 * The key of rank k, and how many keys are below it: three digits of 11, 11 and 10 bits, high first. The bins of a digit
 * fit the first cache, so that a row of a few thousand values costs a few nanoseconds each.
 */
static uint32_t select_any(const float *v, size_t n, size_t k, size_t *below)
{
    static const int shift[] = {21, 10, 0}, bits[] = {11, 11, 10};
    uint32_t prefix = 0;
    size_t left = k;

    for (int d = 0; d < 3; d++) {
        size_t count[2048] = {0}, bin = 0;
        int above = shift[d] + bits[d]; /* bits fixed so far are those from here up */

        for (size_t i = 0; i < n; i++) {
            uint32_t key = key_of(v[i]);

            if (d == 0 || key >> above == prefix)
                count[key >> shift[d] & ((1u << bits[d]) - 1)]++;
        }
        while (left >= count[bin])
            left -= count[bin++];
        prefix = prefix << bits[d] | (uint32_t)bin;
    }
    *below = k - left;
    return prefix;
}

/* Mark keys below t, and of those equal to it the first *ties. */
static void mark_below(const float *v, size_t n, uint32_t t, uint64_t *ties, uint8_t *mark)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t key = key_of(v[i]);

        mark[i] = key < t || (key == t && *ties > 0);
        *ties -= key == t && *ties > 0;
    }
}

#define FEW 32

/* Of a few values each one's rank is counted: (value, index) below k. */
static void mark_few(const float *v, size_t n, size_t k, uint8_t *mark)
{
    uint32_t key[FEW];

    for (size_t i = 0; i < n; i++)
        key[i] = key_of(v[i]);
    for (size_t i = 0; i < n; i++) {
        size_t rank = 0;

        for (size_t j = 0; j < n; j++)
            rank += key[j] < key[i] || (key[j] == key[i] && j < i);
        mark[i] = rank < k;
    }
}

void pick_smallest(const float *v, size_t n, size_t k, uint8_t *mark)
{
    uint64_t ties;
    uint32_t t;
    size_t below;

    if (k == 0 || k >= n) {
        memset(mark, k != 0, n);
        return;
    }
    if (n <= FEW) {
        mark_few(v, n, k, mark);
        return;
    }
    t = select_any(v, n, k, &below);
    ties = k - below;
    mark_below(v, n, t, &ties, mark);
}

float pick_kth(const float *v, size_t n, size_t k)
{
    size_t below;

    return value_of(select_any(v, n, k, &below));
}

/* Keys travel with their indices, so that every pass reads in order; the digits' counts of all passes are made in one. */
void pick_sort(const float *v, size_t n, uint32_t *order)
{
    uint64_t *from = mem_resize(NULL, n, sizeof *from), *to = mem_resize(NULL, n, sizeof *to), *swap;
    size_t start[4][256] = {{0}};

    for (size_t i = 0; i < n; i++) {
        uint32_t key = key_of(v[i]);

        from[i] = (uint64_t)key << 32 | i;
        for (int d = 0; d < 4; d++)
            start[d][key >> 8 * d & 255]++;
    }
    for (int d = 0; d < 4; d++) { /* stable, the low digit first */
        size_t sum = 0;

        for (int c = 0; c < 256; c++) {
            size_t count = start[d][c];

            start[d][c] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++)
            to[start[d][from[i] >> (32 + 8 * d) & 255]++] = from[i];
        swap = from;
        from = to;
        to = swap;
    }
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)from[i];
    free(from);
    free(to);
}

struct pick_sieve {
    uint64_t count[65536];
    uint64_t n, k, ties; /* values counted in pass 0; how many to mark; of the values equal to the threshold */
    uint32_t high, key;
    int pass;            /* 0 and 1 count, 2 marks */
};

struct pick_sieve *pick_sieve_new(void)
{
    return mem_new(1, sizeof(struct pick_sieve));
}

uint64_t pick_sieve_seen(const struct pick_sieve *s)
{
    return s->n;
}

void pick_sieve_count(struct pick_sieve *s, const float *v, size_t n)
{
    if (s->pass == 0)
        s->n += n;
    for (size_t i = 0; i < n; i++) {
        uint32_t key = key_of(v[i]);

        if (s->pass == 0)
            s->count[key >> 16]++;
        else if (key >> 16 == s->high)
            s->count[key & 0xffff]++;
    }
}

void pick_sieve_next(struct pick_sieve *s, uint64_t k)
{
    uint64_t left = s->pass == 0 ? k : s->ties;
    uint32_t bin = 0;

    if (s->pass == 0)
        s->k = k < s->n ? k : s->n;
    if (s->k < s->n && s->k > 0)
        while (left >= s->count[bin])
            left -= s->count[bin++];
    s->ties = left; /* still to be found inside the bin; at last, among equals */
    if (s->pass++ == 0)
        s->high = bin;
    else
        s->key = s->high << 16 | bin;
    memset(s->count, 0, sizeof s->count);
}

void pick_sieve_mark(struct pick_sieve *s, const float *v, size_t n, uint8_t *mark)
{
    if (s->k == 0 || s->k == s->n)
        memset(mark, s->k != 0, n);
    else
        mark_below(v, n, s->key, &s->ties, mark);
}
