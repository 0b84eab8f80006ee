/* stream: what is written is read back; what is not touched passes as it came. */
#include "tests/unit/check.h"

#include "tensor/stream.h"
#include "tests/unit/stream_kit.h"
#include "wire/codec.h"

#define BIG 3000 /* rows of 512 floats: several chunks */

static void write_model(int fd, int codec)
{
    struct writer *out = kit_writer(fd, NULL);
    struct bundle b;
    struct shape v = {1, {5}}, none = {0, {0}}, empty = {2, {0, 7}};
    struct attrs a = {0};
    float norm[512];

    writer_codec(out, codec, 3);
    attrs_set_int(&writer_head(out)->model, "blocks", 2);
    attrs_set_str(&writer_head(out)->meta, "format", "pt");
    MUST(blob_write(out, "config.json", "{\"a\": 1}", 8, e));
    kit_dense(&b, "big", BIG, 512, 1);
    b.layer = 3;
    b.role = mem_strdup("attn.q");
    attrs_set_f64(&b.more, "alpha", 0.5);
    for (int i = 0; i < 512; i++)
        norm[i] = (float)i;
    bundle_set_companion(&b, "norm2", &(struct shape){1, {512}}, norm);
    MUST(bundle_write(out, NULL, &b, e));
    bundle_free(&b);
    bundle_init_dense(&b, "vector", &v, DT_BF16, "0123456789");
    MUST(bundle_write(out, NULL, &b, e));
    bundle_free(&b);
    bundle_init_dense(&b, "scalar", &none, DT_F64, "01234567");
    MUST(bundle_write(out, NULL, &b, e));
    bundle_free(&b);
    bundle_init_dense(&b, "empty", &empty, DT_F32, NULL);
    MUST(bundle_write(out, NULL, &b, e));
    bundle_free(&b);
    MUST(text_write(out, 2, "abcdef", 6, e));
    attrs_set_int(&a, "documents", 12);
    MUST(stat_write(out, "counts", &a, "xyz", 3, e));
    attrs_free(&a);
    attrs_set_int(writer_tail_model(out), "blocks", 1);
    MUST(writer_finish(out, e));
    lseek(fd, 0, SEEK_SET);
}

static void check_big(struct bundle *b)
{
    float *v = kit_values(BIG * 512, 1), *w = mem_new(BIG * 512, sizeof *w);
    float *norm;
    struct err err;

    CHECK(b->rows == BIG && b->cols == 512 && b->layer == 3);
    CHECK_STR(b->role, "attn.q");
    CHECK(attrs_f64(&b->more, "alpha", 0) == 0.5);
    CHECK(bundle_rows(b, 0, BIG, w, &err) == 0 && memcmp(v, w, BIG * 512 * sizeof *v) == 0);
    norm = bundle_companion(b, "norm2", 512, &err);
    CHECK(norm && norm[511] == 511);
    CHECK(bundle_companion(b, "norm2", 100, &err) == NULL);
    CHECK(bundle_companion(b, "gram", 0, &err) == NULL);
    free(norm);
    free(v);
    free(w);
}

static void read_model(int fd)
{
    static const char *const name[] = {"config.json", "big", "vector", "scalar", "empty", "", "counts"};
    struct reader *in = kit_reader(fd);
    struct item it = {0};
    struct buf payload = {0};
    struct err err = {{0}};
    int n = 0, got;

    CHECK(attrs_int(&reader_head(in)->model, "blocks", 0) == 2);
    CHECK_STR(attrs_str(&reader_head(in)->meta, "format", ""), "pt");
    for (; (got = stream_next(in, &it, &err)) > 0; n++) {
        CHECK_STR(it.kind == ITEM_TENSOR ? it.b.name : it.name ? it.name : "", name[n]);
        if (it.kind == ITEM_TENSOR) {
            MUST(bundle_load(in, &it.b, e));
            if (n == 1)
                check_big(&it.b);
            if (n == 2)
                CHECK(memcmp(it.b.part[0].data, "0123456789", 10) == 0 && it.b.rows == 1 && it.b.cols == 5);
            continue;
        }
        MUST(item_load(in, &it, &payload, e));
        if (it.kind == ITEM_BLOB)
            CHECK(it.size == 8 && memcmp(payload.data, "{\"a\": 1}", 8) == 0);
        if (it.kind == ITEM_TEXT)
            CHECK(it.size == 2 && payload.len == 6);
        if (it.kind == ITEM_STAT)
            CHECK(attrs_int(&it.attrs, "documents", 0) == 12 && payload.len == 3);
    }
    CHECK(got == 0);
    CHECK_STR(err.msg, "");
    CHECK(n == 7);
    CHECK(attrs_int(reader_tail_model(in), "blocks", 0) == 1);
    item_free(&it);
    buf_free(&payload);
    reader_close(in);
    lseek(fd, 0, SEEK_SET);
}

enum how { PASS, LOAD, COMPANIONS };

static int copy(int fd, enum how how)
{
    int to = kit_file("", 0);
    struct reader *in = kit_reader(fd);
    struct writer *out = kit_writer(to, in);
    struct bundle b = {0};

    struct err err;
    int got;

    while ((got = bundle_read(in, &b, &err)) > 0) {
        if (how == LOAD)
            MUST(bundle_load(in, &b, e));
        if (how == COMPANIONS)
            MUST(bundle_load_companions(in, &b, e));
        MUST(bundle_write(out, in, &b, e));
    }
    CHECK(got == 0);
    bundle_free(&b);
    MUST(writer_finish(out, e));
    reader_close(in);
    lseek(fd, 0, SEEK_SET);
    lseek(to, 0, SEEK_SET);
    return to;
}

static int same_files(int a, int b)
{
    struct buf x = kit_bytes(a), y = kit_bytes(b);
    int same = x.len == y.len && memcmp(x.data, y.data, x.len) == 0;

    buf_free(&x);
    buf_free(&y);
    return same;
}

static void by_rows(int fd)
{
    struct reader *in = kit_reader(fd);
    float *v = kit_values(BIG * 512, 1), *w;
    struct bundle b = {0};
    uint64_t row0, n, next = 0;
    struct err err;
    int got;

    CHECK(bundle_read(in, &b, &err) == 1);
    MUST(bundle_load_companions(in, &b, e));
    while ((got = bundle_next_rows(in, &b, &row0, &n, &w, &err)) > 0) {
        CHECK(row0 == next && memcmp(w, v + row0 * 512, n * 512 * sizeof *w) == 0);
        next = row0 + n;
    }
    CHECK(got == 0 && next == BIG);
    bundle_free(&b);
    free(v);
    reader_close(in);
    lseek(fd, 0, SEEK_SET);
}

int main(void)
{
    for (int codec = 0; codec < CODEC_COUNT; codec++) {
        int fd = kit_file("", 0), to;

        write_model(fd, codec);
        read_model(fd);
        by_rows(fd);
        for (int how = PASS; how <= COMPANIONS; how++) {
            to = copy(fd, (enum how)how);
            read_model(to);
            CHECK(how != PASS || same_files(fd, to));
            CHECK(codec != CODEC_RAW || same_files(fd, to));
            close(to);
        }
        close(fd);
    }
    return DONE();
}
