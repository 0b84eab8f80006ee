/* same: companions that travel once; values written by rows; parts passed while others are replaced. */
#include "tests/unit/check.h"

#include "num/half.h"
#include "tensor/form.h"
#include "tests/unit/stream_kit.h"

#define DIM 300 /* of the gram: 360 kB */

static void add_gram(struct bundle *b, int layer, float from, int share)
{
    float *g = kit_values(DIM * DIM, from);

    b->layer = layer;
    bundle_set_companion(b, "gram", &(struct shape){2, {DIM, DIM}}, g);
    if (share)
        bundle_share(b, "gram");
    free(g);
}

/* q, k, v of layers 0 and 1, all with the same gram in a layer. */
static int attention(void)
{
    static const char *const name[] = {"q", "k", "v"};
    int fd = kit_file("", 0);
    struct writer *out = kit_writer(fd, NULL);

    for (int layer = 0; layer < 2; layer++)
        for (int i = 0; i < 3; i++) {
            struct bundle b;

            kit_dense(&b, name[i], 4, DIM, (float)i);
            add_gram(&b, layer, (float)layer + 1, 1);
            MUST(bundle_write(out, NULL, &b, e));
            bundle_free(&b);
        }
    MUST(writer_finish(out, e));
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static size_t size_of(int fd)
{
    struct buf b = kit_bytes(fd);
    size_t n = b.len;

    buf_free(&b);
    return n;
}

/* Copy all but the bundle named skip; load what `load` names ("*" all). replace: set the gram anew, equal to what it
 * was. */
static int copy(int fd, const char *skip, const char *load, int replace)
{
    int to = kit_file("", 0), got;
    struct reader *in = kit_reader(fd);
    struct writer *out = kit_writer(to, in);
    struct bundle b = {0};
    struct err err;

    while ((got = bundle_read(in, &b, &err)) > 0) {
        if (strcmp(b.name, skip) == 0)
            continue;
        if (strcmp(load, "*") == 0 || strcmp(load, b.name) == 0)
            MUST(bundle_load(in, &b, e));
        if (replace)
            add_gram(&b, (int)b.layer, (float)b.layer + 1, 0);
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

/* Every bundle has its gram, and the stream holds one for each layer. */
static void check_grams(int fd, int bundles)
{
    struct reader *in = kit_reader(fd);
    struct bundle b = {0};
    struct err err = {{0}};
    int n = 0, got;

    while ((got = bundle_read(in, &b, &err)) > 0) {
        float *want = kit_values(DIM * DIM, (float)b.layer + 1), *g;

        MUST(bundle_load_companions(in, &b, e));
        g = bundle_companion(&b, "gram", DIM * DIM, &err);
        CHECK(g && memcmp(g, want, DIM * DIM * sizeof *g) == 0);
        CHECK(bundle_part(&b, 0, "dense")->data == NULL);
        free(g);
        free(want);
        n++;
    }
    CHECK(got == 0 && n == bundles);
    CHECK_STR(err.msg, "");
    CHECK(size_of(fd) < 2 * DIM * DIM * sizeof(float) + 60000 && size_of(fd) > 2 * DIM * DIM * sizeof(float));
    bundle_free(&b);
    reader_close(in);
    lseek(fd, 0, SEEK_SET);
}

static void shared(void)
{
    int fd = attention(), to;

    check_grams(fd, 6);
    static const char *const skip[] = {"", "q", "k", "v"}, *const load[] = {"", "*", "q", "k", "v"};
    for (int s = 0; s < 4; s++)
        for (int l = 0; l < 5; l++) {
            to = copy(fd, skip[s], load[l], 0);
            check_grams(to, s ? 4 : 6);
            close(to);
        }
    to = copy(fd, "", "*", 1);
    check_grams(to, 6);
    close(to);
    to = copy(fd, "q", "", 1); /* replaced unread: the value's rows pass under another number */
    check_grams(to, 4);
    close(to);
    close(fd);
}

/* A bundle outlives the reader's interest in its layer: what it was lent stays. */
static void lent_outlives(void)
{
    int fd = attention();
    struct reader *in = kit_reader(fd);
    struct bundle k = {0}, b = {0};
    struct err err;

    CHECK(bundle_read(in, &b, &err) == 1 && bundle_read(in, &k, &err) == 1);
    MUST(bundle_load(in, &k, e));
    while (bundle_read(in, &b, &err) > 0)
        continue;
    reader_close(in);
    CHECK(((float *)bundle_part(&k, -1, "gram")->data)[1] == 2);
    bundle_free(&k);
    bundle_free(&b);
    close(fd);
}

/* affine codes, scales and a low-rank term, written by rows and read by rows. */
static void forms(int by_rows)
{
    enum { ROWS = 5000, COLS = 96, RANK = 3 };
    struct shape s = {2, {ROWS, COLS}}, codes = {2, {ROWS, COLS / 2}}, scales = {2, {ROWS, 3}}, a = {2, {RANK, COLS}},
                 bb = {2, {ROWS, RANK}};
    int fd = kit_file("", 0), got;
    struct writer *out = kit_writer(fd, NULL);
    struct bundle b = {0}, r = {0};
    uint8_t *code = mem_new(ROWS, COLS / 2);
    float *scale = kit_values(ROWS * 3, 1), *fa = kit_values(RANK * COLS, 0.5f), *fb = kit_values(ROWS * RANK, 0.25f),
          *w;
    uint64_t row0, n, next = 0;
    struct reader *in;
    struct err err = {{0}};

    for (size_t i = 0; i < ROWS * (COLS / 2); i++)
        code[i] = (uint8_t)(i * 7);
    b.name = mem_strdup("w");
    b.layer = -1;
    MUST(bundle_set_shape(&b, &s, e));
    bundle_add_term(&b, "affine");
    bundle_add_term(&b, "lowrank");
    attrs_set_int(&b.term[0].attrs, "bits", 4);
    attrs_set_int(&b.term[0].attrs, "group", 32);
    bundle_declare_part(&b, 1, "b", DT_F32, &bb);
    bundle_declare_part(&b, 1, "a", DT_F32, &a);
    bundle_declare_part(&b, 0, "codes", DT_U8, &codes);
    bundle_declare_part(&b, 0, "scales", DT_F32, &scales);
    CHECK_STR(b.part[2].name, "a"); /* fixed parts stand first */
    if (by_rows) {
        MUST(bundle_begin(out, &b, e));
        CHECK(bundle_put(out, &b, 0, 1, 1, code, &err) < 0);
        CHECK(strstr(err.msg, "row 0") != NULL);
        MUST(bundle_put(out, &b, 2, 0, RANK, fa, e));
        for (uint64_t at = 0; at < ROWS; at += 123) {
            uint64_t m = ROWS - at < 123 ? ROWS - at : 123;

            MUST(bundle_put(out, &b, 0, at, m, code + at * (COLS / 2), e));
            MUST(bundle_put(out, &b, 1, at, m, scale + at * 3, e));
            MUST(bundle_put(out, &b, 3, at, m, fb + at * RANK, e));
            if (at == 0)
                CHECK(bundle_end(out, &b, &err) < 0);
        }
        MUST(bundle_end(out, &b, e));
    } else {
        void *from[4] = {code, scale, fa, fb};

        for (int i = 0; i < 4; i++)
            b.part[i].data =
                memcpy(mem_new(b.part[i].rows, b.part[i].row_bytes), from[i], b.part[i].rows * b.part[i].row_bytes);
        MUST(bundle_write(out, NULL, &b, e));
    }
    MUST(writer_finish(out, e));
    lseek(fd, 0, SEEK_SET);
    in = kit_reader(fd);
    CHECK(bundle_read(in, &r, &err) == 1);
    while ((got = bundle_next_rows(in, &r, &row0, &n, &w, &err)) > 0) {
        CHECK(row0 == next);
        for (uint64_t i = 0; i < n; i++)
            for (uint64_t c = 0; c < COLS; c++) {
                uint64_t row = row0 + i;
                int v = code[row * (COLS / 2) + c / 2] >> (c % 2 * 4) & 15;
                double low = 0;

                for (int k = 0; k < RANK; k++)
                    low += (double)fb[row * RANK + (uint64_t)k] * fa[(uint64_t)k * COLS + c];
                if (w[i * COLS + c] != (float)(v - 8) * scale[row * 3 + c / 32] + (float)low)
                    CHECK(!"the value of the two terms");
            }
        next = row0 + n;
    }
    CHECK(got == 0 && next == ROWS);
    CHECK(bundle_write(out = kit_writer(fd, in), in, &r, &err) < 0); /* its rows are gone */
    writer_abandon(out);
    bundle_free(&r);
    bundle_free(&b);
    reader_close(in);
    close(fd);
    free(code);
    free(scale);
    free(fa);
    free(fb);
}

static void sparse(void)
{
    struct shape s = {2, {3, 10}}, mask = {2, {3, 2}}, values = {1, {4}};
    int fd = kit_file("", 0);
    struct writer *out = kit_writer(fd, NULL);
    struct bundle b = {0}, r = {0};
    uint64_t row0, n;
    struct reader *in;
    struct err err = {{0}};
    float *w = NULL;

    b.name = mem_strdup("w");
    MUST(bundle_set_shape(&b, &s, e));
    bundle_add_term(&b, "sparse");
    memcpy(bundle_add_part(&b, 0, "mask", DT_U8, &mask)->data, "\x01\x02\x00\x00\x80\x01", 6);
    memcpy(bundle_add_part(&b, 0, "values", DT_F32, &values)->data, (float[]){1, 2, 3, 4}, 16);
    MUST(bundle_write(out, NULL, &b, e));
    MUST(writer_finish(out, e));
    lseek(fd, 0, SEEK_SET);
    in = kit_reader(fd);
    CHECK(bundle_read(in, &r, &err) == 1 && bundle_next_rows(in, &r, &row0, &n, &w, &err) == 1 && n == 3);
    CHECK(w[0] == 1 && w[9] == 2 && w[1] == 0 && w[27] == 3 && w[28] == 4 && w[10] == 0);
    CHECK(bundle_rows(&r, 2, 1, w, &err) == 0 && w[7] == 3 && w[8] == 4);
    CHECK(bundle_next_rows(in, &r, &row0, &n, &w, &err) == 0);
    bundle_free(&r);
    bundle_free(&b);
    reader_close(in);
    close(fd);
}

/* w: [3][10], or [4][6] of blocks. The value of the bundle, read by rows from a stream; what the reader says of one
 * that is wrong. */
static float *back(struct bundle *b, uint64_t want, struct err *err)
{
    int fd = kit_file("", 0), got;
    struct writer *out = kit_writer(fd, NULL);
    struct bundle r = {0};
    float *w = NULL, *copy = NULL;
    uint64_t row0, n;
    struct reader *in;

    MUST(bundle_write(out, NULL, b, e));
    MUST(writer_finish(out, e));
    lseek(fd, 0, SEEK_SET);
    in = kit_reader(fd);
    got = bundle_read(in, &r, err);
    if (got == 1 && (got = bundle_next_rows(in, &r, &row0, &n, &w, err)) == 1 && n == want) {
        copy = mem_new(n * r.cols, sizeof *copy);
        memcpy(copy, w, n * r.cols * sizeof *w);
    }
    bundle_free(&r);
    reader_close(in);
    close(fd);
    return copy;
}

static void begin(struct bundle *b, const char *form, uint64_t rows, uint64_t cols)
{
    struct shape s = {2, {rows, cols}};

    b->name = mem_strdup("w");
    MUST(bundle_set_shape(b, &s, e));
    bundle_add_term(b, form);
}

static void listed(void)
{
    static const uint16_t at[3][4] = {{0, 9, 7, 8}, {0, 9, 8, 7}, {0, 10, 7, 8}};
    struct shape rows = {2, {3, 1}}, four = {1, {4}};

    for (int i = 0; i < 3; i++) {
        struct bundle b = {0};
        struct err err = {{0}};
        float *w;

        begin(&b, "sparse", 3, 10);
        memcpy(bundle_add_part(&b, 0, "columns", DT_U16, &four)->data, at[i], 8);
        memcpy(bundle_add_part(&b, 0, "values", DT_F32, &four)->data, (float[]){1, 2, 3, 4}, 16);
        memcpy(bundle_add_part(&b, 0, "counts", DT_U16, &rows)->data, (uint16_t[]){2, 0, 2}, 6);
        w = back(&b, 3, &err);
        CHECK(!w == (i > 0));
        CHECK(!w || (w[0] == 1 && w[9] == 2 && w[1] == 0 && w[27] == 3 && w[28] == 4 && w[10] == 0));
        CHECK(i != 1 || strstr(err.msg, "columns of row 2: 7 where 9 to 9 may be"));
        CHECK(i != 2 || strstr(err.msg, "columns of row 0: 10 where 1 to 9 may be"));
        free(w);
        bundle_free(&b);
    }
}

/* Two blocks, rank 1: row u, column 3k + i is l[u][k] r[2k + u % 2][i]. */
static void monarch(void)
{
    static const float l[8] = {1, 2, 3, 4, 5, 6, 7, 8}, r[12] = {1, 10, 100, 2, 20, 200, 3, 30, 300, 4, 40, 400};
    struct shape ls = {2, {4, 2}}, rs = {2, {4, 3}};

    for (int64_t blocks = 2; blocks <= 3; blocks++) {
        struct bundle b = {0};
        struct err err = {{0}};
        float *w;

        begin(&b, "monarch", 4, 6);
        attrs_set_int(&b.term[0].attrs, "blocks", blocks);
        memcpy(bundle_add_part(&b, 0, "r", DT_F32, &rs)->data, r, sizeof r);
        memcpy(bundle_add_part(&b, 0, "l", DT_F32, &ls)->data, l, sizeof l);
        w = back(&b, 4, &err);
        CHECK(!w == (blocks == 3));
        CHECK(!w || (w[0] == 1 && w[2] == 100 && w[3] == 6 && w[6] == 6 && w[11] == 1600 && w[23] == 3200));
        CHECK(w || strstr(err.msg, "form monarch has 3 blocks of 4 rows"));
        free(w);
        bundle_free(&b);
    }
}

int main(void)
{
    shared();
    lent_outlives();
    forms(0);
    forms(1);
    sparse();
    listed();
    monarch();
    return DONE();
}
