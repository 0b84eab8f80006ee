/* vectors/alloc: budgets against the numbers of alloc_make.py. Run from the top of the tree. */
#include <stdlib.h>

#include "alloc/alloc.h"
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

static void see(const struct alloc_method *m, struct alloc_job *j, FILE *f)
{
    static float w[MOST], norm2[MOST], mean[MOST], gram[MOST];
    struct alloc_view view = {NULL, w, norm2, mean, gram};
    struct alloc_tensor *t;
    unsigned long long rows, cols;
    long long layer;
    double v[MOST], angle;
    char role[32], name[40];
    struct err e;

    CHECK(fscanf(f, "tensor %31s %lld %llu %llu %lf\n", role, &layer, &rows, &cols, &angle) == 5);
    snprintf(name, sizeof name, "%lld.%s", layer, role);
    t = alloc_add(j, name, rows, cols);
    strcpy(t->role, role);
    t->layer = layer;
    t->angle = angle;
    CHECK(numbers(f, "w", v, w) == (int)(rows * cols) && numbers(f, "norm2", v, norm2) == (int)cols);
    CHECK(numbers(f, "mean", v, mean) == (int)cols && numbers(f, "gram", v, gram) == (int)(cols * cols));
    CHECK(!m->see || m->see(j, t, &view, &e) == 0);
}

/* What error measured, and the least possible. */
static void check_losses(const struct alloc_job *j, FILE *f)
{
    double v[MOST], loss = 0;

    for (int i = 0; i < j->n; i++) {
        CHECK(numbers(f, "loss", v, NULL) == j->t[i].points);
        for (int k = 0; k < j->t[i].points; k++)
            CHECK_NEAR(j->t[i].point[k].loss, v[k], 1e-5);
        loss += j->t[i].loss;
    }
    CHECK(numbers(f, "best", v, NULL) == 2);
    CHECK(loss >= v[0] - 1e-5 && loss <= v[0] + v[1] + 1e-5);
}

static void one(const struct alloc_method *m, FILE *f, const double *is)
{
    struct alloc_job j = {0};
    double v[MOST];
    struct err e;

    j.kind = (enum alloc_kind)is[0];
    j.target = is[1];
    j.by_rank = (int)is[2];
    for (int i = 0; i < (int)is[3]; i++)
        see(m, &j, f);
    CHECK(m->decide(&j, &e) == 0);
    if (m == &alloc_error) {
        check_losses(&j, f);
    } else {
        CHECK(numbers(f, "out", v, NULL) == j.n);
        for (int i = 0; i < j.n; i++)
            if (j.kind == ALLOC_SPARSITY)
                CHECK_NEAR(j.t[i].share, v[i], 1e-6);
            else
                CHECK(j.t[i].choice == (v[i] < 0 ? ALLOC_DENSE : (uint64_t)v[i]));
    }
    alloc_free(&j);
}

int main(void)
{
    CHECK(opt_set(&alloc_error, "weigh", "share", NULL) == 0);
    for (int i = 0; CHECK_ROW(alloc_table[i], name); i++) {
        char path[200];
        double is[MOST];
        int cases = 0;
        FILE *f;

        snprintf(path, sizeof path, "tests/vectors/alloc_%s.tsv", alloc_table[i]->name);
        f = fopen(path, "r");
        CHECK(f != NULL);
        for (; f && numbers(f, "case", is, NULL) == 4; cases++)
            one(alloc_table[i], f, is);
        CHECK(cases > 0);
        if (f)
            fclose(f);
    }
    return DONE();
}
