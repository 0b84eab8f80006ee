/* windows: ids cut by each protocol, ids read from text. */
#include "tests/unit/check.h"

#include <stdlib.h>

#include "run/calib.h"
#include "run/windows.h"

static const uint32_t ids[10] = {1, 10, 11, 12, 13, 14, 15, 16, 17, 18};
static struct err e;

static void test_all(void)
{
    struct windows w = {0};

    CHECK(windows_add(&w, ids, 10, 4, PROTOCOL_ALL, -1, &e) == 0);
    CHECK(w.n == 3 && w.tokens == 10 && w.longest == 4 && w.window[2].start == 8 && w.window[2].len == 2);
    for (int i = 0; i < 10; i++)
        CHECK(w.input[i] == ids[i] && w.target[i] == NO_TARGET);
    CHECK(windows_batch(&w, 0, 8) == 2 && windows_batch(&w, 1, 8) == 2 && windows_batch(&w, 0, 1) == 1);
    windows_free(&w);
}

/* Windows begin with bos, but where the text has it there; of many, whole ones spread evenly. */
static void test_spread(void)
{
    struct windows w = {0};
    uint32_t many[1000];

    CHECK(windows_spread(&w, ids, 10, 4, 0, 1, &e) == 0); /* 1 10 11 12 | 1 13 14 15 | 1 16 17 18 */
    CHECK(w.n == 3 && w.tokens == 12 && w.input[0] == 1 && w.input[1] == 10 && w.input[4] == 1 && w.input[5] == 13 &&
          w.input[8] == 1);
    windows_free(&w);
    for (uint32_t i = 0; i < 1000; i++)
        many[i] = i;
    CHECK(windows_spread(&w, many, 1000, 10, 45, -1, &e) == 0); /* 4 of 100 windows: the middles of four quarters */
    CHECK(w.n == 4 && w.tokens == 40 && w.longest == 10);
    CHECK(w.input[0] == 120 && w.input[10] == 370 && w.input[20] == 620 && w.input[30] == 870);
    windows_free(&w);
    CHECK(windows_spread(&w, many, 1000, 10, 7, -1, &e) == 0 && w.n == 1 && w.tokens == 7);
    windows_free(&w);
    CHECK(windows_spread(&w, many, 15, 10, 14, -1, &e) == 0 && w.n == 1 && w.tokens == 10); /* no part of a window */
    windows_free(&w);
    CHECK(windows_spread(&w, many, 15, 10, 15, -1, &e) == 0 && w.n == 2 && w.tokens == 15);
    windows_free(&w);
    CHECK(windows_spread(&w, ids, 10, 1, 0, 5, &e) < 0);
    CHECK_STR(e.msg, "windows of 1 hold no token behind bos");
}

/* Every id but the first is a target once. */
static void test_paper(void)
{
    struct windows w = {0};

    CHECK(windows_add(&w, ids, 10, 4, PROTOCOL_PAPER, -1, &e) == 0);
    CHECK(windows_add(&w, ids, 2, 4, PROTOCOL_PAPER, -1, &e) == 0);
    CHECK(w.n == 4 && w.tokens == 10 && w.window[2].len == 1 && w.window[3].start == 9);
    for (int i = 0; i < 9; i++)
        CHECK(w.input[i] == ids[i] && w.target[i] == ids[i + 1]);
    CHECK(w.target[9] == 10 && windows_max_id(&w) == 18);
    CHECK(windows_add(&w, ids, 1, 4, PROTOCOL_PAPER, -1, &e) < 0);
    CHECK_STR(e.msg, "it has 1 token ids; 2 are needed");
    windows_free(&w);
}

/* Of 4 ids with bos put first, ids 3 is scored (4 - 1 - 4/2 = 1); the tail of 2 is dropped. */
static void test_llamacpp(void)
{
    struct windows w = {0};
    int scored = 0;

    CHECK(windows_add(&w, ids, 10, 4, PROTOCOL_LLAMACPP, 1, &e) == 0);
    CHECK(w.n == 2 && w.tokens == 8 && w.input[0] == 1 && w.input[4] == 1 && w.input[5] == 14);
    for (int i = 0; i < 8; i++)
        scored += w.target[i] != NO_TARGET;
    CHECK(scored == 2 && w.target[2] == 12 && w.target[6] == 16);
    CHECK(windows_add(&w, ids, 3, 4, PROTOCOL_LLAMACPP, 1, &e) < 0);
    CHECK_STR(e.msg, "it has 3 token ids; 4 are needed");
    windows_free(&w);
}

static void test_ids(void)
{
    struct tok_ids out = {0};

    CHECK(ids_parse(" 1 22\n333\t0", 11, 0, &out, &e) == 0);
    CHECK(out.n == 4 && out.id[0] == 1 && out.id[1] == 22 && out.id[2] == 333 && out.id[3] == 0);
    CHECK(ids_parse("5 6 7", 5, 6, &out, &e) == 0 && out.n == 6);
    CHECK(ids_parse("4294967294", 10, 0, &out, &e) == 0 && out.id[6] == 4294967294u);
    CHECK(ids_parse("7 4294967295", 12, 0, &out, &e) < 0);
    CHECK_STR(e.msg, "byte 2: '4294967295' is not a token id");
    CHECK(ids_parse("99999999999999999999999", 23, 0, &out, &e) < 0);
    CHECK(ids_parse("12a 4", 5, 0, &out, &e) < 0);
    CHECK_STR(e.msg, "byte 0: '12a' is not a token id");
    CHECK(ids_parse("1a2", 3, 0, &out, &e) < 0);
    CHECK(ids_parse("-4", 2, 0, &out, &e) < 0);
    free(out.id);
}

static void test_parts(void)
{
    unsigned parts;

    CHECK(calib_parse("norm2", &parts, &e) == 0 && parts == CALIB_NORM2);
    CHECK(calib_parse("gram,mean,absmean", &parts, &e) == 0 && parts == (CALIB_GRAM | CALIB_MEAN | CALIB_ABSMEAN));
    CHECK(calib_parse("norm2,", &parts, &e) < 0);
    CHECK(calib_parse("norm", &parts, &e) < 0);
    CHECK_STR(e.msg, "there is no part 'norm'; parts are norm2, mean, absmean, gram, bi, reap");
}

static void test_hold_out(void)
{
    uint32_t some[100] = {0};
    struct windows w = {0};
    uint8_t *held;
    int n = 0;

    CHECK(windows_add(&w, some, 100, 10, PROTOCOL_ALL, -1, &e) == 0 && w.n == 10);
    held = windows_hold_out(&w, 4);
    for (int i = 0; i < 100; i++) {
        CHECK(held[i] == (i / 10 == 2 || i / 10 == 6));
        n += held[i];
    }
    CHECK(n == 20 && windows_hold_out(&w, 20) == NULL);
    free(held);
    windows_free(&w);
}

int main(void)
{
    test_hold_out();
    test_all();
    test_spread();
    test_paper();
    test_llamacpp();
    test_ids();
    test_parts();
    return DONE();
}
