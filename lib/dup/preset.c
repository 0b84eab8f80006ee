#include <string.h>

#include "base/parse.h"
#include "base/table.h"
#include "dup/dup.h"
#include "text/minhash.h"

const struct dup_preset dup_native = {.name = "native",
                                      .brief = "5-grams of words, 128 places, 14 bands of 9: the optimum for 0.7",
                                      .style = SHINGLE_WORDS,
                                      .n = 5,
                                      .whole = 1,
                                      .hashes = 128,
                                      .bands = 14,
                                      .rows = 9};
const struct dup_preset dup_exact = {.name = "exact",
                                     .brief = "equal texts by XXH3-128; --normalise: equal words",
                                     .exact = 1,
                                     .style = SHINGLE_WORDS,
                                     .n = 1,
                                     .whole = 1,
                                     .hashes = 4,
                                     .bands = 1,
                                     .rows = 4};
const struct dup_preset dup_datatrove = {.name = "datatrove",
                                         .brief = "5-grams of normalised words, 112 places, 14 bands of 8",
                                         .style = SHINGLE_PLAIN,
                                         .n = 5,
                                         .hashes = 112,
                                         .bands = 14,
                                         .rows = 8};
const struct dup_preset dup_text_dedup = {.name = "text-dedup",
                                          .brief = "5-grams of words, 240 places, 24 bands of 10",
                                          .style = SHINGLE_SPLIT,
                                          .n = 5,
                                          .whole = 1,
                                          .hashes = 240,
                                          .bands = 24,
                                          .rows = 10};
const struct dup_preset dup_redpajama = {.name = "redpajama",
                                         .brief = "13-grams of words, 128 places, 9 bands of 13",
                                         .style = SHINGLE_NFD,
                                         .n = 13,
                                         .hashes = 128,
                                         .bands = 9,
                                         .rows = 13};
const struct dup_preset dup_nemo = {.name = "nemo",
                                    .brief = "24-grams of characters, 260 places, 20 bands of 13",
                                    .style = SHINGLE_CHARS,
                                    .n = 24,
                                    .hashes = 260,
                                    .bands = 20,
                                    .rows = 13};

const struct dup_preset *const dup_table[] = {
#define METHOD(n) &dup_##n,
#include "dup/dup.def"
#undef METHOD
    NULL};

const struct dup_preset *dup_find(const char *name)
{
    return table_find(dup_table, name);
}

static int cut(struct dup_preset *p, uint64_t hashes, const char *bands, struct err *e)
{
    uint64_t b, r;

    if (parse_pair(bands, 'x', &b, &r, e) < 0 || b == 0 || r == 0 || b > MINHASH_MAX || r > MINHASH_MAX / b)
        return err_set(e, "--bands '%s': BxR of at most %d places is needed, such as 14x8", bands, MINHASH_MAX);
    if (hashes && b * r > hashes)
        return err_set(e, "--bands %s needs %llu places, --hashes gives %llu", bands, (unsigned long long)(b * r),
                       (unsigned long long)hashes);
    p->bands = (uint32_t)b;
    p->rows = (uint32_t)r;
    p->hashes = p->hashes < b * r ? (uint32_t)(b * r) : p->hashes;
    return 0;
}

int dup_adjust(struct dup_preset *p, uint64_t ngram, uint64_t hashes, double threshold, const char *bands,
               struct err *e)
{
    if (p->exact && (ngram || hashes || threshold > 0 || bands))
        return err_set(e, "-m exact has no n-grams, hashes, bands or threshold");
    if (bands && threshold > 0)
        return err_set(e, "--bands %s and --threshold: one of them decides", bands);
    if (hashes > MINHASH_MAX || ngram > SHINGLE_MAX)
        return err_set(e, hashes > MINHASH_MAX ? "--hashes: at most %d" : "--ngram: at most %d",
                       hashes > MINHASH_MAX ? MINHASH_MAX : SHINGLE_MAX);
    p->n = ngram ? (uint32_t)ngram : p->n;
    p->hashes = hashes ? (uint32_t)hashes : p->hashes;
    if (bands)
        return cut(p, hashes, bands, e);
    if (hashes || threshold > 0)
        minhash_bands(threshold > 0 ? threshold : 0.7, p->hashes, &p->bands, &p->rows);
    return 0;
}
