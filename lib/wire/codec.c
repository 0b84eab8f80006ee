#include "wire/codec.h"

#include <string.h>
#include <zstd.h>

#include "base/die.h"
#include "wire/bitmask.h"
#include "wire/planes.h"

static int zstd_size(const uint8_t *first, uint64_t stored, uint64_t *size, struct err *e)
{
    unsigned long long n = ZSTD_getFrameContentSize(first, stored < CODEC_PEEK ? (size_t)stored : CODEC_PEEK);

    if (n == ZSTD_CONTENTSIZE_ERROR)
        return err_set(e, "payload of %llu bytes does not begin with a zstd frame", (unsigned long long)stored);
    if (n == ZSTD_CONTENTSIZE_UNKNOWN)
        return err_set(e, "zstd frame does not state its content size");
    *size = n;
    return 0;
}

static int head_width(const uint8_t *first, uint64_t stored, uint64_t need, struct err *e)
{
    if (stored < need)
        return err_set(e, "payload has %llu bytes, its codec needs %llu at least", (unsigned long long)stored,
                       (unsigned long long)need);
    if (first[0] < 1 || first[0] > 8)
        return err_set(e, "element width is %d, not 1 to 8", first[0]);
    return 0;
}

/* Planes behind a head of one byte, the width, or two: width and turn. */
static int planes_size(int codec, const uint8_t *first, uint64_t stored, uint64_t *size, struct err *e)
{
    size_t head = codec == CODEC_SPLIT ? 1 : 2, have = stored < CODEC_PEEK ? (size_t)stored : CODEC_PEEK;
    uint8_t rest[CODEC_PEEK] = {0};

    if (head_width(first, stored, head + 1, e) < 0)
        return -1;
    if (codec == CODEC_TURNED && first[0] != 2 && first[0] != 4 && first[0] != 8)
        return err_set(e, "element width is %d: elements turned have 2, 4 or 8 bytes", first[0]);
    if (codec == CODEC_TURNED && first[1] >= 8 * first[0])
        return err_set(e, "elements of %d bytes are turned by %d bits", first[0], first[1]);
    memcpy(rest, first + head, have - head);
    /* a frame's header has 18 bytes at most, of which the checksum-free ones with a stated size end by the 14th */
    if (zstd_size(rest, stored < CODEC_PEEK ? stored - head : CODEC_PEEK - head, size, e) < 0)
        return -1;
    if (*size % first[0])
        return err_set(e, "decoded size %llu is no multiple of the element width %d", (unsigned long long)*size,
                       first[0]);
    return 0;
}

/* The most that so many stored bytes can be, so that a few bytes do not ask for 64 MiB: a block of zstd's is 4 bytes at
 * least and 128 KiB at most (RFC 8878, 3.1.1.2); a mask has a bit for each element. */
static uint64_t most_of(int codec, const uint8_t *first, uint64_t stored)
{
    if (codec == CODEC_RAW)
        return stored;
    if (codec == CODEC_BITMASK)
        return (stored - BITMASK_HEAD + 1) * 8 * first[0]; /* one too many: what lacks bits is told by the codec */
    return stored < UINT64_MAX >> 15 ? stored << 15 : UINT64_MAX;
}

int codec_size(int codec, const uint8_t *first, uint64_t stored, uint64_t *size, struct err *e)
{
    switch (codec) {
    case CODEC_RAW:
        *size = stored;
        break;
    case CODEC_ZSTD:
        if (zstd_size(first, stored, size, e) < 0)
            return -1;
        break;
    case CODEC_SPLIT:
    case CODEC_TURNED:
        if (planes_size(codec, first, stored, size, e) < 0)
            return -1;
        break;
    case CODEC_BITMASK:
        if (head_width(first, stored, BITMASK_HEAD, e) < 0)
            return -1;
        *size = (uint64_t)first[0] * bitmask_count(first);
        break;
    default:
        return err_set(e, "codec %d is unknown: this program knows 0 to %d", codec, CODEC_COUNT - 1);
    }
    if (*size > CODEC_DECODED_MAX)
        return err_set(e, "chunk decodes to %llu bytes, more than the limit of %u", (unsigned long long)*size,
                       CODEC_DECODED_MAX);
    if (*size > most_of(codec, first, stored))
        return err_set(e, "chunk says that it decodes to %llu bytes, which %llu stored bytes cannot hold",
                       (unsigned long long)*size, (unsigned long long)stored);
    return 0;
}

static int zstd_decode(const uint8_t *p, size_t n, uint8_t *dst, size_t size, struct err *e)
{
    size_t frame = ZSTD_findFrameCompressedSize(p, n), got;

    if (ZSTD_isError(frame))
        return err_set(e, "zstd frame is damaged: %s", ZSTD_getErrorName(frame));
    if (frame != n)
        return err_set(e, "zstd frame has %zu bytes, its payload %zu", frame, n);
    got = ZSTD_decompress(dst, size, p, n);
    if (ZSTD_isError(got))
        return err_set(e, "zstd frame is damaged: %s", ZSTD_getErrorName(got));
    if (got != size)
        return err_set(e, "zstd frame gives %zu bytes, stated are %zu", got, size);
    return 0;
}

static int planes_decode(int codec, const uint8_t *p, size_t n, uint8_t *dst, size_t size, struct buf *room,
                         struct err *e)
{
    size_t head = codec == CODEC_SPLIT ? 1 : 2;
    uint8_t *planes;

    room->len = 0;
    planes = buf_space(room, size);
    if (zstd_decode(p + head, n - head, planes, size, e) < 0)
        return -1;
    planes_join(planes, size, p[0], codec == CODEC_SPLIT ? 0 : p[1], dst);
    return 0;
}

int codec_decode(int codec, const uint8_t *p, size_t n, uint8_t *dst, size_t size, struct buf *room, struct err *e)
{
    switch (codec) {
    case CODEC_RAW:
        memcpy(dst, p, size);
        return 0;
    case CODEC_ZSTD:
        return zstd_decode(p, n, dst, size, e);
    case CODEC_SPLIT:
    case CODEC_TURNED:
        return planes_decode(codec, p, n, dst, size, room, e);
    case CODEC_BITMASK:
        return bitmask_decode(p, n, dst, e);
    }
    return err_set(e, "codec %d is unknown: this program knows 0 to %d", codec, CODEC_COUNT - 1);
}

/* Append a zstd frame of p to out; 0, or -1 when it is not smaller than limit. */
static int zstd_encode(int level, const uint8_t *p, size_t n, size_t limit, struct buf *out)
{
    size_t room = ZSTD_compressBound(n);
    size_t got = ZSTD_compress(buf_space(out, room), room, p, n, level);

    if (ZSTD_isError(got)) /* with room for the bound, only memory can be short */
        die("zstd cannot compress %zu bytes: %s", n, ZSTD_getErrorName(got));
    out->len += got;
    return out->len < limit ? 0 : -1;
}

int codec_encode(int codec, int level, int width, const uint8_t *p, size_t n, struct buf *out)
{
    int rc = -1;

    out->len = 0;
    if (width < 1 || width > 8 || n % (size_t)width)
        width = 1;
    if (codec == CODEC_TURNED && width != 2 && width != 4 && width != 8) {
        codec = CODEC_ZSTD;
        rc = planes_encode_bytes(level, p, n, out);
    } else if (codec == CODEC_TURNED)
        rc = planes_encode(level, width, p, n, out);
    else if (codec == CODEC_ZSTD)
        rc = zstd_encode(level, p, n, n, out);
    else if (codec == CODEC_BITMASK)
        rc = bitmask_encode(width, p, n, out);
    if (rc < 0)
        out->len = 0;
    return rc < 0 ? CODEC_RAW : codec;
}
