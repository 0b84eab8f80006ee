/*
 * Laws of what dfeat gathers, over the table: adding up is associative and commutative to the byte, nothing is the
 * neutral element, and parts added up are the whole, however the records are dealt out.
 */
#include <stdlib.h>

#include "base/rng.h"
#include "text/gather.h"
#include "text/stats.h"
#include "tests/unit/check.h"

#define N 300

static struct record text[N];
static struct err e;

static void make_texts(void)
{
    struct rng r = rng_make(11, "texts", 5);

    for (uint64_t i = 0; i < N; i++) {
        struct buf b = {0};

        for (uint64_t w = rng_below(r, 3 * i, 60); w > 0; w--)
            buf_printf(&b, "%s%llu ", w % 5 ? "Word" : "\xc3\xa9,",
                       (unsigned long long)rng_below(r, 1000 + 100 * i + w, 40));
        text[i] = (struct record){.id = "t", .id_len = 1, .text = buf_str(&b), .text_len = b.len};
        if (i % 3) /* far apart, so that rounding would show the order */
            record_add_score(&text[i], "q", (rng_unit(r, 3 * i + 1) - 0.5) * (i % 2 ? 1e15 : 1e-15));
    }
}

/* Those with i * step % N in from .. to - 1, in that order. */
static void *of(const struct gather *m, uint64_t step, uint64_t from, uint64_t to)
{
    void *s = m->open(1);

    for (uint64_t i = from; i < to; i++)
        m->add(s, &text[i * step % N]);
    return s;
}

static void *sum(const struct gather *m, void *a, void *b)
{
    void *s = m->open(0);

    CHECK(m->merge(s, a, &e) == 0 && m->merge(s, b, &e) == 0);
    return s;
}

static char *line(const struct gather *m, void *s)
{
    struct buf b = {0};

    CHECK(m->put_line(&b, s, &e) == 0);
    buf_str(&b); /* ends it in NUL */
    return (char *)b.data;
}

static void same(const struct gather *m, void *s, const char *want)
{
    char *got = line(m, s);

    CHECK(strcmp(got, want) == 0);
    free(got);
    m->close(s);
}

int main(void)
{
    make_texts();
    CHECK(opt_set(gather_find("ngram"), "hash", "native", &e) == 0 &&
          opt_set(gather_find("ngram"), "n", "3", &e) == 0 &&
          opt_set(gather_find("ngram"), "buckets", "500", &e) == 0 &&
          opt_set(gather_find("stats"), "of", "words,chars,letters,q,none", &e) == 0);
    for (int i = 0; CHECK_ROW(gather_table[i], name); i++) {
        const struct gather *m = gather_table[i];
        void *a = of(m, 7, 0, 100), *b = of(m, 7, 100, 107), *c = of(m, 7, 107, N), *none = m->open(1);
        void *ab = sum(m, a, b), *bc = sum(m, b, c);
        void *all = of(m, 1, 0, N);
        char *want = line(m, all);

        CHECK(strlen(want) > 500);
        same(m, sum(m, ab, c), want);
        same(m, sum(m, a, bc), want);
        same(m, sum(m, c, ab), want);
        same(m, sum(m, bc, a), want);
        same(m, sum(m, all, none), want);
        same(m, sum(m, none, all), want);
        free(want);
        m->close(a), m->close(b), m->close(c), m->close(none), m->close(ab), m->close(bc), m->close(all);
    }
    for (int i = 0; i < N; i++) {
        free((char *)(uintptr_t)text[i].text);
        record_free(&text[i]);
    }
    return DONE();
}
