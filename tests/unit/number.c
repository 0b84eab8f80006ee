/* number: every bit pattern of the short types, and many of the long ones, through text and back. */
#include "tensor/number.h"

#include "base/rng.h"
#include "tests/unit/check.h"

static struct err e;

/* Does element i come back as it is? */
static int comes_back(enum dtype t, const uint8_t *row, uint64_t i)
{
    uint8_t back[64] = {0};
    char text[NUMBER_MAX];
    int bits = dtype_info(t)->bits;

    number_text(t, row, i, text);
    if (strlen(text) >= NUMBER_MAX || strpbrk(text, " \t\n") || number_parse(t, text, back, 0, &e) < 0)
        return printf("%s: %s: %s\n", dtype_info(t)->name, text, e.msg), 0;
    for (int k = 0; k < bits; k++) {
        uint64_t at = i * (unsigned)bits + (unsigned)k;

        if ((row[at / 8] >> at % 8 & 1) != (back[k / 8] >> k % 8 & 1))
            return printf("%s: %s does not come back\n", dtype_info(t)->name, text), 0;
    }
    return 1;
}

static void all_short_ones(void)
{
    for (int t = 0; t < DT_COUNT; t++) {
        int bits = dtype_info((enum dtype)t)->bits, bad = 0;

        if (bits > 16)
            continue;
        for (uint32_t v = 0; v < 1u << bits; v++) {
            uint8_t row[2] = {(uint8_t)v, (uint8_t)(v >> 8)};

            bad += !comes_back((enum dtype)t, row, 0);
        }
        CHECK(bad == 0);
    }
}

static void many_long_ones(void)
{
    static const enum dtype types[] = {DT_F32, DT_F64, DT_U64, DT_I64, DT_C64, DT_U32, DT_I32};
    struct rng r = rng_make(1, "number", 6);

    for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
        int bad = 0;

        for (uint64_t i = 0; i < 20000; i++) {
            uint64_t v = rng_u64(r, i);
            uint8_t row[8];

            if (i < 129) /* all ends: powers of two and what is beside them */
                v = (i < 64 ? (uint64_t)1 << i : i < 128 ? ((uint64_t)1 << (i - 64)) - 1 : UINT64_MAX);
            memcpy(row, &v, 8);
            bad += !comes_back(types[k], row, 0);
        }
        CHECK(bad == 0);
    }
}

static void packed_ones(void)
{
    const uint8_t row[6] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc};
    uint8_t back[3] = {0xff, 0xff, 0xff};
    char text[NUMBER_MAX];

    for (uint64_t i = 0; i < 8; i++)
        CHECK(comes_back(DT_F6_E2M3, row, i));
    for (uint64_t i = 0; i < 12; i++)
        CHECK(comes_back(DT_F4, row, i));
    number_text(DT_F4, row, 2, text);
    CHECK_STR(text, "4");
    CHECK(number_parse(DT_F4, "0", back, 3, &e) == 0 && back[0] == 0xff && back[1] == 0x0f && back[2] == 0xff);
}

static void pleasant_ones(void)
{
    static const struct {
        float v;
        const char *text;
    } want[] = {{0.1f, "0.1"},          {448, "448"},     {-0.0f, "-0"},
                {16777216, "16777216"}, {1e10f, "1e+10"}, {1.0f / 3, "0.33333334"},
                {INFINITY, "inf"}};
    char text[NUMBER_MAX];

    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        number_text(DT_F32, (const uint8_t *)&want[i].v, 0, text);
        CHECK_STR(text, want[i].text);
    }
}

static void wrong_ones(void)
{
    static const struct {
        enum dtype t;
        const char *text;
    } wrong[] = {{DT_F32, ""},
                 {DT_F32, "x"},
                 {DT_F32, "1x"},
                 {DT_F32, "1e39"},
                 {DT_F32, "nan:0"},
                 {DT_F32, "nan:1ffffffff"},
                 {DT_F32, "nan:7f800000"},
                 {DT_F32, "nan(1)"},
                 {DT_F16, "65520"},
                 {DT_F8_E4M3, "inf"},
                 {DT_F64, "1e309"},
                 {DT_U8, "256"},
                 {DT_U8, "-1"},
                 {DT_U8, "+1"},
                 {DT_U8, "1.0"},
                 {DT_U8, "0x1"},
                 {DT_I8, "128"},
                 {DT_I8, "-129"},
                 {DT_F4, "16"},
                 {DT_U64, "18446744073709551616"},
                 {DT_I64, "9223372036854775808"},
                 {DT_I64, "-"},
                 {DT_I64, "--1"},
                 {DT_C64, "1.5"}};
    uint8_t row[8] = {0};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int refused = number_parse(wrong[i].t, wrong[i].text, row, 0, &e) < 0;

        if (!refused)
            printf("%s as %s is taken\n", wrong[i].text, dtype_info(wrong[i].t)->name);
        CHECK(refused);
    }
    CHECK(number_parse(DT_U8, "-0", row, 0, &e) == 0 && row[0] == 0);
    CHECK(number_parse(DT_F32, "0x1.8p1", row, 0, &e) == 0 && memcmp(row, &(float){3}, 4) == 0);
}

int main(void)
{
    all_short_ones();
    many_long_ones();
    packed_ones();
    pleasant_ones();
    wrong_ones();
    return DONE();
}
