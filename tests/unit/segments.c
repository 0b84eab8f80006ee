/* segments: streams behind one another, shard marks, heads, tails and history. */
#include "tests/unit/check.h"

#include "base/opt.h"
#include "tensor/head.h"
#include "tests/unit/stream_kit.h"

static void one(struct buf *to, const char *name, int64_t shard, int64_t shards)
{
    int fd = kit_file("", 0);
    struct writer *out = kit_writer(fd, NULL);
    struct bundle b;
    struct buf bytes;

    writer_head(out)->shard = shard;
    writer_head(out)->shards = shards;
    kit_dense(&b, name, 2, 2, 1);
    MUST(bundle_write(out, NULL, &b, e));
    attrs_set_str(writer_tail_model(out), "last", name);
    MUST(writer_finish(out, e));
    bundle_free(&b);
    bytes = kit_bytes(fd);
    buf_add(to, bytes.data, bytes.len);
    buf_free(&bytes);
    close(fd);
}

/* Read all tensors of the stream; the number, or -1 with the message in err. */
static int count(const struct buf *b, int partial, struct err *err)
{
    int fd = kit_file(b->data, b->len), n = 0, got = -1;
    struct reader *in = reader_open(fd, "test", err);
    struct bundle t = {0};

    if (in) {
        reader_allow_partial(in, partial);
        while ((got = bundle_read(in, &t, err)) > 0)
            n++;
        bundle_free(&t);
        reader_close(in);
    }
    close(fd);
    return got < 0 ? -1 : n;
}

static void shards(void)
{
    struct buf b = {0};
    struct err e = {{0}};

    one(&b, "a", 0, 0);
    one(&b, "b", 0, 0);
    CHECK(count(&b, 0, &e) == 2);
    b.len = 0;
    one(&b, "a", 2, 3);
    one(&b, "b", 1, 3);
    CHECK(count(&b, 1, &e) == 2);
    CHECK(count(&b, 0, &e) == -1);
    CHECK_STR(e.msg, "test: end of input: 1 of 3 shards are missing: 3");
    one(&b, "c", 3, 3);
    CHECK(count(&b, 0, &e) == 3);
    one(&b, "d", 2, 3);
    CHECK(count(&b, 0, &e) == -1);
    CHECK_STR(e.msg, "test: record 10 (head): shard 2 of 3 comes twice");
    CHECK(count(&b, 1, &e) == -1);
    b.len = 0;
    one(&b, "a", 1, 2);
    one(&b, "a", 2, 3);
    CHECK(count(&b, 1, &e) == -1);
    CHECK_STR(e.msg, "test: record 4 (head): says shard 2 of 3, an earlier head said of 2");
    buf_free(&b);
}

static void set_key(struct head *h, void *ctx)
{
    attrs_set_int(&h->model, "seen", ++*(int *)ctx);
}

/* A linked writer gives each segment its own head and tail. */
static void carried_on(void)
{
    static char *argv[] = {"wprune", "-o", "/tmp/x/y.weir", "--report=/var/z.tsv", "plain/path", NULL};
    struct buf b = {0}, bytes;
    struct bundle t = {0};
    struct err err = {{0}};
    struct reader *in;
    struct writer *out;
    int fd, to = kit_file("", 0), heads = 0;

    one(&b, "a", 1, 2);
    one(&b, "b", 2, 2);
    prog_argv = argv;
    fd = kit_file(b.data, b.len);
    in = kit_reader(fd);
    out = kit_writer(to, in);
    writer_each_head(out, set_key, &heads);
    while (bundle_read(in, &t, &err) > 0)
        MUST(bundle_write(out, in, &t, e));
    CHECK_STR(err.msg, "");
    MUST(writer_finish(out, e));
    reader_close(in);
    prog_argv = NULL;
    bytes = kit_bytes(to);
    CHECK(count(&bytes, 0, &err) == 2);
    in = kit_reader(to);
    CHECK(reader_head(in)->shard == 1 && reader_head(in)->histories == 1);
    CHECK(attrs_int(&reader_head(in)->model, "seen", 0) == 1);
    CHECK_STR(reader_head(in)->history[0][2], "y.weir");
    CHECK_STR(reader_head(in)->history[0][3], "--report=z.tsv");
    CHECK_STR(reader_head(in)->history[0][4], "plain/path");
    CHECK_STR(reader_head(in)->history[0][5], "@" WEIR_VERSION);
    CHECK(bundle_read(in, &t, &err) == 1 && t.segment == 1);
    CHECK(bundle_read(in, &t, &err) == 1 && t.segment == 2);
    CHECK(reader_head(in)->shard == 2 && attrs_int(&reader_head(in)->model, "seen", 0) == 2);
    CHECK_STR(attrs_str(reader_tail_model(in), "last", ""), "a");
    reader_allow_partial(in, 0);
    CHECK(bundle_read(in, &t, &err) == 0);
    CHECK_STR(attrs_str(reader_tail_model(in), "last", ""), "b");
    reader_close(in);
    bundle_free(&t);
    buf_free(&b);
    buf_free(&bytes);
    close(fd);
    close(to);
}

/* A program that passes nothing on, and one that writes an empty stream. */
static void nothing(void)
{
    int fd = kit_file("", 0);
    struct writer *out = kit_writer(fd, NULL);
    struct buf b;
    struct err err = {{0}};

    MUST(writer_finish(out, e));
    b = kit_bytes(fd);
    CHECK(count(&b, 0, &err) == 0);
    b.len -= 100; /* the tail */
    CHECK(count(&b, 0, &err) == -1);
    CHECK(strstr(err.msg, "no tail: was the upstream command killed or did it fail?") != NULL);
    b.len = 0;
    CHECK(count(&b, 0, &err) == -1);
    CHECK_STR(err.msg, "test: is empty, not a weir stream: did the upstream command fail?");
    buf_puts(&b, "{\"a\": 1}");
    CHECK(count(&b, 0, &err) == -1);
    CHECK_STR(err.msg, "test: begins with byte 0x7b, not 0x94: not a weir stream");
    buf_free(&b);
    close(fd);
}

static void words(void)
{
    static const char *const pair[][2] = {{"/", "/"},        {"/a", "a"},           {"/a/b/", "b"}, {"a/b", "a/b"},
                                          {"-o/x/y", "-oy"}, {"--o=/x/y", "--o=y"}, {"--", "--"},   {"", ""}};

    for (size_t i = 0; i < sizeof pair / sizeof pair[0]; i++) {
        char *w = history_word(pair[i][0]);

        CHECK_STR(w, pair[i][1]);
        free(w);
    }
}

int main(void)
{
    shards();
    carried_on();
    nothing();
    words();
    return DONE();
}
