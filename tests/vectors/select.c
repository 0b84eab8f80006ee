/* Methods of select against orders found by plain Python: select_METHOD.tsv, made by select.py. */
#include <stdlib.h>

#include "base/mem.h"
#include "select/select.h"
#include "tests/unit/opts.h"

#define N_MAX 64
#define D_MAX 16

struct set {
    struct select_set s;
    double score[N_MAX];
    uint32_t cluster[N_MAX], order[N_MAX];
    struct rng rng[N_MAX];
    float x[N_MAX * D_MAX];
};

static void set(const struct select_method *m, const char *name, const char *value)
{
    struct err e;

    if (opts_has(m->opts, name))
        CHECK(opt_set(m, name, value, &e) == 0);
}

static int read_set(FILE *f, const struct select_method *m, struct set *t)
{
    char temperature[32], alpha[32];
    unsigned long seed, want, n, d;
    char id[64];

    if (fscanf(f, " set %lu %31s %31s %lu %lu %lu", &seed, temperature, alpha, &want, &n, &d) != 6)
        return 0;
    set(m, "temperature", temperature);
    set(m, "alpha", alpha);
    t->s = (struct select_set){.n = n,
                               .d = d,
                               .want = want,
                               .x = t->x,
                               .score = t->score,
                               .cluster = t->cluster,
                               .clusters = 4,
                               .rng = t->rng,
                               .order = t->order};
    for (size_t i = 0; i < n; i++) {
        CHECK(fscanf(f, " %63s %lf %u", id, &t->score[i], &t->cluster[i]) == 3);
        for (size_t j = 0; j < d; j++)
            CHECK(fscanf(f, " %f", &t->x[i * d + j]) == 1);
        t->rng[i] = rng_make(seed, id, strlen(id));
    }
    return 1;
}

static void order_it(const struct select_method *m, struct set *t)
{
    double key[N_MAX];
    struct err e = {""};

    if (m->order) {
        CHECK(m->order(&t->s, &e) == 0);
        CHECK(t->s.ordered >= t->s.want);
        return;
    }
    for (size_t i = 0; i < t->s.n; i++)
        key[i] = m->key(t->rng[i], t->score[i]);
    select_by_key(key, t->s.n, t->order);
}

static void method(const struct select_method *m)
{
    char path[200], under[64];
    struct set t;
    FILE *f;
    unsigned want;
    int sets = 0;

    snprintf(under, sizeof under, "%s", m->name);
    for (char *p = under; *p; p++)
        *p = *p == '-' ? '_' : *p;
    snprintf(path, sizeof path, "tests/vectors/select_%s.tsv", under);
    f = fopen(path, "r");
    CHECK(f != NULL);
    if (!f || fscanf(f, "#%*[^\n]") < 0)
        return;
    for (; read_set(f, m, &t); sets++) {
        order_it(m, &t);
        CHECK(fscanf(f, " order") == 0);
        for (size_t i = 0; i < t.s.want; i++) {
            CHECK(fscanf(f, " %u", &want) == 1);
            if (want != t.order[i])
                printf("%s, set %d, place %zu: %u, Python has %u\n", m->name, sets, i, t.order[i], want);
            CHECK(want == t.order[i]);
        }
    }
    CHECK(sets == 3);
    fclose(f);
}

int main(void)
{
    for (int i = 0; CHECK_ROW(select_table[i], name); i++)
        method(select_table[i]);
    return DONE();
}
