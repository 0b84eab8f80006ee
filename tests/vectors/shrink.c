/* vectors/shrink: scores and orders against the numbers of shrink_make.py. Run from the top of the tree. */
#include <stdlib.h>

#include "shrink/shrink.h"
#include "tests/unit/check.h"

#define MOST 128

/* A line "TAG\tv\tv ..." of f; the count of numbers, -1 at the end. */
static int numbers(FILE *f, const char *tag, double *v, float *single)
{
    char line[1 << 14], *s = line + strlen(tag);
    int n = 0;

    if (!fgets(line, sizeof line, f))
        return -1;
    CHECK(strncmp(line, tag, strlen(tag)) == 0 && *s == '\t');
    while (*s == '\t' && n < MOST)
        v[n++] = strtod(s + 1, &s);
    for (int i = 0; single && i < n; i++)
        single[i] = (float)v[i];
    return n;
}

static void one(const struct shrink_method *m, FILE *f, const double *is)
{
    static float w[MOST], up[MOST], gate[MOST], q[MOST], norm2[MOST], mean[MOST], absmean[MOST], gram[MOST],
        inputs[MOST];
    double v[MOST], given[MOST], score[MOST];
    struct shrink_job j = {(unsigned)is[0],
                           (uint64_t)is[1],
                           (uint64_t)is[2],
                           (uint64_t)is[3],
                           w,
                           {{up, 1}, {gate, 1}, {q, (uint64_t)is[2]}},
                           2,
                           (uint64_t)is[4],
                           inputs,
                           norm2,
                           mean,
                           absmean,
                           gram,
                           given,
                           score,
                           (uint64_t)is[5],
                           3};
    int n = (int)(j.units * j.width), order;
    struct err e;

    CHECK(numbers(f, "w", v, w) == n * (int)j.rows && numbers(f, "up", v, up) == (int)(j.units * j.hidden));
    CHECK(numbers(f, "gate", v, gate) == (int)(j.units * j.hidden) && numbers(f, "norm2", v, norm2) == n);
    CHECK(numbers(f, "mean", v, mean) == n && numbers(f, "absmean", v, absmean) == n &&
          numbers(f, "gram", v, gram) == n * n);
    CHECK(numbers(f, "given", given, NULL) == (int)j.units);
    if ((m->needs_heads | m->needs_channels) & SHRINK_INPUTS) {
        CHECK(numbers(f, "inputs", v, inputs) == (int)(j.hidden * j.hidden) &&
              numbers(f, "q", v, q) == n * (int)j.hidden);
        j.makers = 3;
    }
    CHECK(m->apply(&j, &e) == 0);
    order = ungetc(fgetc(f), f) == 'o'; /* "order" or "score" */
    CHECK(numbers(f, order ? "order" : "score", v, NULL) == (int)(order ? j.remove : j.units));
    for (uint64_t i = 0; order && i < j.remove; i++)
        CHECK(score[(int)v[i]] == (double)i - (double)j.remove);
    for (uint64_t u = 0; !order && u < j.units; u++)
        CHECK_NEAR(score[u], v[u], 1e-5 * (1 + fabs(v[u]))); /* inputs are f32 */
}

int main(void)
{
    CHECK(opt_set(&shrink_random, "seed", "7", NULL) == 0);
    for (int i = 0; CHECK_ROW(shrink_table[i], name); i++) {
        char path[200];
        double shape[MOST];
        int cases = 0;
        FILE *f;

        snprintf(path, sizeof path, "tests/vectors/shrink_%s.tsv", shrink_table[i]->name);
        f = fopen(path, "r");
        CHECK(f != NULL);
        for (; f && numbers(f, "case", shape, NULL) == 6; cases++)
            one(shrink_table[i], f, shape);
        CHECK(cases > 0);
        if (f)
            fclose(f);
    }
    return DONE();
}
