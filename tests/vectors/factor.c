/* vectors/factor: products, sums of a product and a sparse term, and predicted losses against the numbers of
 * factor_make.py. Run from the top of the tree. */
#include <stdlib.h>

#include "factor/group.h"
#include "la/gemm.h"
#include "tests/unit/check.h"
#include "tests/vectors/factor_value.h"

#define MOST 64

/* A line "TAG\tv\tv ..." of f; the count of numbers, -1 at the end. */
static int numbers(FILE *f, const char *tag, double *v)
{
    char line[1 << 14], *s = line + strlen(tag);
    int n = 0;

    if (!fgets(line, sizeof line, f))
        return -1;
    CHECK(strncmp(line, tag, strlen(tag)) == 0 && *s == '\t');
    while (*s == '\t' && n < MOST)
        v[n++] = strtod(s + 1, &s);
    return n;
}

/* Where the method has that option. */
static void set(const struct factor_method *m, const char *name, double v)
{
    char text[32];
    struct err e;

    snprintf(text, sizeof text, "%.17g", v);
    for (const struct opt *o = m->opts; o && o->name; o++)
        if (strcmp(o->name, name) == 0)
            CHECK(opt_set(m, name, text, &e) == 0);
}

static void one(const struct factor_method *m, FILE *f, const double *shape)
{
    double w[MOST], gram[MOST], absmean[MOST], mean[MOST], out[MOST], lost, b[MOST], a[MOST], got[MOST];
    float gram_f[MOST], absmean_f[MOST], norm2_f[MOST], mean_f[MOST];
    uint8_t mask[MOST] = {0};
    uint64_t rows = (uint64_t)shape[0], cols = (uint64_t)shape[1], rank = (uint64_t)shape[2];
    struct factor_job j = {.name = "case",
                           .rows = rows,
                           .cols = cols,
                           .rank = rank,
                           .w = w,
                           .absmean = absmean_f,
                           .gram = gram_f,
                           .b = b,
                           .a = a,
                           .norm2 = norm2_f,
                           .blocks = (uint64_t)shape[3],
                           .kept = (uint64_t)shape[4],
                           .mask = m->kind == FACTOR_SPARSE || m->kind == FACTOR_OUTLIERS ? mask : NULL,
                           .mean = shape[7] ? mean_f : NULL};
    int n, eva = m->kind == FACTOR_BESIDE;
    struct err e;

    CHECK(numbers(f, "w", w) == (int)(rows * cols) && numbers(f, "gram", gram) == (int)(cols * cols));
    CHECK(numbers(f, "absmean", absmean) == (int)cols && numbers(f, "mean", mean) == (int)cols);
    CHECK(!(m->needs & FACTOR_MEAN) || shape[7]);
    set(m, "alpha", shape[5]);
    set(m, "rounds", shape[6]);
    n = numbers(f, "out", out);
    CHECK(n == (int)((eva ? cols : rows) * cols) && numbers(f, "lost", &lost) == 1);
    for (uint64_t i = 0; i < cols * cols; i++)
        gram_f[i] = (float)gram[i];
    for (uint64_t i = 0; i < cols; i++)
        absmean_f[i] = (float)absmean[i], norm2_f[i] = gram_f[i * cols + i], mean_f[i] = (float)mean[i];
    CHECK(m->apply(&j, &e) == 0);
    if (eva) {
        dgemm_tn(cols, cols, rank, a, cols, a, cols, got, cols, KERN_SET);
        for (uint64_t i = 0; i < rows * rank; i++)
            CHECK(b[i] == 0);
    } else {
        factor_value(m, &j, got);
    }
    CHECK_NEAR(j.lost, lost, 2e-6); /* companions are f32 */
    for (int i = 0; i < n; i++)
        CHECK_NEAR(got[i], out[i], 2e-5);
}

static void masa(void)
{
    enum { LAYERS = 4, N = 6, ATOMS = 2 };
    double w[MOST], out[MOST], lost[MOST], atoms[ATOMS * N], c[LAYERS * ATOMS], left[LAYERS];
    float row[LAYERS][N];
    const float *rows[LAYERS];
    struct factor_atoms a = {LAYERS, N, ATOMS, rows, atoms, c, left};
    FILE *f = fopen("tests/vectors/factor_masa.tsv", "r");
    struct err e;

    CHECK(f && numbers(f, "w", w) == LAYERS * N && numbers(f, "out", out) == LAYERS * N &&
          numbers(f, "lost", lost) == LAYERS);
    for (int l = 0; l < LAYERS; l++) {
        for (int i = 0; i < N; i++)
            row[l][i] = (float)w[l * N + i];
        rows[l] = row[l];
    }
    CHECK(factor_masa_fit(&a, &e) == 0);
    for (int l = 0; l < LAYERS; l++) {
        for (int i = 0; i < N; i++)
            CHECK_NEAR(c[l * ATOMS] * atoms[i] + c[l * ATOMS + 1] * atoms[N + i], out[l * N + i], 1e-6);
        CHECK_NEAR(left[l], lost[l], 1e-6);
    }
    if (f)
        fclose(f);
}

int main(void)
{
    factor_exact = 1;
    masa();
    for (int i = 0; CHECK_ROW(factor_table[i], name) && factor_table[i]->kind != FACTOR_MIX; i++) {
        char path[200];
        double shape[MOST];
        int cases = 0;
        FILE *f;

        snprintf(path, sizeof path, "tests/vectors/factor_%s.tsv", factor_table[i]->name);
        for (char *c = path; *c; c++)
            *c = *c == '-' ? '_' : *c;
        f = fopen(path, "r");
        CHECK(f != NULL);
        while (f && numbers(f, "case", shape) == 8) {
            one(factor_table[i], f, shape);
            cases++;
        }
        CHECK(cases == (factor_table[i]->needs & FACTOR_BIAS ? 5 : 3));
        if (f)
            fclose(f);
    }
    return DONE();
}
