/* shrink: the table, and what the methods share. */
#include "shrink/shrink.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"

#define METHOD(n) &shrink_##n,
const struct shrink_method *const shrink_table[] = {
#include "shrink/shrink.def"
    NULL};
#undef METHOD

static const char *const words[] = {"layers", "heads", "channels", "hidden", "experts"}; /* bit i of what */
#define WORDS (sizeof words / sizeof *words)

const struct shrink_method *shrink_find(const char *name)
{
    return table_find(shrink_table, name);
}

unsigned shrink_what(const char *name)
{
    for (unsigned i = 0; i < WORDS; i++)
        if (strcmp(words[i], name) == 0)
            return 1u << i;
    return 0;
}

const char *shrink_word(unsigned what)
{
    for (unsigned i = 0; i < WORDS; i++)
        if (what == 1u << i)
            return words[i];
    return "?";
}

const char *shrink_words(unsigned what, char *out)
{
    out[0] = '\0';
    for (unsigned i = 0; i < WORDS; i++)
        if (what & 1u << i)
            strcat(strcat(out, out[0] ? "," : ""), words[i]);
    return out;
}

uint64_t shrink_count(uint64_t n, double share, uint64_t align)
{
    uint64_t stay = n - (uint64_t)floor(share * (double)n * (1 + 1e-15) + 0.5);

    stay = (stay + align / 2) / align * align;
    if (stay < align)
        stay = align;
    return stay < n ? n - stay : 0;
}

struct ranked {
    double score;
    uint64_t unit;
};

static int by_score(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return (x->unit > y->unit) - (x->unit < y->unit);
}

int shrink_choose(const struct shrink_job *j, uint64_t *keep, struct err *e)
{
    struct ranked *r = mem_new(j->units, sizeof *r);
    uint8_t *gone = mem_new(j->units, 1);
    uint64_t n = 0;

    for (uint64_t u = 0; u < j->units; u++) {
        r[u] = (struct ranked){j->score[u], u};
        if (!isfinite(j->score[u])) {
            err_set(e, "the score of unit %llu of %llu is %g", (unsigned long long)u, (unsigned long long)j->units,
                    j->score[u]);
            free(r);
            free(gone);
            return -1;
        }
    }
    qsort(r, j->units, sizeof *r, by_score);
    for (uint64_t i = 0; i < j->remove; i++)
        gone[r[i].unit] = 1;
    for (uint64_t u = 0; u < j->units; u++)
        if (!gone[u])
            keep[n++] = u;
    free(r);
    free(gone);
    return 0;
}
