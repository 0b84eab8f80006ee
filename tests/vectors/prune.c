/* vectors/prune: masks against the numbers of gen_prune.py. Run from the top of the tree. */
#include <inttypes.h>
#include <stdlib.h>

#include "prune/prune.h"
#include "score/score.h"
#include "tests/unit/check.h"

#define MOST 256

static char line[1 << 16];

/* The next line of f without its tag, which must be this one; NULL at the end. */
static char *field(FILE *f, const char *tag)
{
    size_t n = strlen(tag);

    if (!fgets(line, sizeof line, f))
        return NULL;
    line[strcspn(line, "\n")] = '\0';
    CHECK(strncmp(line, tag, n) == 0 && line[n] == '\t');
    return line + n + 1;
}

static int floats(FILE *f, const char *tag, float *v)
{
    char *s = field(f, tag);
    int n = 0;

    for (; s && *s && n < MOST; n++)
        v[n] = strtof(s, &s);
    return n;
}

static FILE *open_file(const char *family, const char *method)
{
    char path[200];
    FILE *f;

    snprintf(path, sizeof path, "tests/vectors/%s_%s.tsv", family, method);
    f = fopen(path, "r");
    if (!f)
        printf("%s: cannot be read\n", path);
    CHECK(f != NULL);
    return f;
}

/* The mask of a whole tensor, by the way its scope takes. */
static void mask_of(const struct pattern *p, uint64_t rows, uint64_t cols, const float *score, uint8_t *mask)
{
    struct prune_job j = {.pattern = p, .rows = rows, .cols = cols, .score = score, .mask = mask};
    struct err e;

    if (p->scope != SCOPE_ROW) {
        j.sieve = pick_sieve_new();
        for (int pass = 0; pass < 2; pass++) {
            pattern_count_rows(p, j.sieve, score, rows, cols);
            pick_sieve_next(j.sieve, pattern_count(p, pick_sieve_seen(j.sieve)));
        }
    }
    CHECK(prune_score.apply(&j, &e) == 0);
    free(j.sieve);
}

static void masks(void)
{
    FILE *f = open_file("prune", "score");
    float score[MOST];
    uint8_t got[MOST];
    int cases = 0;
    char *s;

    while (f && (s = field(f, "case"))) {
        unsigned long long rows, cols;
        char sparsity[20], block[20], scope[20];
        struct pattern p;
        struct err e;

        CHECK(sscanf(s, "%19s %19s %19s %llu %llu", sparsity, block, scope, &rows, &cols) == 5);
        CHECK(floats(f, "score", score) == (int)(rows * cols));
        CHECK(pattern_parse(&p, sparsity, *block == '-' ? NULL : block, *scope == '-' ? NULL : scope, &e) == 0);
        mask_of(&p, rows, cols, score, got);
        s = field(f, "mask");
        for (size_t i = 0; i < rows * cols; i++)
            got[i] += '0';
        CHECK(s && strlen(s) == rows * cols && memcmp(s, got, rows * cols) == 0);
        cases++;
    }
    CHECK(cases == 144);
    if (f)
        fclose(f);
}

/* The swaps of dsnot from Wanda's masks. */
static void swaps(void)
{
    FILE *f = open_file("prune", "dsnot");
    int cases = 0, moved = 0;
    char *s;

    while (f && (s = field(f, "case"))) {
        float w[MOST], norm2[MOST], mean[MOST], score[MOST];
        unsigned long long rows, cols;
        uint8_t got[MOST];
        char sparsity[20], cycles[20];
        struct pattern p;
        struct prune_job j = {
            .pattern = &p, .init = &prune_score, .w = w, .norm2 = norm2, .mean = mean, .score = score, .mask = got};
        struct err e;

        CHECK(sscanf(s, "%19s %19s %llu %llu", sparsity, cycles, &rows, &cols) == 4);
        CHECK(opt_set(&prune_dsnot, "cycles", cycles, &e) == 0);
        CHECK(pattern_parse(&p, sparsity, NULL, NULL, &e) == 0);
        j.rows = rows;
        j.cols = cols;
        CHECK(floats(f, "w", w) == (int)(rows * cols) && floats(f, "norm2", norm2) == (int)cols &&
              floats(f, "mean", mean) == (int)cols);
        CHECK(score_rows(&score_wanda,
                         &(struct score_job){"t", 0, rows, cols, w, &(struct score_known){.norm2 = norm2}, score},
                         &e) == 0);
        CHECK(prune_dsnot.apply(&j, &e) == 0);
        s = field(f, "start");
        for (size_t i = 0; i < rows * cols; i++)
            moved += got[i] != s[i] - '0';
        s = field(f, "mask");
        for (size_t i = 0; i < rows * cols; i++)
            got[i] += '0';
        CHECK(s && strlen(s) == rows * cols && memcmp(s, got, rows * cols) == 0);
        cases++;
    }
    CHECK(cases == 5 && moved > 20);
    if (f)
        fclose(f);
}

int main(void)
{
    masks();
    swaps();
    return DONE();
}
