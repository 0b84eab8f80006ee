#include "base/pick.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/wide.h"

/* A float's bits as an integer that sorts as the float does; -0 equals 0; every NaN sorts last. No branch, so that
 * loops of it go by vectors. */
INNER int32_t rank_of(float f)
{
    int nan = f != f;
    int32_t i;

    f += 0.0f; /* -0 becomes 0 */
    memcpy(&i, &f, 4);
    i = i < 0 ? i ^ INT32_MAX : i;
    return nan ? INT32_MAX : i;
}

/* The same as an unsigned, for digits. */
static uint32_t key_of(float f)
{
    return (uint32_t)rank_of(f) ^ 0x80000000u;
}

static float value_of(int32_t i)
{
    float f;

    i = i < 0 ? i ^ INT32_MAX : i;
    memcpy(&f, &i, 4);
    return f;
}

#define BLOCK 1024 /* ranks made at a time: they stay in the first cache */
#define HELD 8192  /* candidates for the threshold that are held at once */
#define SAMPLE 128
#define MARGIN                                                                                                         \
    20 /* places of the sample to each side: 3.5 standard deviations at most of where the threshold can lie */
#define COARSE 16 /* bits of a bracket's ends that are not looked for */

INNER void ranks(const float *v, size_t n, int32_t *rank)
{
    for (size_t i = 0; i < n; i++)
        rank[i] = rank_of(v[i]);
}

INNER size_t count_below(const int32_t *rank, size_t n, int32_t t)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += rank[i] < t;
    return sum;
}

/*
 * The greatest t of [lo, hi] with at most k of the ranks below it, but for its last `bits` bits: found bit by bit, each
 * by a count that goes by vectors. lo is at most the rank sought, n below 2^32.
 */
WIDE static int32_t search(const int32_t *rank, size_t n, size_t k, int32_t lo, int32_t hi, int bits)
{
    uint32_t off = 0, range = (uint32_t)hi - (uint32_t)lo;

    for (int bit = range ? 31 - __builtin_clz(range) : -1; bit >= bits; bit--) {
        uint32_t next = off | 1u << bit;

        if (next <= range && count_below(rank, n, (int32_t)((uint32_t)lo + next)) <= k)
            off = next;
    }
    return (int32_t)((uint32_t)lo + off);
}

/* Where a sample says that the value of rank k lies, most likely. */
static void bracket(const float *v, size_t n, size_t k, int32_t *lo, int32_t *hi)
{
    size_t at = (size_t)((double)k / (double)n * SAMPLE), step = n / SAMPLE;
    int32_t rank[SAMPLE];

    for (size_t i = 0; i < SAMPLE; i++)
        rank[i] = rank_of(v[i * step]);
    *lo = *hi = INT32_MIN;
    if (at > MARGIN)
        *lo = search(rank, SAMPLE, at - MARGIN, INT32_MIN, INT32_MAX, COARSE);
    *hi = at + MARGIN < SAMPLE ? search(rank, SAMPLE, at + MARGIN, INT32_MIN, INT32_MAX, COARSE) : INT32_MAX;
    *hi |= (1 << COARSE) - 1;
}

/* Hold the ranks from lo to hi. How many, or HELD + 1 when they are too many; *below: how many are less. */
WIDE static size_t hold(const float *v, size_t n, int32_t lo, int32_t hi, int32_t *held, size_t *below)
{
    int32_t rank[BLOCK];
    size_t m = 0;

    *below = 0;
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t some = n - at < BLOCK ? n - at : BLOCK;

        if (m + some > HELD)
            return HELD + 1;
        ranks(v + at, some, rank);
        *below += count_below(rank, some, lo);
        for (size_t i = 0; i < some; i++) { /* no branch: half of it would be guessed wrong */
            held[m] = rank[i];
            m += (rank[i] >= lo) & (rank[i] <= hi);
        }
    }
    return m;
}

/* The rank of place k by digits of 11, 11 and 10 bits, high first: for any count and any values. */
static int32_t select_digits(const float *v, size_t n, size_t k, size_t *below)
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
    return (int32_t)(prefix ^ 0x80000000u);
}

/*
 * The rank of place k, and how many are below it. A sample tells a bracket; what lies in it is held and searched. Where
 * the sample was wrong, or too many lie in the bracket (many equals, many values), all is counted by digits: the answer
 * is the same.
 */
static int32_t select_any(const float *v, size_t n, size_t k, size_t *below)
{
    int32_t lo = INT32_MIN, hi = INT32_MAX, held[HELD + 1], t;
    size_t m;

    if (n >= BLOCK)
        bracket(v, n, k, &lo, &hi);
    m = hold(v, n, lo, hi, held, below);
    if (m > HELD || k < *below || k - *below >= m)
        return select_digits(v, n, k, below);
    t = search(held, m, k - *below, lo, hi, 0);
    *below += count_below(held, m, t);
    return t;
}

/* Mark those below t, and of those equal to it the first *ties. */
WIDE static void mark_below(const float *v, size_t n, int32_t t, uint64_t *ties, uint8_t *mark)
{
    int32_t rank[BLOCK];

    for (size_t at = 0; at < n; at += BLOCK, v += BLOCK, mark += BLOCK) {
        size_t some = n - at < BLOCK ? n - at : BLOCK;
        int32_t equal = 0, all = *ties > 0;

        ranks(v, some, rank);
        for (size_t i = 0; i < some; i++)
            equal += rank[i] == t;
        for (size_t i = 0; i < some; i++)
            mark[i] = (uint8_t)((rank[i] < t) | ((rank[i] == t) & all));
        for (size_t i = some; all && (uint64_t)equal > *ties;
             i--) { /* the ties end in this block: the last of them stay */
            mark[i - 1] &= rank[i - 1] != t;
            equal -= rank[i - 1] == t;
        }
        *ties -= all ? (uint64_t)equal : 0;
    }
}

#define FEW 32

/* Of a few values each one's rank is counted: (value, index) below k. */
static void mark_few(const float *v, size_t n, size_t k, uint8_t *mark)
{
    int32_t key[FEW];

    ranks(v, n, key);
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
    size_t below;
    int32_t t;

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

#define LANES 32 /* groups side by side */

/* LANES groups of `of` (a constant where this is called): each pair is compared once, and the later one of equals
 * counts as the larger. */
INNER void mark_lanes(const float *v, int of, int k, uint8_t *mark)
{
    int32_t rank[LANES * 8], key[8][LANES], place[8][LANES] = {{0}};

    ranks(v, (size_t)(LANES * of), rank);
    for (int l = 0; l < LANES; l++)
        for (int i = 0; i < of; i++)
            key[i][l] = rank[l * of + i];
    for (int i = 0; i < of; i++)
        for (int j = i + 1; j < of; j++)
            for (int l = 0; l < LANES; l++) {
                int32_t less = key[j][l] < key[i][l];

                place[i][l] += less;
                place[j][l] += 1 - less;
            }
    for (int l = 0; l < LANES; l++)
        for (int i = 0; i < of; i++)
            mark[l * of + i] = place[i][l] < k;
}

WIDE static void mark_fours(const float *v, int k, uint8_t *mark)
{
    mark_lanes(v, 4, k, mark);
}

WIDE static void mark_eights(const float *v, int k, uint8_t *mark)
{
    mark_lanes(v, 8, k, mark);
}

void pick_groups(const float *v, size_t n, size_t of, size_t k, uint8_t *mark)
{
    size_t i = 0;

    for (; of == 4 && n - i >= LANES * 4; i += LANES * 4)
        mark_fours(v + i, (int)k, mark + i);
    for (; of == 8 && n - i >= LANES * 8; i += LANES * 8)
        mark_eights(v + i, (int)k, mark + i);
    for (; i < n; i += of)
        pick_smallest(v + i, of, k, mark + i);
}

float pick_kth(const float *v, size_t n, size_t k)
{
    size_t below;

    return value_of(select_any(v, n, k, &below));
}

/* Keys travel with their indices, so that every pass reads in order; the digits' counts of all passes are made in one.
 * */
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
    int pass; /* 0 and 1 count, 2 marks */
};

struct pick_sieve *pick_sieve_new(void)
{
    return mem_new(1, sizeof(struct pick_sieve));
}

uint64_t pick_sieve_seen(const struct pick_sieve *s)
{
    return s->n;
}

WIDE static void sort_keys(const float *v, size_t n, int32_t *rank)
{
    ranks(v, n, rank);
}

void pick_sieve_count(struct pick_sieve *s, const float *v, size_t n)
{
    int32_t rank[BLOCK];

    s->n += s->pass == 0 ? n : 0;
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t some = n - at < BLOCK ? n - at : BLOCK;

        sort_keys(v + at, some, rank);
        for (size_t i = 0; i < some; i++) {
            uint32_t key = (uint32_t)rank[i] ^ 0x80000000u;

            if (s->pass == 0)
                s->count[key >> 16]++;
            else if (key >> 16 == s->high)
                s->count[key & 0xffff]++;
        }
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
        mark_below(v, n, (int32_t)(s->key ^ 0x80000000u), &s->ties, mark);
}
