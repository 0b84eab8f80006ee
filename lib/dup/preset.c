#include <string.h>

#include "base/parse.h"
#include "base/table.h"
#include "dup/dup.h"
#include "text/minhash.h"

const struct dup_preset dup_native = {
    "native", "5-grams of words, 128 places, 14 bands of 9: the optimum for 0.7", 0, SHINGLE_WORDS, 5, 1, 128, 14, 9};
const struct dup_preset dup_exact = {
    "exact", "equal texts by XXH3-128; --normalise: equal words", 1, SHINGLE_WORDS, 1, 1, 4, 1, 4};
const struct dup_preset dup_datatrove = {
    "datatrove", "5-grams of normalised words, 112 places, 14 bands of 8", 0, SHINGLE_PLAIN, 5, 0, 112, 14, 8};
const struct dup_preset dup_text_dedup = {
    "text-dedup", "5-grams of words, 240 places, 24 bands of 10", 0, SHINGLE_SPLIT, 5, 1, 240, 24, 10};
const struct dup_preset dup_redpajama = {
    "redpajama", "13-grams of words, 128 places, 9 bands of 13", 0, SHINGLE_NFD, 13, 0, 128, 9, 13};
const struct dup_preset dup_nemo = {
    "nemo", "24-grams of characters, 260 places, 20 bands of 13", 0, SHINGLE_CHARS, 24, 0, 260, 20, 13};

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
