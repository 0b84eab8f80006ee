/* Decoders against outside figures: the golden blocks of ggml decode to rows whose distance from the input is the one
 * listed. */
#include <stdint.h>
#include <stdlib.h>

#include "num/ggml.h"
#include "tests/unit/check.h"

#define GOLDEN "tests/golden/ggml/"
enum { COLS = 512, ROWS = 10 };

static size_t load(const char *path, void *to, size_t max)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(to, 1, max, f) : 0;

    if (f)
        fclose(f);
    return n;
}

/* One line of SHA256.tsv: type, imatrix, row bytes, bytes, hash, RMSE of row 0 with 7 digits. */
static void check_line(const char *line, const float *input, int *decoded)
{
    static uint8_t blocks[COLS * ROWS * 4];
    static float out[COLS * ROWS];
    char name[16], imatrix[4], hash[65], path[128];
    unsigned row_bytes, bytes;
    double rmse, sum = 0;
    const struct ggml_type *t;

    if (sscanf(line, "%15s %3s %u %u %64s %lf", name, imatrix, &row_bytes, &bytes, hash, &rmse) != 6)
        return;
    t = ggml_find(name);
    CHECK(t != NULL);
    if (!t)
        return;
    CHECK(ggml_row_bytes(t, COLS) == row_bytes);
    snprintf(path, sizeof path, GOLDEN "%s%s.bin", name, strcmp(imatrix, "yes") == 0 ? ".imat" : "");
    if (!t->to_f32)
        return;
    CHECK(load(path, blocks, sizeof blocks) == bytes);
    t->to_f32(blocks, out, COLS * ROWS);
    for (int i = 0; i < COLS; i++)
        sum += ((double)out[i] - input[i]) * ((double)out[i] - input[i]);
    CHECK_NEAR(sqrt(sum / COLS), rmse, rmse * 1e-6);
    for (int i = COLS; i < 2 * COLS; i++) /* the row of zeros */
        CHECK(out[i] == 0);
    ++*decoded;
}

/* One line of decoded.tsv: file, FNV-1a of its blocks' values as gguf-py or ggml reads them (decode.py). */
static void check_decoded(const char *line, int *same)
{
    static uint8_t blocks[COLS * ROWS * 4];
    static float out[COLS * ROWS];
    const uint8_t *p = (const uint8_t *)out;
    char name[16], path[128];
    unsigned long long want;
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    const struct ggml_type *t;

    if (sscanf(line, "%15s %llx", name, &want) != 2)
        return;
    snprintf(path, sizeof path, GOLDEN "%s.bin", name);
    name[strcspn(name, ".")] = 0;
    t = ggml_find(name);
    CHECK(t && t->to_f32 && load(path, blocks, sizeof blocks) > 0);
    if (!t || !t->to_f32)
        return;
    t->to_f32(blocks, out, COLS * ROWS);
    for (size_t i = 0; i < sizeof out; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    CHECK(h == want);
    if (h != want)
        printf("%s\n", path);
    ++*same;
}

int main(void)
{
    static float input[COLS * ROWS];
    char line[256];
    int decoded = 0, same = 0;
    FILE *list = fopen(GOLDEN "SHA256.tsv", "r");

    CHECK(load(GOLDEN "input.f32", input, sizeof input) == sizeof input);
    CHECK(list != NULL);
    while (list && fgets(line, sizeof line, list))
        check_line(line, input, &decoded);
    CHECK(decoded == 45);
    if (list)
        fclose(list);
    list = fopen(GOLDEN "decoded.tsv", "r");
    while (list && fgets(line, sizeof line, list))
        check_decoded(line, &same);
    CHECK(same == 45);
    CHECK(ggml_find("Q4_K") == ggml_find("q4_k") && ggml_find("q4_K")->number == 12);
    CHECK(ggml_by_number(30) == ggml_find("bf16") && !ggml_by_number(4) && !ggml_find("q4"));
    CHECK(ggml_row_bytes(ggml_find("q4_K"), 300) == 0);
    CHECK(ggml_row_bytes(ggml_find("q8_0"), 64) == 68);
    return DONE();
}
