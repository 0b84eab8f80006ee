/* vectors/score: scores against the numbers of gen_prune.py and score_make.py, from bundles as filters meet them. Run
 * from the top of the tree. */
#include <stdlib.h>

#include "score/score.h"
#include "tests/unit/check.h"

#define MOST 512

/* One case: the bundle with its companions and keys, and another of its module. */
struct vector_case {
    struct bundle b[2];
    struct attrs model;
    uint64_t rank; /* lift's */
    float want[MOST];
    int n;
};

/* Is tag one of the method's own options? Then it has the value from now on. */
static int option(const struct score_method *m, const char *tag, float x)
{
    char text[24];
    struct err e;

    for (const struct opt *o = m->opts; o && o->name; o++)
        if (strcmp(o->name, tag) == 0) {
            snprintf(text, sizeof text, "%.9g", x);
            CHECK(opt_set(m, tag, text, &e) == 0);
            return 1;
        }
    return 0;
}

static void set(const struct score_method *m, struct vector_case *v, const char *tag, const float *x, int n)
{
    struct bundle *b = &v->b[0];
    struct shape s = {2, {1, (uint64_t)n}};

    if (strcmp(tag, "w") == 0)
        memcpy(bundle_part(b, 0, "dense")->data, x, (size_t)n * sizeof *x);
    else if (strcmp(tag, "norm2") == 0 || strcmp(tag, "absmean") == 0 || strcmp(tag, "gram") == 0)
        bundle_set_companion(b, tag, &s, x);
    else if (strcmp(tag, "others") == 0)
        bundle_init_dense(&v->b[1], "other", &s, DT_F32, x);
    else if (option(m, tag, x[0]))
        v->rank = strcmp(tag, "rank") == 0 ? (uint64_t)x[0] : 0;
    else if (strcmp(tag, "head_dim") == 0)
        attrs_set_int(&v->model, tag, (int64_t)x[0]);
    else
        attrs_set_f64(&b->more, tag, x[0]);
}

/* The lines of a case down to its score. 0 at the end of the file. */
static int read_case(const struct score_method *m, FILE *f, struct vector_case *v)
{
    static char line[1 << 16];
    unsigned long long rows, cols, seed;
    char role[100];

    memset(v, 0, sizeof *v);
    if (!fgets(line, sizeof line, f))
        return 0;
    CHECK(sscanf(line, "case %99s %llu %llu %llu", role, &rows, &cols, &seed) == 4);
    bundle_init_dense(&v->b[0], role, &(struct shape){2, {rows, cols}}, DT_F32, NULL);
    v->b[0].role = mem_strdup(role);
    option(m, "seed", (float)seed);
    while (fgets(line, sizeof line, f)) {
        float x[MOST];
        char *s = strchr(line, '\t');
        int n = 0;

        for (*s++ = '\0'; *s && *s != '\n' && n < MOST; n++)
            x[n] = strtof(s, &s);
        if (strcmp(line, "score") == 0) {
            memcpy(v->want, x, sizeof x);
            v->n = n;
            break;
        }
        set(m, v, line, x, n);
    }
    if (v->b[1].name)
        v->b[1].role = mem_strdup(role);
    return 1;
}

/* What goes by a factored gram or an SVD has the error of all of it; a randomized SVD (up to a quarter of the smaller
 * side) more. */
static double tolerance(const struct score_method *m, const struct vector_case *v, double most)
{
    uint64_t rows = v->b[0].rows, cols = v->b[0].cols, least = rows < cols ? rows : cols;

    if (m == &score_lift)
        return (v->rank * 4 <= least ? 1e-3 : 1e-6) * most;
    return m->needs & SCORE_INVERSE ? 2e-5 * most : 0;
}

static void one(const struct score_method *m, struct vector_case *v)
{
    struct bundle *b = &v->b[0];
    struct score_pool pool = {0};
    struct score_known known;
    float got[MOST], spread[MOST], most = 0;
    struct err e;

    CHECK(score_pool_make(&pool, v->b, v->b[1].name ? 2 : 1, score_module(b->role), &e) == 0);
    if (score_known_get(&known, m->needs, b, &v->model, &pool, &e) < 0) {
        printf("%s: %s\n", m->name, e.msg);
        CHECK(0);
        return;
    }
    struct score_job j = {b->name, 0,  b->rows, b->cols, (const float *)(const void *)bundle_part(b, 0, "dense")->data,
                          &known,  got};
    CHECK(score_count(m, b->rows, b->cols) == (uint64_t)v->n && score_values(m, &j, &e) == 0);
    for (int i = 0; i < v->n; i++)
        most = v->want[i] > most ? v->want[i] : most;
    for (int i = 0; i < v->n; i++)
        CHECK_NEAR(got[i], v->want[i], tolerance(m, v, most) + 2e-7 * v->want[i]);
    j.score = spread;
    CHECK(score_rows(m, &j, &e) == 0);
    for (uint64_t i = 0; i < b->rows * b->cols; i++)
        CHECK(spread[i] == got[m->each == SCORE_WEIGHT ? i : m->each == SCORE_COLUMN ? i % b->cols : 0]);
    score_known_free(&known);
    score_pool_free(&pool);
    bundle_free(&v->b[0]);
    bundle_free(&v->b[1]);
    attrs_free(&v->model);
}

int main(void)
{
    for (int i = 0; CHECK_ROW(score_table[i], name); i++) {
        static struct vector_case v;
        char path[200];
        int cases = 0;
        FILE *f;

        snprintf(path, sizeof path, "tests/vectors/score_%s.tsv", score_table[i]->name);
        for (char *c = path; *c; c++)
            *c = *c == '-' ? '_' : *c;
        if (!(f = fopen(path, "r")))
            printf("%s: cannot be read\n", path);
        CHECK(f != NULL);
        for (; f && read_case(score_table[i], f, &v); cases++)
            one(score_table[i], &v);
        CHECK(cases >= 3);
        if (f)
            fclose(f);
    }
    return DONE();
}
