/* stats_io: statistics to and from a record of a stream, or a line. Both hold the same map; the line has more in it,
 * for who reads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record/jsonl.h"
#include "text/stat_file.h"
#include "text/stats.h"
#include "wire/mp.h"

static const struct {
    const char *name;
    double q;
} quantile[] = {{"p1", 0.01}, {"p5", 0.05}, {"p25", 0.25}, {"p50", 0.5}, {"p75", 0.75}, {"p95", 0.95}, {"p99", 0.99}};
#define QUANTILES (sizeof quantile / sizeof *quantile)

static void put_number(struct buf *b, const char *key, double v)
{
    mp_put_str(b, key);
    mp_put_f64(b, v);
}

static void put_exact(struct buf *b, const char *key, const struct exact *v)
{
    struct buf text = {0};

    exact_put(&text, v);
    mp_put_str(b, key);
    mp_put_str(b, buf_str(&text));
    buf_free(&text);
}

static void put_field(struct buf *b, const struct stats_field *f, int derived)
{
    double mean = stats_mean(f), sd = stats_sd(f);
    uint32_t more = derived && f->n ? (uint32_t)QUANTILES + !!isfinite(mean) + !!isfinite(sd) : 0;

    mp_put_str(b, f->name);
    mp_put_map(b, 4 + (f->n ? 2 : 0) + more);
    mp_put_str(b, "n");
    mp_put_uint(b, f->n);
    if (f->n) {
        put_number(b, "min", f->min);
        put_number(b, "max", f->max);
    }
    if (more && isfinite(mean))
        put_number(b, "mean", mean);
    if (more && isfinite(sd))
        put_number(b, "sd", sd);
    for (size_t i = 0; more && i < QUANTILES; i++)
        put_number(b, quantile[i].name, stats_quantile(f, quantile[i].q));
    put_exact(b, "sum", &f->sum);
    put_exact(b, "squares", &f->squares);
    mp_put_str(b, "bins");
    mp_put_array(b, 2 * f->bins);
    for (uint32_t i = 0; i < f->bins; i++) {
        mp_put_f64(b, f->bin[i].from);
        mp_put_uint(b, f->bin[i].n);
    }
}

static void put_stats(struct buf *b, const struct stats *s, int derived)
{
    mp_put_map(b, 3);
    mp_put_str(b, "stat");
    mp_put_str(b, STATS_NAME);
    mp_put_str(b, "records");
    mp_put_uint(b, s->records);
    mp_put_str(b, "fields");
    mp_put_map(b, (uint32_t)s->fields);
    for (int i = 0; i < s->fields; i++)
        put_field(b, &s->field[i], derived);
}

int stats_write(struct writer *out, const struct stats *s, struct err *e)
{
    struct attrs none = {0};
    struct buf b = {0};
    int rc;

    put_stats(&b, s, 0);
    rc = stat_write(out, STATS_NAME, &none, b.data, b.len, e);
    buf_free(&b);
    return rc;
}

int stats_put_line(struct buf *b, const struct stats *s, struct err *e)
{
    struct buf all = {0};
    struct mp_in m;
    int rc;

    put_stats(&all, s, 1);
    m = (struct mp_in){all.data, all.data + all.len};
    rc = jsonl_put_value(b, &m, e);
    buf_puts(b, "\n");
    buf_free(&all);
    return rc;
}

static int is(const struct mp_value *v, const char *s)
{
    return v->kind == MP_STR && v->n == strlen(s) && memcmp(v->p, s, v->n) == 0;
}

static int get_uint(struct mp_in *m, uint64_t *out)
{
    struct mp_value v;

    if (mp_next(m, &v) < 0 || v.kind != MP_INT || v.negative)
        return -1;
    *out = v.u;
    return 0;
}

static int get_number(struct mp_in *m, double *out)
{
    struct mp_value v;

    if (mp_next(m, &v) < 0 || (v.kind != MP_FLOAT && v.kind != MP_INT))
        return -1;
    *out = v.kind == MP_FLOAT ? v.f : v.negative ? (double)(int64_t)v.u : (double)v.u;
    return isfinite(*out) ? 0 : -1;
}

static int get_exact(struct mp_in *m, struct exact *out)
{
    struct mp_value v;

    return mp_next(m, &v) < 0 || v.kind != MP_STR ? -1 : exact_get(out, (const char *)v.p, v.n);
}

/* Pairs, ascending, each what stats_bin_of gives; their counts add up to the field's, when all is read. */
static int get_bins(struct mp_in *m, struct stats_field *f)
{
    struct mp_value v;

    if (mp_next(m, &v) < 0 || v.kind != MP_ARRAY || v.n % 2 || v.n / 2 > (size_t)(m->end - m->p))
        return -1;
    f->bins = f->cap = v.n / 2;
    f->bin = mem_new(f->cap + 1, sizeof *f->bin);
    for (uint32_t i = 0; i < f->bins; i++) {
        struct stats_bin *b = &f->bin[i];

        if (get_number(m, &b->from) < 0 || get_uint(m, &b->n) < 0 || stats_bin_of(b->from) != b->from || b->n == 0 ||
            (i && b->from <= b[-1].from))
            return -1;
    }
    return 0;
}

static int whole(const struct stats_field *f, unsigned seen)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < f->bins; i++)
        n += f->bin[i].n;
    return n == f->n && seen == (f->n ? 63 : 57) &&
           (f->n == 0 || (f->min <= f->max && f->bin[0].from == stats_bin_of(f->min) &&
                          f->bin[f->bins - 1].from == stats_bin_of(f->max)));
}

/* The map of one field. Keys that are not known are passed over. */
static int get_field(struct mp_in *m, struct stats_field *f)
{
    struct mp_value map, key;
    struct mp_in span;
    unsigned seen = 0;
    int rc = 0;

    if (mp_next(m, &map) < 0 || map.kind != MP_MAP)
        return -1;
    for (uint32_t i = 0; rc == 0 && i < map.n; i++) {
        static const char *const name[] = {"n", "min", "max", "sum", "squares", "bins"};
        int k = 0;

        if (mp_next(m, &key) < 0)
            return -1;
        while (k < 6 && !is(&key, name[k]))
            k++;
        if (k < 6 && seen & 1u << k)
            return -1;
        seen |= k < 6 ? 1u << k : 0;
        switch (k) {
        case 0:
            rc = get_uint(m, &f->n);
            break;
        case 1:
            rc = get_number(m, &f->min);
            break;
        case 2:
            rc = get_number(m, &f->max);
            break;
        case 3:
            rc = get_exact(m, &f->sum);
            break;
        case 4:
            rc = get_exact(m, &f->squares);
            break;
        case 5:
            rc = get_bins(m, f);
            break;
        default:
            rc = mp_skip(m, &span);
        }
    }
    return rc == 0 && whole(f, seen) ? 0 : -1;
}

/* The fields into to, one by one. */
static int get_fields(struct mp_in *m, struct stats *to, struct err *e)
{
    struct mp_value map, key;

    if (mp_next(m, &map) < 0 || map.kind != MP_MAP)
        return err_set(e, "its fields are no map");
    for (uint32_t i = 0; i < map.n; i++) {
        struct stats_field f = {0};
        struct stats one = {.field = &f, .fields = 1};
        int rc = mp_next(m, &key) < 0 || key.kind != MP_STR ? -1 : get_field(m, &f);

        if (rc == 0) {
            f.name = mem_strndup((const char *)key.p, key.n);
            rc = stats_merge(to, &one, e) < 0 ? -2 : 0;
        }
        free(f.name);
        free(f.bin);
        if (rc < 0)
            return rc == -2 ? -1 : err_set(e, "field %u of its statistics is damaged", i + 1);
    }
    return 0;
}

static int get_stats(struct stats *to, const struct buf *b, struct err *e)
{
    struct mp_in m = {b->data, b->data + b->len}, span;
    struct mp_value map, key;
    uint64_t records;
    int fields = 0, named = 0;

    if (mp_next(&m, &map) < 0 || map.kind != MP_MAP)
        return err_set(e, "statistics are no map");
    for (uint32_t i = 0; i < map.n; i++) {
        if (mp_next(&m, &key) < 0)
            return err_set(e, "statistics end after %u keys", i);
        if (is(&key, "fields")) {
            if (fields++ || get_fields(&m, to, e) < 0)
                return fields > 1 ? err_set(e, "statistics have their fields twice") : -1;
        } else if (is(&key, "records")) {
            if (get_uint(&m, &records) < 0)
                return err_set(e, "the number of records is none");
            if (__builtin_add_overflow(to->records, records, &to->records) || to->records > INT64_MAX)
                return err_set(e, "statistics of more than 2^63 - 1 records");
        } else if (is(&key, "stat")) {
            named = mp_next(&m, &key) == 0 && is(&key, STATS_NAME);
        } else if (mp_skip(&m, &span) < 0) {
            return err_set(e, "statistics end after %u keys", i);
        }
    }
    return named && fields ? 0 : err_set(e, "these are no statistics of texts; dfeat -m stats makes them");
}

static int from_stat(void *ctx, struct reader *in, struct item *it, struct err *e)
{
    struct buf b = {0};
    int rc = item_load(in, it, &b, e) < 0 ? -1 : get_stats(ctx, &b, e);

    buf_free(&b);
    return rc;
}

static int from_line(void *ctx, char *line, size_t n, struct err *e)
{
    struct buf b = {0};
    int rc = jsonl_take_value(line, n, &b, e) < 0 ? -1 : get_stats(ctx, &b, e);

    buf_free(&b);
    return rc;
}

int stats_read(struct stats *to, const char *path, struct err *e)
{
    static const struct stat_kind kind = {STATS_NAME, from_stat, from_line};

    return stat_file_read(&kind, to, path, e);
}
