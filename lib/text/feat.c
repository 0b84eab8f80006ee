#include "text/feat.h"

#include <stdlib.h>
#include <string.h>

#include "base/real.h"
#include "base/table.h"
#include "base/utf8.h"

#define FLOOR 1e-8 /* added to probabilities: dsir's constant */

static const char *const mode_name[] = {"dsir", "native", "dsir-nltk3.10"};

const char *feat_mode_name(enum ngram_mode m)
{
    return mode_name[m];
}

int feat_mode_find(const char *name)
{
    return table_word(mode_name, 3, name);
}

void feat_init(struct feat *f, const struct ngram_opts *o)
{
    *f = (struct feat){.o = *o, .count = mem_new(o->buckets, sizeof *f->count)};
}

void feat_free(struct feat *f)
{
    free(f->count);
    *f = (struct feat){0};
}

static int bin(uint64_t words)
{
    int b = words ? 64 - __builtin_clzll(words) : 0;

    return b < FEAT_LENGTHS ? b : FEAT_LENGTHS - 1;
}

void feat_add(struct feat *f, struct ngram *g, const char *text, size_t n)
{
    const uint32_t *bucket;
    size_t k;

    ngram_begin(g, text, n);
    while ((k = ngram_next(g, &bucket)) > 0) {
        for (size_t i = 0; i < k; i++)
            f->count[bucket[i]]++;
        f->grams += k;
    }
    f->records++;
    f->words += ngram_words(g);
    f->lengths[bin(ngram_words(g))]++;
    f->bytes += n;
    f->chars += utf8_count(text, n);
}

int feat_same(const struct feat *a, const struct feat *b, struct err *e)
{
    if (a->o.mode == b->o.mode && a->o.n == b->o.n && a->o.buckets == b->o.buckets)
        return 0;
    return err_set(e, "features differ: %s %u-grams in %u buckets, and %s %u-grams in %u buckets",
                   feat_mode_name(a->o.mode), a->o.n, a->o.buckets, feat_mode_name(b->o.mode), b->o.n, b->o.buckets);
}

/* 1 when the sum is beyond what a stream's attributes hold. */
static int add(uint64_t *to, uint64_t n)
{
    return __builtin_add_overflow(*to, n, to) | (*to > INT64_MAX);
}

int feat_merge(struct feat *to, const struct feat *from, struct err *e)
{
    int over;

    if (!to->count)
        feat_init(to, &from->o);
    if (feat_same(to, from, e) < 0)
        return -1;
    over = add(&to->records, from->records) | add(&to->words, from->words) | add(&to->grams, from->grams) |
           add(&to->chars, from->chars) | add(&to->bytes, from->bytes);
    for (int i = 0; i < FEAT_LENGTHS; i++)
        over |= add(&to->lengths[i], from->lengths[i]);
    for (uint32_t i = 0; i < from->o.buckets; i++)
        over |= add(&to->count[i], from->count[i]);
    return over ? err_set(e, "features add up to more than 2^63 - 1") : 0;
}

int feat_log_ratio(const struct feat *target, const struct feat *raw, double smooth, double *out, struct err *e)
{
    double n = (double)target->grams + smooth * target->o.buckets;

    if (feat_same(target, raw, e) < 0)
        return -1;
    if (n == 0 || raw->grams == 0)
        return err_set(e, "the %s features have counted no words", n == 0 ? "target's" : "raw");
    for (uint32_t i = 0; i < raw->o.buckets; i++)
        out[i] = real_log(((double)target->count[i] + smooth) / n + FLOOR) -
                 real_log((double)raw->count[i] / (double)raw->grams + FLOOR);
    return 0;
}

double feat_kl(const struct feat *a, const struct feat *b)
{
    double sum = 0;

    for (uint32_t i = 0; i < a->o.buckets && a->grams && b->grams; i++) {
        double p = (double)a->count[i] / (double)a->grams, q = (double)b->count[i] / (double)b->grams;

        sum += p * (real_log(p + FLOOR) - real_log(q + FLOOR));
    }
    return sum;
}
