/* vectors/merge: merged tensors against the numbers of gen_merge.py and, to its rounding, of mergekit
 * (gen_mergekit.py). Run from the top of the tree. */
#include <stdlib.h>

#include "merge/assign.h"
#include "merge/options.h"
#include "merge/rmm.h"
#include "tests/unit/opts.h"

#define MOST 256
#define MODELS 8

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

static int one_case(FILE *f, const struct merge_method *m, char *s, double within)
{
    static float base[MOST], model[MODELS][MOST], want[MOST], got[MOST];
    char name[100], params[400];
    float *at[MODELS];
    struct merge_args args;
    uint64_t kept[OPTS_MOST];
    unsigned long long rows, cols;
    int models, n;
    struct err e;

    CHECK(sscanf(s, "%99s %llu %llu %d %399s", name, &rows, &cols, &models, params) == 5);
    n = (int)(rows * cols);
    opts_keep(m->opts, kept);
    opts_set(m, params);
    CHECK(merge_options(m, models, &args, &e) == 0);
    CHECK(!m->base || floats(f, "base", base) == n);
    for (int k = 0; k < models; k++) {
        CHECK(floats(f, "model", model[k]) == n);
        at[k] = model[k];
    }
    CHECK(floats(f, "out", want) == n);
    CHECK(merge_rows(m, &(struct merge_job){&args, name, 0, rows, cols, models, m->base ? base : NULL, at, got, NULL},
                     &e) == 0);
    for (int i = 0; i < n; i++)
        CHECK_NEAR(got[i], want[i], within * (want[i] < 0 ? -want[i] : want[i]) + within / 300);
    free(args.weight);
    free(args.density);
    opts_back(m->opts, kept);
    return 1;
}

/* Best assignments, found by trying all. */
static void assignments(void)
{
    FILE *f = fopen("tests/vectors/merge_rebasin.tsv", "r");
    int n, cases = 0;
    char *s;

    CHECK(f != NULL);
    while (f && (s = field(f, "n")) && sscanf(s, "%d", &n) == 1) {
        double gain[64], want[8], sum;
        size_t to[8], seen = 0;

        s = field(f, "gain");
        for (int i = 0; i < n * n; i++)
            gain[i] = strtod(s, &s);
        s = field(f, "best");
        want[0] = strtod(s, &s);
        sum = assign_best((size_t)n, gain, to);
        for (int i = 0; i < n; i++)
            seen |= (size_t)1 << to[i];
        CHECK(seen == ((size_t)1 << n) - 1);
        CHECK_NEAR(sum, want[0], 1e-12);
        cases++;
    }
    CHECK(cases >= 20);
    if (f)
        fclose(f);
}

/* The best approximation of n vectors in p directions. */
static void bases(void)
{
    static float x[MODELS][MOST], want[MODELS][MOST], basis[MODELS][MOST], coef[MODELS * MODELS];
    FILE *f = fopen("tests/vectors/merge_rmm.tsv", "r");
    int n, len, p, cases = 0;
    char *s;

    CHECK(f != NULL);
    while (f && (s = field(f, "case")) && sscanf(s, "%d %d %d", &n, &len, &p) == 3) {
        const float *at[MODELS];
        float *to[MODELS];
        struct err e;

        for (int a = 0; a < n; a++) {
            at[a] = x[a], to[a] = basis[a];
            CHECK(floats(f, "x", x[a]) == len);
        }
        for (int a = 0; a < n; a++)
            CHECK(floats(f, "fit", want[a]) == len);
        CHECK(rmm_fit(n, (uint64_t)len, 1, at, p, to, coef, &e) == 0);
        for (int a = 0; a < n; a++)
            for (int i = 0; i < len; i++) {
                double got = 0;

                for (int k = 0; k < p; k++)
                    got += (double)coef[k * n + a] * (double)basis[k][i];
                CHECK_NEAR(got, want[a][i], 2e-6);
            }
        cases++;
    }
    CHECK(cases >= 4);
    if (f)
        fclose(f);
}

static void mergekit(void)
{
    FILE *f = fopen("tests/vectors/merge_mergekit.tsv", "r");
    int cases = 0, defaults = 0;
    char *s;

    CHECK(f != NULL);
    while (f && (s = field(f, "case"))) {
        char *rest = strchr(s, '\t');
        const struct merge_method *m;

        *rest = '\0';
        m = merge_find(s);
        CHECK(m != NULL);
        defaults += m == &merge_della && !strstr(rest + 1, "rescale");
        cases += m && one_case(f, m, rest + 1, 3e-6);
    }
    CHECK(cases >= 8 && defaults >= 2);
    if (f)
        fclose(f);
}

int main(void)
{
    assignments();
    mergekit();
    bases();
    for (int i = 0; CHECK_ROW(merge_table[i], name); i++) {
        char path[200], *s, id[50];
        int cases = 0;
        FILE *f;

        if (!merge_table[i]->apply)
            continue;
        snprintf(id, sizeof id, "%s", merge_table[i]->name);
        for (char *c = id; *c; c++)
            *c = *c == '-' ? '_' : *c;
        snprintf(path, sizeof path, "tests/vectors/merge_%s.tsv", id);
        f = fopen(path, "r");
        CHECK(f != NULL);
        while (f && (s = field(f, "case")))
            cases += one_case(f, merge_table[i], s, 3e-7);
        CHECK(cases >= 2);
        if (f)
            fclose(f);
    }
    return DONE();
}
