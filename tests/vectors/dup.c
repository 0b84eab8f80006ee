/* Presets of ddup against n-grams that Python made: dup_NAME.tsv, by dup.py. */
#include <stdlib.h>

#include "base/mem.h"
#include "dup/dup.h"
#include "record/jsonl.h"
#include "tests/unit/check.h"

static void get_text(struct record *r, char **line, char *room)
{
    char *tab = strchr(*line, '\t');
    struct err e = {""};

    *tab = '\0';
    snprintf(room, 4096, "{\"text\":%s}", *line);
    CHECK(jsonl_read(r, room, strlen(room), "text", "id", &e) == 0);
    *line = tab + 1;
}

/* The distinct n-grams of a text, in no order. */
static size_t grams(struct shingle *s, const struct record *r, uint32_t *out)
{
    const uint32_t *g;
    size_t n, k = 0;

    shingle_begin(s, r->text, r->text_len);
    while ((n = shingle_next(s, &g)) > 0)
        for (size_t i = 0; i < n; i++) {
            size_t j = 0;

            while (j < k && out[j] != g[i])
                j++;
            out[k] = g[i];
            k += j == k;
        }
    return k;
}

static void counts(const struct dup_preset *p, const struct record *a, const struct record *b, const char *rest)
{
    struct shingle *s = shingle_open(p->style, p->n, p->whole);
    uint32_t x[1024], y[1024];
    size_t n = grams(s, a, x), m = grams(s, b, y), both = 0, want[3];

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            both += x[i] == y[j];
    CHECK(sscanf(rest, "%zu %zu %zu", &want[0], &want[1], &want[2]) == 3);
    if (n != want[0] || m != want[1] || both != want[2])
        printf("%s: %zu %zu %zu, not %s", p->name, n, m, both, rest);
    CHECK(n == want[0] && m == want[1] && both == want[2]);
    shingle_close(s);
}

/* Do two texts have one signature? */
static int equal(const struct record *a, const struct record *b, int normalise)
{
    struct dup_opts o = {.p = dup_exact, .normalise = normalise, .shard = 1, .shards = 1, .memory = 1 << 20};
    struct record pair[2] = {*a, *b};
    const struct dup_mark *m;
    struct err e;
    struct dup *d = dup_open(&o, &e);
    int same;

    CHECK(dup_marks(d, pair, 2, &m, &e) == 0);
    same = memcmp(m[0].sig, m[1].sig, 16) == 0;
    dup_close(d);
    return same;
}

static void preset(const struct dup_preset *p, const char *path, int lines)
{
    char line[8192], room[2][4096], *rest;
    struct record a = {0}, b = {0};
    FILE *f = fopen(path, "r");
    int n = 0;

    CHECK(f != NULL);
    while (f && fgets(rest = line, sizeof line, f)) {
        get_text(&a, &rest, room[0]);
        get_text(&b, &rest, room[1]);
        if (p->exact)
            CHECK(equal(&a, &b, 0) == rest[0] - '0' && equal(&a, &b, 1) == rest[2] - '0');
        else
            counts(p, &a, &b, rest);
        n++;
    }
    CHECK(n == lines);
    if (f)
        fclose(f);
    record_free(&a);
    record_free(&b);
}

int main(void)
{
    preset(&dup_native, "tests/vectors/dup_native.tsv", 17);
    preset(&dup_exact, "tests/vectors/dup_exact.tsv", 18);
    preset(&dup_datatrove, "tests/vectors/dup_datatrove.tsv", 17);
    preset(&dup_text_dedup, "tests/vectors/dup_text_dedup.tsv", 17);
    preset(&dup_redpajama, "tests/vectors/dup_redpajama.tsv", 17);
    preset(&dup_nemo, "tests/vectors/dup_nemo.tsv", 17);
    return DONE();
}
