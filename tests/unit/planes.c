/* planes: every width, turn and size comes back; elements that zeros, runs and chance make; the mask codec likewise. */
#include "wire/planes.h"

#include <stdlib.h>

#include "base/rng.h"
#include "tests/unit/check.h"
#include "wire/codec.h"

#define MOST 40000

/* kind 0: normal, as bf16, f32 or f64 would be; 1: half zeros; 2: any bytes; 3: all alike */
static void fill(int kind, int width, uint8_t *p, size_t count)
{
    struct rng r = rng_make(7, "planes", 6);

    for (size_t i = 0; i < count; i++) {
        double d = 0.02 * rng_normal(r, i);
        float f = (float)d;
        uint64_t v = rng_u64(r, i), bits = 0;

        memcpy(&bits, width == 8 ? (void *)&d : (void *)&f, width == 8 ? 8 : 4);
        bits = width == 2 ? bits >> 16 : bits;
        v = kind == 0 ? bits : kind == 1 ? (v >> 40 & 1 ? bits : 0) : kind == 2 ? v : 0x3f80;
        memcpy(p + i * (size_t)width, &v, (size_t)width);
    }
}

static void comes_back(int codec, int kind, int width, size_t count)
{
    size_t n = count * (size_t)width;
    uint8_t *p = mem_new(n + 1, 1), *back = mem_new(n + 1, 1);
    struct buf out = {0}, room = {0};
    struct err e = {{0}};
    uint64_t size = 0;
    int used;

    fill(kind, width, p, count);
    used = codec_encode(codec, 3, width, p, n, &out);
    if (used != CODEC_RAW) {
        CHECK(out.len < n);
        CHECK(codec_size(used, out.data, out.len, &size, &e) == 0 && size == n);
        CHECK(codec_decode(used, out.data, out.len, back, n, &room, &e) == 0);
        CHECK(memcmp(p, back, n) == 0 && back[n] == 0);
    }
    if (count > 1000 && (width == 2 || width == 4 || width == 8)) /* some of a shorter number may be any bits */
        CHECK((used != CODEC_RAW) == (codec == CODEC_BITMASK ? kind == 1 : kind != 2));
    buf_free(&out);
    buf_free(&room);
    free(p);
    free(back);
}

/* Turned by definition, one bit after another. */
static void turns(size_t width)
{
    enum { N = 37 };
    uint8_t p[N * 8], planes[N * 8], back[N * 8];

    fill(2, (int)width, p, N);
    for (unsigned turn = 0; turn < 8 * width; turn++) {
        memset(planes, 0, sizeof planes);
        for (size_t i = 0; i < N; i++)
            for (size_t b = 0; b < 8 * width; b++) {
                size_t to = (b + turn) % (8 * width);

                planes[to / 8 * N + i] |= (uint8_t)((p[i * width + b / 8] >> b % 8 & 1) << to % 8);
            }
        planes_join(planes, N * width, width, turn, back);
        CHECK(memcmp(p, back, N * width) == 0);
    }
}

/* What a bf16's exponents allow: 16 bits less about 2.6 + 8. */
static void is_small(void)
{
    enum { N = 1 << 20 };
    uint8_t *p = mem_new(N, 2);
    struct buf out = {0};

    fill(0, 2, p, N);
    CHECK(codec_encode(CODEC_TURNED, 3, 2, p, 2 * N, &out) == CODEC_TURNED);
    CHECK((double)out.len < 0.66 * 2 * N);
    buf_free(&out);
    free(p);
}

int main(void)
{
    static const size_t count[] = {0, 1, 2, 7, 8, 9, 15, 16, 31, 64, 100, 1001, MOST};

    for (int width = 1; width <= 8; width++)
        for (int kind = 0; kind < 4; kind++)
            for (size_t i = 0; i < sizeof count / sizeof count[0]; i++) {
                comes_back(CODEC_TURNED, kind, width, count[i]);
                comes_back(CODEC_BITMASK, kind, width, count[i]);
            }
    turns(2);
    turns(4);
    turns(8);
    is_small();
    return DONE();
}
