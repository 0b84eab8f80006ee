#include "wire/planes.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/die.h"
#include "base/wide.h"

#define PLACES 8   /* of a sample */
#define TRIED 2048 /* elements at each place */
#define TURNS 5    /* 0 to 4: by more, a second byte would get bits of the exponent that vary */
#define QUICK 1    /* the level whose tables the quickest search takes */
#define CHANCE 7   /* bytes: zstd's longest shortest match */

#define CUT(name, type)                                                                                                \
    WIDE static void name(const uint8_t *restrict src, uint8_t *restrict dst, size_t count, unsigned turn)             \
    {                                                                                                                  \
        unsigned back = (8 * sizeof(type) - turn) % (8 * sizeof(type));                                                \
        for (size_t i = 0; i < count; i++) {                                                                           \
            type v;                                                                                                    \
            memcpy(&v, src + i * sizeof v, sizeof v);                                                                  \
            v = (type)(v << turn | v >> back);                                                                         \
            for (size_t k = 0; k < sizeof v; k++)                                                                      \
                dst[k * count + i] = (uint8_t)(v >> 8 * k);                                                            \
        }                                                                                                              \
    }
#define JOIN(name, type)                                                                                               \
    WIDE static void name(const uint8_t *restrict src, uint8_t *restrict dst, size_t count, unsigned turn)             \
    {                                                                                                                  \
        unsigned back = (8 * sizeof(type) - turn) % (8 * sizeof(type));                                                \
        for (size_t i = 0; i < count; i++) {                                                                           \
            type v = 0;                                                                                                \
            for (size_t k = 0; k < sizeof v; k++)                                                                      \
                v = (type)(v | (type)((type)src[k * count + i] << 8 * k));                                             \
            v = (type)(v >> turn | v << back);                                                                         \
            memcpy(dst + i * sizeof v, &v, sizeof v);                                                                  \
        }                                                                                                              \
    }

CUT(cut2, uint16_t)
CUT(cut4, uint32_t)
CUT(cut8, uint64_t)
JOIN(join2, uint16_t)
JOIN(join4, uint32_t)
JOIN(join8, uint64_t)

static void cut(const uint8_t *src, uint8_t *dst, size_t count, int width, unsigned turn)
{
    (width == 2 ? cut2 : width == 4 ? cut4 : cut8)(src, dst, count, turn);
}

void planes_join(const uint8_t *planes, size_t size, size_t width, unsigned turn, uint8_t *dst)
{
    size_t count = size / width;

    if (width == 2 || width == 4 || width == 8) {
        (width == 2 ? join2 : width == 4 ? join4 : join8)(planes, dst, count, turn);
        return;
    }
    for (size_t k = 0; k < width; k++)
        for (size_t i = 0; i < count; i++)
            dst[i * width + k] = planes[k * count + i];
}

/* How a frame is made: n bytes, of which each plane is n / planes and begins a block, so that it has a code of its own.
 * */
struct frame {
    ZSTD_CCtx *z;
    size_t planes;
    int level;
};

/* Append a frame of p to out; its size. level 0: the quickest search. */
static size_t pack(const struct frame *f, int level, const uint8_t *p, size_t n, struct buf *out)
{
    size_t room = ZSTD_compressBound(n) + 64, left = 0;
    ZSTD_outBuffer to = {buf_space(out, room), room, 0};

    ZSTD_CCtx_reset(f->z, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setPledgedSrcSize(f->z, n);
    ZSTD_CCtx_setParameter(f->z, ZSTD_c_compressionLevel, level ? level : QUICK);
    if (!level) {
        ZSTD_CCtx_setParameter(f->z, ZSTD_c_strategy, ZSTD_fast);
        ZSTD_CCtx_setParameter(f->z, ZSTD_c_minMatch, CHANCE);
    }
    for (size_t k = 0; k < f->planes && left == 0; k++) {
        ZSTD_inBuffer from = {p + n / f->planes * k, n / f->planes, 0};

        left = ZSTD_compressStream2(f->z, &to, &from, k + 1 < f->planes ? ZSTD_e_flush : ZSTD_e_end);
    }
    if (left) /* with room for the bound, only memory can be short */
        die("zstd cannot compress %zu bytes: %s", n, ZSTD_isError(left) ? ZSTD_getErrorName(left) : "no room");
    out->len += to.pos;
    return to.pos;
}

/* Append the smaller of two frames of p, or where one is enough, that of the quickest search. */
static void pack_smaller(const struct frame *f, int both, const uint8_t *p, size_t n, struct buf *out)
{
    struct buf other = {0};
    size_t quick = pack(f, 0, p, n, out);

    if (both && pack(f, f->level, p, n, &other) < quick) {
        out->len -= quick;
        buf_add(out, other.data, other.len);
    }
    buf_free(&other);
}

/* Some elements from all over p; how many. */
static size_t take_sample(const uint8_t *p, size_t count, size_t width, uint8_t *some)
{
    if (count <= PLACES * TRIED) {
        memcpy(some, p, count * width);
        return count;
    }
    for (size_t i = 0; i < PLACES; i++)
        memcpy(some + i * TRIED * width, p + (count - TRIED) / (PLACES - 1) * i * width, TRIED * width);
    return PLACES * TRIED;
}

/* The turn that makes a sample smallest; the least of those that do. planes: room for the sample, cut. */
static unsigned choose_turn(const struct frame *f, int width, const uint8_t *p, size_t count, uint8_t *planes)
{
    uint8_t some[PLACES * TRIED * 8];
    size_t n = take_sample(p, count, (size_t)width, some), least = SIZE_MAX;
    struct buf out = {0};
    unsigned best = 0;

    for (unsigned turn = 0; turn < TURNS; turn++) {
        size_t got;

        out.len = 0;
        cut(some, planes, n, width, turn);
        got = pack(f, 0, planes, n * (size_t)width, &out);
        best = got < least ? turn : best;
        least = got < least ? got : least;
    }
    buf_free(&out);
    return best;
}

static ZSTD_CCtx *context(void)
{
    ZSTD_CCtx *z = ZSTD_createCCtx();

    if (!z)
        die("out of memory: zstd has no context");
    return z;
}

int planes_encode(int level, int width, const uint8_t *p, size_t n, struct buf *out)
{
    uint8_t *planes = mem_resize(NULL, n, 1), head[2] = {(uint8_t)width, 0};
    struct frame f = {context(), (size_t)width, level};
    size_t count = n / f.planes;

    head[1] = (uint8_t)choose_turn(&f, width, p, count, planes);
    cut(p, planes, count, width, head[1]);
    out->len = 0;
    buf_add(out, head, sizeof head);
    pack_smaller(&f, level > 3, planes, n, out);
    ZSTD_freeCCtx(f.z);
    free(planes);
    return out->len < n ? 0 : -1;
}

int planes_encode_bytes(int level, const uint8_t *p, size_t n, struct buf *out)
{
    struct frame f = {context(), 1, level};

    out->len = 0;
    pack_smaller(&f, 1, p, n, out);
    ZSTD_freeCCtx(f.z);
    return out->len < n ? 0 : -1;
}
