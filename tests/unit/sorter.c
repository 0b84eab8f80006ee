/* sorter and tape: the order is memcmp's, in memory, over runs, and over more runs than are merged at once. */
#include <stdlib.h>

#include "base/rng.h"
#include "base/sorter.h"
#include "base/tape.h"
#include "tests/unit/check.h"

static struct err e;

static void fill(uint8_t *p, size_t size, uint64_t i, unsigned letters)
{
    struct rng r = rng_make(7, "sorter", 6);

    for (size_t k = 0; k < size; k++)
        p[k] = (uint8_t)rng_below(r, i * size + k, letters);
}

static void sorts(size_t size, uint64_t n, size_t memory, unsigned letters)
{
    struct sorter *s = sorter_new(size, memory);
    uint64_t sum = 0, want = 0, seen = 0;
    uint8_t last[64] = {0}, one[64];
    const uint8_t *p;
    int got, ordered = 1;

    for (uint64_t i = 0; i < n; i++) {
        fill(one, size, i, letters);
        want += get_be64(one) * 31 + one[size - 1];
        CHECK(sorter_add(s, one, &e) == 0);
    }
    CHECK(sorter_count(s) == n && sorter_ready(s, &e) == 0);
    while ((got = sorter_next(s, &p, &e)) > 0) {
        ordered &= memcmp(last, p, size) <= 0;
        memcpy(last, p, size);
        sum += get_be64(p) * 31 + p[size - 1];
        seen++;
    }
    CHECK(got == 0 && ordered && seen == n && sum == want);
    sorter_free(s);
}

int main(void)
{
    struct tape *t = tape_new(&e);
    char back[8];

    sorts(8, 0, 0, 256);
    sorts(8, 1, 0, 256);
    sorts(24, 30, 0, 2);
    sorts(9, 5000, 1 << 20, 256);
    sorts(56, 5000, 1 << 20, 3);
    sorts(56, 100000, 0, 256); /* 22 runs by 4 slices of 64 KiB: merged in several rounds */
    sorts(16, 100000, 0, 2);
    CHECK(t && tape_add(t, "abc", 3, &e) == 0 && tape_add(t, "defg", 4, &e) == 0 && tape_len(t) == 7);
    CHECK(tape_get(t, 2, back, 3, &e) == 0 && memcmp(back, "cde", 3) == 0);
    CHECK(tape_add(t, "h", 1, &e) == 0 && tape_get(t, 6, back, 2, &e) == 0 && memcmp(back, "gh", 2) == 0);
    CHECK(tape_get(t, 7, back, 2, &e) == -1);
    tape_free(t);
    return DONE();
}
