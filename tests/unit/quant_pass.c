/* A tensor through wquant's pass: the golden blocks with norm2 as importance, slabs, companions, what is refused. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/par.h"
#include "base/rng.h"
#include "quant/pass.h"
#include "tests/unit/check.h"

#define GOLDEN "tests/golden/ggml/"

static size_t load(const char *path, void *to, size_t max)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(to, 1, max, f) : 0;

    if (f)
        fclose(f);
    return n;
}

/* Through a stream in a file: b is written, quantized by plan to a second stream, and what comes out is loaded to *got.
 * */
static int pass(struct bundle *b, const struct quant_plan *plan, int importance, struct quant_tally *t,
                struct bundle *got, struct err *e)
{
    int from = io_spool(e), to = io_spool(e), rc;
    struct writer *w = writer_open(from, "from", NULL, e), *out;
    struct reader *in;
    struct bundle read = {0};

    memset(got, 0, sizeof *got);
    CHECK(bundle_write(w, NULL, b, e) == 0 && writer_finish(w, e) == 0);
    lseek(from, 0, SEEK_SET);
    in = reader_open(from, "from", e);
    out = writer_open(to, "to", in, e);
    CHECK(bundle_read(in, &read, e) == 1);
    struct quant_plan fit = quant_plan_fit(plan, read.cols);
    rc = quant_pass(&fit, in, out, &read, importance, t, e);
    if (rc == 0) {
        CHECK(bundle_read(in, &read, e) == 0 && writer_finish(out, e) == 0);
        reader_close(in);
        lseek(to, 0, SEEK_SET);
        in = reader_open(to, "to", e);
        CHECK(bundle_read(in, got, e) == 1 && bundle_load(in, got, e) == 0);
    } else {
        struct err ignored;

        writer_finish(out, &ignored); /* only to free it */
    }
    reader_close(in);
    bundle_free(&read);
    close(from);
    close(to);
    return rc;
}

static struct quant_plan plan_of(const char *type)
{
    struct quant_plan p = {.method = quant_method_find("rtn"), .affine = {0, 64, 0, DT_F16}};
    struct err e;

    CHECK(quant_plan_parse(&p, type, &e) == 0);
    return p;
}

static void check_golden(const char *type)
{
    static float x[5120], imatrix[512];
    static uint8_t want[20480];
    struct shape s = {2, {10, 512}}, v = {1, {512}};
    struct quant_plan p = plan_of(type);
    char path[64];
    struct err e;

    CHECK(load(GOLDEN "input.f32", x, sizeof x) == sizeof x && load(GOLDEN "imatrix.f32", imatrix, 2048) == 2048);
    for (int with = 0; with < 2; with++) {
        struct bundle b, got;
        size_t n = 10 * ggml_row_bytes(p.ggml, 512);

        bundle_init_dense(&b, "w", &s, DT_F32, x);
        bundle_set_companion(&b, "norm2", &v, imatrix);
        bundle_set_companion(&b, "score", &s, x);
        CHECK(pass(&b, &p, with, NULL, &got, &e) == 0);
        snprintf(path, sizeof path, GOLDEN "%s%s.bin", type, with ? ".imat" : "");
        CHECK(load(path, want, sizeof want) == n && got.parts == 2 && memcmp(got.part[1].data, want, n) == 0);
        CHECK_STR(got.part[0].name, "norm2"); /* tells of inputs: stays; the score told of the old weights */
        CHECK_STR(attrs_str(&got.term[0].attrs, "type", ""), p.ggml->name);
        bundle_free(&b);
        bundle_free(&got);
    }
}

/* More rows than a slab holds: as if in one piece; and the report's error is that of the rows that come out. */
static void check_slabs(const char *type)
{
    enum { ROWS = 700, COLS = 768 };
    struct shape s = {2, {ROWS, COLS}};
    struct quant_plan p = plan_of(type);
    struct quant_tally t = {0};
    struct rng r = rng_make(3, type, strlen(type));
    float *w = malloc(ROWS * COLS * sizeof *w), *q = malloc(ROWS * COLS * sizeof *q);
    uint8_t *whole = malloc(ROWS * COLS * 4), *scales = malloc(ROWS * COLS), *zeros = malloc(ROWS * COLS);
    struct bundle b, got;
    double lost = 0, all = 0;
    struct err e;

    for (uint64_t i = 0; i < ROWS * COLS; i++)
        w[i] = (float)rng_normal(r, i);
    bundle_init_dense(&b, "w", &s, DT_F32, w);
    CHECK(pass(&b, &p, 1, &t, &got, &e) == 0);
    if (p.kind == QUANT_BLOCKS)
        quant_encode(p.block, w, NULL, ROWS, COLS, whole);
    else if (p.kind == QUANT_AFFINE)
        quant_rows(p.method, &p.affine, w, ROWS, COLS, whole, scales, zeros);
    else
        dtype_from_f32(p.dtype, w, whole, ROWS * COLS);
    CHECK(got.loaded && memcmp(got.part[0].data, whole, ROWS * got.part[0].row_bytes) == 0);
    CHECK(p.kind != QUANT_AFFINE || (memcmp(got.part[1].data, scales, ROWS * got.part[1].row_bytes) == 0 &&
                                     memcmp(got.part[2].data, zeros, ROWS * got.part[2].row_bytes) == 0));
    CHECK(bundle_rows(&got, 0, ROWS, q, &e) == 0);
    for (int i = 0; i < ROWS * COLS; i++) {
        lost += ((double)w[i] - q[i]) * ((double)w[i] - q[i]);
        all += (double)w[i] * w[i];
    }
    CHECK_NEAR(t.lost / lost, 1, 1e-9);
    CHECK_NEAR(t.whole / all, 1, 1e-9);
    CHECK(quant_plan_bytes(&p, ROWS, COLS) == quant_value_bytes(&got));
    bundle_free(&b);
    bundle_free(&got);
    free(w);
    free(q);
    free(whole);
    free(scales);
    free(zeros);
}

static void check_refused(float bad, const char *type, const char *message)
{
    float w[3 * 256] = {0};
    struct shape s = {2, {3, 256}};
    struct quant_plan p = plan_of(type);
    struct bundle b, got;
    struct err e = {""};

    w[256 + 7] = bad;
    bundle_init_dense(&b, "w", &s, DT_F32, w);
    CHECK(pass(&b, &p, 1, NULL, &got, &e) == (message ? -1 : 0));
    if (message)
        CHECK_STR(e.msg, message);
    bundle_free(&b);
    bundle_free(&got);
}

static void check_norm2(float bad, const char *message)
{
    float w[256] = {1}, v[256] = {1};
    struct shape s = {2, {1, 256}}, n = {1, {256}};
    struct quant_plan p = plan_of("q4_K");
    struct bundle b, got;
    struct err e;

    v[9] = bad;
    bundle_init_dense(&b, "w", &s, DT_F32, w);
    bundle_set_companion(&b, "norm2", &n, v);
    CHECK(pass(&b, &p, 1, NULL, &got, &e) == -1);
    CHECK_STR(e.msg, message);
    CHECK(pass(&b, &p, 0, NULL, &got, &e) == 0);
    bundle_free(&b);
    bundle_free(&got);
}

static void check_fallbacks(void)
{
    static const struct {
        const char *type;
        uint64_t cols;
        const char *is;
    } want[] = {{"q4_K", 512, "q4_K"}, {"Q4_K", 288, "q5_0"}, {"q5_k", 288, "q5_1"}, {"q6_K", 288, "q8_0"},
                {"q2_K", 288, "q4_0"}, {"q3_K", 96, "q4_0"},  {"q4_K", 100, "F16"},  {"q8_0", 33, "F16"},
                {"int3", 33, "int3"},  {"bf16", 33, "BF16"}};
    struct quant_plan p;
    struct err e;
    char name[32];

    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        p = plan_of(want[i].type);
        p = quant_plan_fit(&p, want[i].cols);
        CHECK_STR(quant_plan_name(&p, name), want[i].is);
    }
    CHECK(quant_plan_parse(&p, "q9_K", &e) == -1 && quant_plan_parse(&p, "int9", &e) == -1 &&
          quant_plan_parse(&p, "int44", &e) == -1);
    CHECK(quant_plan_parse(&p, "iq9_xs", &e) == -1); /* known, but not written */
}

int main(void)
{
    static const char *const types[] = {"q8_0", "q6_K", "q5_K", "q5_1", "q5_0", "q4_K", "q4_1", "q4_0", "q3_K", "q2_K"};

    par_set_jobs(2);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        check_golden(types[i]);
    check_slabs("q4_K");
    check_slabs("int3");
    check_slabs("bf16");
    check_refused(NAN, "q4_K", "w: weight [1, 7] is nan; weights must be finite");
    check_refused(-INFINITY, "f32", "w: weight [1, 7] is -inf; weights must be finite");
    check_refused(-70000, "q8_0", "w: weight [1, 7] is -70000, beyond 65504, the largest that q8_0 holds");
    check_refused(-70000, "bf16", NULL);
    check_norm2(-1, "w: companion norm2 [9] is -1; a mean of squares is finite and not negative");
    check_norm2(NAN, "w: companion norm2 [9] is nan; a mean of squares is finite and not negative");
    check_fallbacks();
    return DONE();
}
