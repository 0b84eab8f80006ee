/* feat_io: features to and from a record of a stream, or a line. */
#include <inttypes.h>
#include <stdlib.h>

#include "record/json.h"
#include "text/feat.h"
#include "text/stat_file.h"
#include "wire/mp.h"

static const struct {
    const char *key;
    size_t at;
} sums[] = {
    {"records", offsetof(struct feat, records)}, {"words", offsetof(struct feat, words)},
    {"grams", offsetof(struct feat, grams)},     {"chars", offsetof(struct feat, chars)},
    {"bytes", offsetof(struct feat, bytes)},
};
#define SUMS (sizeof sums / sizeof *sums)

static uint64_t *sum_of(const struct feat *f, size_t i)
{
    return (uint64_t *)((char *)(uintptr_t)f + sums[i].at);
}

static void put_le(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get_le(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

int feat_write(struct writer *out, const struct feat *f, struct err *e)
{
    struct attrs a = {0};
    struct buf lengths = {0};
    uint8_t *payload = mem_new(f->o.buckets, 8);
    int rc;

    attrs_set_str(&a, "mode", feat_mode_name(f->o.mode));
    attrs_set_int(&a, "n", f->o.n);
    attrs_set_int(&a, "buckets", f->o.buckets);
    for (size_t i = 0; i < SUMS; i++)
        attrs_set_int(&a, sums[i].key, (int64_t)*sum_of(f, i));
    mp_put_array(&lengths, FEAT_LENGTHS);
    for (int i = 0; i < FEAT_LENGTHS; i++)
        mp_put_uint(&lengths, f->lengths[i]);
    attrs_set_raw(&a, "lengths", lengths.data, lengths.len);
    for (uint32_t i = 0; i < f->o.buckets; i++)
        put_le(payload + 8 * (size_t)i, f->count[i]);
    rc = stat_write(out, FEAT_NAME, &a, payload, 8 * (size_t)f->o.buckets, e);
    attrs_free(&a);
    buf_free(&lengths);
    free(payload);
    return rc;
}

void feat_put_line(struct buf *b, const struct feat *f)
{
    buf_printf(b, "{\"stat\":\"" FEAT_NAME "\",\"mode\":\"%s\",\"n\":%u,\"buckets\":%u", feat_mode_name(f->o.mode),
               f->o.n, f->o.buckets);
    for (size_t i = 0; i < SUMS; i++)
        buf_printf(b, ",\"%s\":%" PRIu64, sums[i].key, *sum_of(f, i));
    buf_puts(b, ",\"lengths\":[");
    for (int i = 0; i < FEAT_LENGTHS; i++)
        buf_printf(b, "%s%" PRIu64, i ? "," : "", f->lengths[i]);
    buf_puts(b, "],\"counts\":[");
    for (uint32_t i = 0; i < f->o.buckets; i++)
        buf_printf(b, "%s%" PRIu64, i ? "," : "", f->count[i]);
    buf_puts(b, "]}\n");
}

static int check_opts(int mode, int64_t n, int64_t buckets, struct ngram_opts *o, struct err *e)
{
    if (mode < 0 || n < 1 || n > NGRAM_MAX || buckets < 1 || buckets > NGRAM_BUCKETS_MAX)
        return err_set(e, "features: mode %s, n %lld, %lld buckets are beyond what this program knows",
                       mode < 0 ? "of another name" : "known", (long long)n, (long long)buckets);
    *o = (struct ngram_opts){(enum ngram_mode)mode, (uint32_t)n, (uint32_t)buckets};
    return 0;
}

static int get_lengths(struct feat *f, const struct attrs *a)
{
    const struct attr *t = attrs_find(a, "lengths");
    struct mp_in m;
    struct mp_value v;

    if (!t || t->kind != ATTR_RAW)
        return -1;
    m = (struct mp_in){t->raw.data, t->raw.data + t->raw.len};
    if (mp_next(&m, &v) < 0 || v.kind != MP_ARRAY || v.n != FEAT_LENGTHS)
        return -1;
    for (int i = 0; i < FEAT_LENGTHS; i++) {
        if (mp_next(&m, &v) < 0 || v.kind != MP_INT || v.negative)
            return -1;
        f->lengths[i] = v.u;
    }
    return 0;
}

/* The sums, each asked for with -1 as what is there otherwise. */
static int set_sum(struct feat *f, size_t i, int64_t v, struct err *e)
{
    *sum_of(f, i) = (uint64_t)v;
    return v >= 0 ? 0 : err_set(e, "features have no %s, or fewer than 0", sums[i].key);
}

static int from_stat(void *ctx, struct reader *in, struct item *it, struct err *e)
{
    struct ngram_opts o;
    struct buf payload = {0};
    struct feat f = {0};
    int rc = -1;

    if (check_opts(feat_mode_find(attrs_str(&it->attrs, "mode", "")), attrs_int(&it->attrs, "n", 0),
                   attrs_int(&it->attrs, "buckets", 0), &o, e) < 0 ||
        item_load(in, it, &payload, e) < 0)
        goto done;
    if (payload.len == 8 * (size_t)o.buckets)
        feat_init(&f, &o);
    if (!f.count || get_lengths(&f, &it->attrs) < 0) {
        err_set(e, "features of %u buckets have %zu bytes of counts, or no lengths", o.buckets, payload.len);
        goto done;
    }
    for (uint32_t i = 0; i < o.buckets; i++)
        f.count[i] = get_le(payload.data + 8 * (size_t)i);
    rc = 0;
    for (size_t i = 0; rc == 0 && i < SUMS; i++)
        rc = set_sum(&f, i, attrs_int(&it->attrs, sums[i].key, -1), e);
    rc = rc == 0 ? feat_merge(ctx, &f, e) : rc;
done:
    feat_free(&f);
    buf_free(&payload);
    return rc;
}

static int is_list(const struct json *list, size_t n)
{
    return list && list->kind == JSON_ARRAY && list->len == n;
}

static int numbers(const struct json *list, uint64_t *out, size_t n)
{
    list = list->first;
    for (size_t i = 0; i < n; i++, list = list->next) {
        if (list->kind != JSON_INT || list->i < 0)
            return -1;
        out[i] = (uint64_t)list->i;
    }
    return 0;
}

static int from_line(void *ctx, char *line, size_t n, struct err *e)
{
    struct json *j = json_parse(line, n, 4, e);
    const struct json *counts, *lengths;
    struct ngram_opts o;
    struct feat f = {0};
    int rc = 0;

    if (!j ||
        check_opts(feat_mode_find(json_str(j, "mode", "")), json_int(j, "n", 0), json_int(j, "buckets", 0), &o, e) < 0)
        return json_free(j), -1;
    counts = json_get(j, "counts");
    lengths = json_get(j, "lengths");
    if (is_list(counts, o.buckets) && is_list(lengths, FEAT_LENGTHS)) /* memory by what is there, not by what is said */
        feat_init(&f, &o);
    if (!f.count || numbers(counts, f.count, o.buckets) < 0 || numbers(lengths, f.lengths, FEAT_LENGTHS) < 0)
        rc = err_set(e, "features have no counts or lengths, or not as many as they say");
    for (size_t i = 0; rc == 0 && i < SUMS; i++)
        rc = set_sum(&f, i, json_int(j, sums[i].key, -1), e);
    rc = rc == 0 ? feat_merge(ctx, &f, e) : rc;
    feat_free(&f);
    json_free(j);
    return rc;
}

int feat_read(struct feat *to, const char *path, struct err *e)
{
    static const struct stat_kind kind = {FEAT_NAME, from_stat, from_line};

    return stat_file_read(&kind, to, path, e);
}
