/* hostile: a small stream cut at every byte and with every bit flipped is refused; malformed ones get their own
 * sentence. */
#include "tests/unit/check.h"

#include "base/hash.h"
#include "tests/unit/stream_kit.h"
#include "wire/codec.h"
#include "wire/frame.h"
#include "wire/mp.h"

static struct buf small_stream(int codec)
{
    int fd = kit_file("", 0);
    struct writer *out = kit_writer(fd, NULL);
    struct bundle b;
    struct buf bytes;

    writer_codec(out, codec, 3);
    MUST(blob_write(out, "a.json", "{}", 2, e));
    kit_dense(&b, "w", 3, 40, 1);
    b.layer = 0;
    bundle_set_companion(&b, "norm2", &(struct shape){1, {2}}, (float[]){1, 2});
    bundle_share(&b, "norm2");
    MUST(bundle_write(out, NULL, &b, e));
    free(b.name);
    b.name = mem_strdup("x");
    MUST(bundle_write(out, NULL, &b, e));
    MUST(text_write(out, 1, "abc", 3, e));
    MUST(writer_finish(out, e));
    bundle_free(&b);
    bytes = kit_bytes(fd);
    close(fd);
    return bytes;
}

/* Read all of it, loading everything (load) or passing it on. 0 or -1. */
static int run(const void *p, size_t n, int load, struct err *err)
{
    int fd = kit_file(p, n), null = kit_file("", 0), got = -1;
    struct reader *in = reader_open(fd, "test", err);
    struct writer *out = in ? writer_open(null, "out", in, err) : NULL;
    struct buf payload = {0};
    struct item it = {0};

    while (in && (got = stream_next(in, &it, err)) > 0) {
        if (load)
            got = it.kind == ITEM_TENSOR ? bundle_load(in, &it.b, err) : item_load(in, &it, &payload, err);
        else
            got = item_copy(in, &it, out, err);
        if (got < 0)
            break;
    }
    item_free(&it);
    buf_free(&payload);
    if (out)
        MUST(writer_finish(out, e));
    reader_close(in);
    close(fd);
    close(null);
    return got;
}

static int one_line(const struct err *e)
{
    return e->msg[0] && !strchr(e->msg, '\n') && strncmp(e->msg, "test: ", 6) == 0;
}

static void cuts_and_flips(int codec)
{
    struct buf b = small_stream(codec);
    struct err e = {{0}};

    for (int load = 0; load < 2; load++) {
        CHECK(run(b.data, b.len, load, &e) == 0);
        CHECK_STR(e.msg, "");
        for (size_t n = 0; n < b.len; n++) {
            e.msg[0] = '\0';
            CHECK(run(b.data, n, load, &e) < 0 && one_line(&e));
            CHECK(n == 0 ? strstr(e.msg, "is empty") != NULL : strstr(e.msg, ", no tail: was the upstream") != NULL);
        }
        for (size_t bit = 0; bit < 8 * b.len; bit++) {
            b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            e.msg[0] = '\0';
            if (run(b.data, b.len, load, &e) == 0 || !one_line(&e))
                printf("bit %zu of byte %zu: '%s'\n", bit % 8, bit / 8, e.msg), check_failed++;
            b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
        e.msg[0] = '\0';
    }
    buf_free(&b);
}

/* A stream of a head, one record with that body and chunks, and no tail, made frame by frame. */
struct chunk {
    uint32_t part;
    uint64_t row;
    int codec;
    const char *bytes;
    size_t n;
};

static void says(const char *kind, const struct buf *body, const struct chunk *c, int chunks, const char *want)
{
    int fd = kit_file("", 0);
    struct frame_out *f = frame_out_open(fd, "out");
    struct buf head = {0}, bytes;
    struct err err = {{0}};

    mp_put_map(&head, 1);
    mp_put_str(&head, "v");
    mp_put_int(&head, 1);
    MUST(frame_out_record(f, "head", head.data, head.len, e));
    MUST(frame_out_record(f, kind, body->data, body->len, e));
    for (int i = 0; i < chunks; i++)
        MUST(frame_out_chunk(f, c[i].part, c[i].row, c[i].codec, c[i].bytes, c[i].n, e));
    MUST(frame_out_flush(f, e));
    frame_out_close(f);
    bytes = kit_bytes(fd);
    for (int load = 0; load < 2; load++) {
        err.msg[0] = '\0';
        CHECK(run(bytes.data, bytes.len, load, &err) < 0);
        CHECK_STR(err.msg, want);
    }
    buf_free(&head);
    buf_free(&bytes);
    close(fd);
}

/* The body of a tensor "t" [rows][cols] of one dense F32 part, or with the shapes given as msgpack. */
static struct buf tensor(const char *name, uint64_t rows, uint64_t cols, const char *dtype)
{
    struct buf b = {0};

    mp_put_map(&b, 4);
    mp_put_str(&b, "name");
    mp_put_str(&b, name);
    for (int i = 0; i < 2; i++) {
        if (i) {
            mp_put_str(&b, "terms");
            mp_put_array(&b, 1);
            mp_put_map(&b, 1);
            mp_put_str(&b, "form");
            mp_put_str(&b, "dense");
            mp_put_str(&b, "parts");
            mp_put_array(&b, 1);
            mp_put_map(&b, 4);
            mp_put_str(&b, "part");
            mp_put_str(&b, "dense");
            mp_put_str(&b, "term");
            mp_put_int(&b, 0);
            mp_put_str(&b, "dtype");
            mp_put_str(&b, dtype);
        }
        mp_put_str(&b, "shape");
        mp_put_array(&b, 2);
        mp_put_uint(&b, rows);
        mp_put_uint(&b, cols);
    }
    return b;
}

static void says_of_tensor(uint64_t rows, uint64_t cols, const char *dtype, const struct chunk *c, int chunks,
                           const char *want)
{
    struct buf b = tensor("t", rows, cols, dtype);

    says("tensor", &b, c, chunks, want);
    buf_free(&b);
}

static void says_of_bytes(const char *kind, const char *bytes, size_t n, const char *want)
{
    struct buf b = {0};

    buf_add(&b, bytes, n);
    says(kind, &b, NULL, 0, want);
    buf_free(&b);
}

static void bodies(void)
{
    static const char *const names[] = {"..", ".", "/a", "a/", "a//b", "../a", "a/../b", "a/.", "a/.."};
    char deep[40];

    memset(deep, 0x91, sizeof deep);
    says_of_bytes("tensor", deep, sizeof deep, "test: record 2 (tensor): msgpack is nested deeper than 16 at byte 17");
    says_of_bytes("tensor", "", 0, "test: record 2 (tensor): msgpack is damaged or cut at byte 0");
    says_of_bytes("tensor", "\xc1", 1, "test: record 2 (tensor): msgpack is damaged or cut at byte 0");
    says_of_bytes("tensor", "\xdd\xff\xff\xff\xff", 5,
                  "test: record 2 (tensor): msgpack claims 4294967295 items at byte 5 where 0 bytes are left");
    says_of_bytes("tensor", "\xc6\xff\xff\xff\xff", 5, "test: record 2 (tensor): msgpack is damaged or cut at byte 5");
    says_of_bytes("tensor", "\x80\x80", 2, "test: record 2 (tensor): msgpack object of 1 bytes is followed by 1 more");
    says_of_bytes("tensor", "\x90", 1, "test: record 2 (tensor): header should be a map, is an array");
    says_of_bytes("tensor", "\x80", 1, "test: record 2 (tensor): header lacks its name");
    says_of_bytes("tensor",
                  "\x82\xa1"
                  "a\xc0\xa1"
                  "a\xc0",
                  7, "test: record 2 (tensor): header: key \"a\" is there twice");
    says_of_bytes("tensor", "\x81\xa4name\xa2\xff\xfe", 9,
                  "test: record 2 (tensor): header: name is not UTF-8 or holds a NUL");
    says_of_bytes("tensor",
                  "\x81\xa4name\xa2"
                  "a\0",
                  9, "test: record 2 (tensor): header: name is not UTF-8 or holds a NUL");
    says_of_bytes("tensor", "\x81\xa4name\x05", 7,
                  "test: record 2 (tensor): header: name should be a string, is an integer");
    says_of_bytes("tensor", "\x81\xa4name\xa0", 7,
                  "test: record 2 (tensor): header: name has 0 bytes, 1 to 4096 are allowed");
    says_of_bytes("tensor",
                  "\x81\xa4name\xa2\x1b"
                  "b",
                  9, "test: record 2 (tensor): \\x1bb: header lacks its shape");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char body[40], says[120];
        int n = snprintf(body, sizeof body, "\x82\xa4name%c%s\xa4size", (int)(0xa0 + strlen(names[i])), names[i]);

        snprintf(says, sizeof says, "test: record 2 (blob): name \"%s\" is no path of plain file names", names[i]);
        says_of_bytes("blob", body, (size_t)n + 1, says); /* the NUL is size 0 */
    }
    says_of_bytes("stat",
                  "\x81\xa4name\xa3"
                  "a/b",
                  10, "test: record 2 (stat): name \"a/b\" is no plain file name");
    says_of_bytes("blob",
                  "\x81\xa4name\xa1"
                  "a",
                  8, "test: record 2 (blob): header lacks its size");
    says_of_bytes("blob",
                  "\x82\xa4name\xa1"
                  "a\xa4size\x05",
                  14,
                  "test: input ends after record 2 (blob a), no tail: was the upstream command killed or did it fail?");
    says_of_bytes("blob",
                  "\x82\xa4name\xa1"
                  "a\xa4size\xff",
                  14, "test: record 2 (blob): header: size is -1, allowed are 0 to 9223372036854775807");
    says_of_bytes(
        "head", "\x81\xa1v\x01", 4,
        "test: record 2 (head): a head stands where the tail of segment 1 should: was the command before it killed?");
    says_of_bytes("tail",
                  "\x84\xa7records\x00\xa6"
                  "chunks\x01\xa5"
                  "bytes\x00\xa6"
                  "digest\x00",
                  33, "test: record 2 (tail): the tail says 1 chunks, 0 have passed");
    says_of_bytes("tail", "\x80", 1, "test: record 2 (tail): tail lacks its records");
}

static void shapes(void)
{
    says_of_tensor(1, 1, "F33", NULL, 0, "test: record 2 (tensor): t: a part: dtype F33 is unknown");
    says_of_tensor((uint64_t)1 << 41, 1, "F32", NULL, 0,
                   "test: record 2 (tensor): t: header: dim 0 is 2199023255552, allowed are 0 to 2^40");
    says_of_tensor((uint64_t)1 << 40, (uint64_t)1 << 40, "F32", NULL, 0,
                   "test: record 2 (tensor): t: shape [1099511627776, 1099511627776] has more elements than 2^63 - 1");
    says_of_tensor(2, (uint64_t)1 << 25, "F32", NULL, 0,
                   "test: record 2 (tensor): t: part dense has rows of 134217728 bytes, the limit is 67108864: a chunk "
                   "holds whole rows");
    says_of_tensor(
        2, 3, "F4", NULL, 0,
        "test: record 2 (tensor): t: part dense of F4 [2, 3]: rows that do not fill whole bytes, or too many bytes");
    says_of_tensor(
        (uint64_t)1 << 40, 1024, "F32", NULL, 0,
        "test: input ends inside record 2 (tensor t), no tail: was the upstream command killed or did it fail?");
}

static void chunks(void)
{
    static const char zero[32];

    says_of_tensor(2, 4, "F32", (struct chunk[]){{1, 0, 0, zero, 16}}, 1,
                   "test: record 2 (tensor t): a chunk is of part 1, the header lists 1");
    says_of_tensor(2, 4, "F32", (struct chunk[]){{0, 1, 0, zero, 16}}, 1,
                   "test: record 2 (tensor t): part dense: a chunk begins at row 1, row 0 is next");
    says_of_tensor(2, 4, "F32", (struct chunk[]){{0, 0, 0, zero, 17}}, 1,
                   "test: record 2 (tensor t): part dense: a chunk decodes to 17 bytes, rows have 16");
    says_of_tensor(1, 4, "F32", (struct chunk[]){{0, 0, 0, zero, 32}}, 1,
                   "test: record 2 (tensor t): part dense: a chunk of 2 rows at row 0, the part has 1");
    says_of_tensor(2, 4, "F32", (struct chunk[]){{0, 0, 0, zero, 0}}, 1,
                   "test: record 2 (tensor t): part dense: a chunk of 0 rows at row 0, the part has 2");
    says_of_tensor(2, 4, "F32", (struct chunk[]){{0, 0, 0, zero, 32}, {0, 0, 0, zero, 16}}, 2,
                   "test: record 2 (tensor t): part dense: a chunk at row 0, all of its 2 rows have passed");
    says_of_tensor(2, 4, "F32", (struct chunk[]){{0, 0, 9, zero, 32}}, 1,
                   "test: record 2 (tensor t): codec 9 is unknown: this program knows 0 to 4");
    says_of_tensor(2, 4, "F32", (struct chunk[]){{0, 0, 1, zero, 32}}, 1,
                   "test: record 2 (tensor t): payload of 32 bytes does not begin with a zstd frame");
    says_of_tensor(2, 4, "F32", (struct chunk[]){{0, 0, 2, zero, 32}}, 1,
                   "test: record 2 (tensor t): element width is 0, not 1 to 8");
    says_of_tensor(2, 4, "F32", (struct chunk[]){{0, 0, 3, "\x04\xff\xff\xff\xff", 5}}, 1,
                   "test: record 2 (tensor t): chunk decodes to 17179869180 bytes, more than the limit of 67108864");
}

/* What only decoding can find. Relays do not look. */
static void codecs(void)
{
    static const struct {
        int codec;
        const char *bytes;
        size_t n;
        const char *want;
    } bad[] = {
        {CODEC_BITMASK, "\x04\x08\0\0\0\x01", 6,
         "mask has 1 elements set of 4 bytes each, the payload holds 0 bytes of values"},
        {CODEC_BITMASK, "\x04\x08\0\0\0", 5, "mask of 8 elements does not fit a payload of 5 bytes"},
        {CODEC_BITMASK, "\x04\x07\0\0\0\x80", 6, "mask of 7 elements has bits set behind its end"},
        {CODEC_BITMASK, "\x01\x02\0\0\0\x02\0", 7, "element 1 is zero though its mask bit is set"},
        {CODEC_TURNED, "\x02\x01\x28\xb5\x2f\xfd\x20\x04\x21\0\0", 11, "zstd frame is damaged: Src size is incorrect"},
        {CODEC_ZSTD, "\x28\xb5\x2f\xfd\x20\x04\x21\0\0", 9, "zstd frame is damaged: Src size is incorrect"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const uint8_t *p = (const uint8_t *)bad[i].bytes;
        uint8_t out[64];
        uint64_t size;
        struct buf room = {0};
        struct err e = {{0}};

        CHECK(codec_size(bad[i].codec, p, bad[i].n, &size, &e) == 0 && size <= sizeof out);
        CHECK(codec_decode(bad[i].codec, p, bad[i].n, out, size, &room, &e) < 0);
        buf_free(&room);
        CHECK_STR(e.msg, bad[i].want);
    }
}

/* What the first bytes of a payload tell. */
static void heads(void)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *want;
    } bad[] = {
        {"\x02\x01", 2, "payload has 2 bytes, its codec needs 3 at least"},
        {"\x09\x01\x28", 3, "element width is 9, not 1 to 8"},
        {"\x03\x01\x28\xb5\x2f\xfd\x20\x06", 8, "element width is 3: elements turned have 2, 4 or 8 bytes"},
        {"\x02\x10\x28\xb5\x2f\xfd\x20\x04", 8, "elements of 2 bytes are turned by 16 bits"},
        {"\x04\x01\x28\xb5\x2f\xfd\x20\x06", 8, "decoded size 6 is no multiple of the element width 4"},
        {"\x02\x01\x28\xb5\x2f\xfd\xa0\0\0\0\x10", 11,
         "chunk decodes to 268435456 bytes, more than the limit of 67108864"},
        {"\x02\x01\x28\xb5\x2f\xfd\x00\x58", 8, "zstd frame does not state its content size"},
        {"\x02\x01not zstd at all", 17, "payload of 15 bytes does not begin with a zstd frame"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = {{0}};
        uint64_t size;

        CHECK(codec_size(CODEC_TURNED, (const uint8_t *)bad[i].bytes, bad[i].n, &size, &e) < 0);
        CHECK_STR(e.msg, bad[i].want);
    }
}

/* A tensor "t" of layer 3 with one companion "gram" [2], shared, or the same as in `same`; a value of no terms. */
static struct buf companion(const char *same, int shared)
{
    struct buf b = {0};

    mp_put_map(&b, 5);
    mp_put_str(&b, "name");
    mp_put_str(&b, "t");
    mp_put_str(&b, "layer");
    mp_put_int(&b, 3);
    mp_put_str(&b, "terms");
    mp_put_array(&b, 0);
    mp_put_str(&b, "parts");
    mp_put_array(&b, 1);
    mp_put_map(&b, 3u + (same != NULL) + (uint32_t)shared);
    mp_put_str(&b, "part");
    mp_put_str(&b, "gram");
    mp_put_str(&b, "dtype");
    mp_put_str(&b, "F32");
    if (same) {
        mp_put_str(&b, "same");
        mp_put_str(&b, same);
    }
    if (shared) {
        mp_put_str(&b, "shared");
        mp_put_bool(&b, 1);
    }
    for (int i = 0; i < 2; i++) {
        mp_put_str(&b, "shape");
        mp_put_array(&b, 1);
        mp_put_int(&b, 2);
    }
    return b;
}

static void references(void)
{
    struct buf b = companion("q", 0);

    says(
        "tensor", &b, NULL, 0,
        "test: record 2 (tensor t): part gram is said to be the same as in q, which has not shared one of its type and "
        "shape in this layer");
    buf_free(&b);
    b = companion("t", 0);
    says(
        "tensor", &b, NULL, 0,
        "test: record 2 (tensor t): part gram is said to be the same as in t, which has not shared one of its type and "
        "shape in this layer");
    buf_free(&b);
    b = companion("t", 1);
    says("tensor", &b, NULL, 0,
         "test: record 2 (tensor): t: part gram: it is shared, or the same as another: not both");
    buf_free(&b);
}

int main(void)
{
    for (int codec = 0; codec < CODEC_COUNT; codec++)
        cuts_and_flips(codec);
    bodies();
    shapes();
    chunks();
    codecs();
    heads();
    references();
    return DONE();
}
