#include "select/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/real.h"
#include "base/sorter.h"
#include "base/target.h"
#include "text/feat.h"

#define IDS_BYTES ((size_t)16 << 20)

struct report {
    struct feat target, raw;  /* count is NULL without */
    struct feat seen, chosen; /* seen: sizes only; one bucket */
    struct ngram *small, *g;
    uint64_t passed;
    double top, sum, sum2; /* of exp (score - top) and its square */
    struct sorter *ids;    /* hashes of ids: those that come twice */
};

struct report *report_open(const char *target, const char *raw, struct err *e)
{
    static const struct ngram_opts sizes = {NGRAM_NATIVE, 1, 1};
    struct report *p = mem_new(1, sizeof *p);

    p->ids = sorter_new(16, IDS_BYTES);
    p->small = ngram_open(&sizes);
    feat_init(&p->seen, &sizes);
    if (!target) {
        feat_init(&p->chosen, &sizes);
        return p;
    }
    if (feat_read(&p->target, target, e) < 0 || feat_read(&p->raw, raw, e) < 0 || feat_same(&p->target, &p->raw, e) < 0)
        return report_free(p), NULL;
    feat_init(&p->chosen, &p->target.o);
    p->g = ngram_open(&p->target.o);
    return p;
}

void report_free(struct report *p)
{
    if (!p)
        return;
    sorter_free(p->ids);
    ngram_close(p->small);
    ngram_close(p->g);
    feat_free(&p->target);
    feat_free(&p->raw);
    feat_free(&p->seen);
    feat_free(&p->chosen);
    free(p);
}

int report_seen(struct report *p, const struct record *r, struct err *e)
{
    struct hash128 h = hash128(r->id, r->id_len);
    uint8_t id[16];

    put_be64(id, h.hi);
    put_be64(id + 8, h.lo);
    feat_add(&p->seen, p->small, r->text, r->text_len);
    return sorter_add(p->ids, id, e);
}

void report_passed(struct report *p, double score)
{
    double w;

    if (p->passed++ == 0 || score > p->top) {
        double down = p->passed == 1 ? 0 : real_exp(p->top - score);

        p->sum *= down;
        p->sum2 *= down * down;
        p->top = score;
    }
    w = real_exp(score - p->top);
    p->sum += w;
    p->sum2 += w * w;
}

void report_chosen(struct report *p, const struct record *r)
{
    feat_add(&p->chosen, p->g ? p->g : p->small, r->text, r->text_len);
}

static int count_repeated(struct report *p, uint64_t *n, struct err *e)
{
    uint8_t last[16];
    const uint8_t *id;
    int got = sorter_ready(p->ids, e), some = 0;

    *n = 0;
    while (got >= 0 && (got = sorter_next(p->ids, &id, e)) > 0) {
        *n += some && memcmp(id, last, 16) == 0;
        memcpy(last, id, 16);
        some = 1;
    }
    return got;
}

static void put_pair(struct buf *b, const char *name, uint64_t before, uint64_t after)
{
    buf_printf(b, "%s\t%" PRIu64 "\t%" PRIu64 "\n", name, before, after);
}

static void put_lengths(struct buf *b, const struct report *p)
{
    for (int i = 0; i < FEAT_LENGTHS; i++)
        if (p->seen.lengths[i] || p->chosen.lengths[i])
            buf_printf(b, "words from %" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", i ? (uint64_t)1 << (i - 1) : 0,
                       p->seen.lengths[i], p->chosen.lengths[i]);
}

static void put_divergence(struct buf *b, const struct report *p)
{
    double before, after;

    if (!p->target.count)
        return;
    before = feat_kl(&p->target, &p->raw);
    after = feat_kl(&p->target, &p->chosen);
    buf_printf(b, "KL(target||raw), KL(target||chosen), nats\t%.6g\t%.6g\nKL reduction, nats\t\t%.6g\n", before, after,
               before - after);
}

static void put_groups(struct buf *b, struct rank *k)
{
    uint32_t n, *by_name = rank_groups_by_name(k);
    const struct rank_group *g = rank_groups(k, &n);

    for (uint32_t i = 0; i < n; i++) {
        const struct rank_group *x = &g[by_name[i]];

        if (n > 1 || *x->name)
            buf_printf(b, "group %s\t%" PRIu64 "\t%" PRIu64 "\n", x->name, x->records, x->chosen);
    }
    free(by_name);
}

int report_put(struct report *p, struct rank *k, const char *path, struct err *e)
{
    struct buf b = {0};
    uint64_t repeated;
    int rc;

    if (count_repeated(p, &repeated, e) < 0)
        return -1;
    buf_puts(&b, "what\tbefore\tafter\n");
    put_pair(&b, "records", p->seen.records, p->chosen.records);
    put_pair(&b, "met the conditions", p->passed, p->chosen.records);
    put_pair(&b, "ids that came before", repeated, 0);
    b.len -= 2; /* how many are left of them is not known */
    buf_puts(&b, "\n");
    put_pair(&b, "bytes", p->seen.bytes, p->chosen.bytes);
    put_pair(&b, "chars", p->seen.chars, p->chosen.chars);
    put_pair(&b, "words", p->seen.words, p->chosen.words);
    buf_printf(&b, "words a record\t%.6g\t%.6g\n",
               p->seen.records ? (double)p->seen.words / (double)p->seen.records : 0,
               p->chosen.records ? (double)p->chosen.words / (double)p->chosen.records : 0);
    if (p->sum2 > 0)
        buf_printf(&b, "effective sample size\t%.6g\t\n", p->sum * p->sum / p->sum2);
    put_divergence(&b, p);
    put_lengths(&b, p);
    if (k)
        put_groups(&b, k);
    rc = target_put(path, b.data, b.len, e);
    buf_free(&b);
    return rc;
}
