#include "text/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text/measure.h"

/* The field of that name, made where it belongs when it is new. Pointers to fields do not outlive it. */
static struct stats_field *field_of(struct stats *s, const char *name, size_t n)
{
    int at = 0;
    char *own = mem_strndup(name, n);

    while (at < s->fields && strcmp(s->field[at].name, own) < 0)
        at++;
    if (at < s->fields && strcmp(s->field[at].name, own) == 0)
        return free(own), &s->field[at];
    s->field = mem_resize(s->field, (size_t)++s->fields, sizeof *s->field);
    memmove(s->field + at + 1, s->field + at, (size_t)(s->fields - 1 - at) * sizeof *s->field);
    s->field[at] = (struct stats_field){.name = own};
    s->words |= strcmp(own, "words") == 0;
    return &s->field[at];
}

void stats_init(struct stats *s, const char *names)
{
    *s = (struct stats){0};
    for (const char *at = names; *at;) {
        size_t n = strcspn(at, ",");

        if (n)
            field_of(s, at, n);
        at += n + (at[n] == ',');
    }
}

void stats_free(struct stats *s)
{
    for (int i = 0; i < s->fields; i++) {
        free(s->field[i].name);
        free(s->field[i].bin);
    }
    free(s->field);
    *s = (struct stats){0};
}

double stats_bin_of(double v)
{
    uint64_t u;

    v += 0.0; /* -0 is 0 */
    memcpy(&u, &v, sizeof u);
    u &= ~(((uint64_t)1 << 45) - 1);
    memcpy(&v, &u, sizeof u);
    return v + 0.0;
}

static void count_bin(struct stats_field *f, double from)
{
    uint32_t lo = 0, hi = f->bins;

    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;

        if (f->bin[mid].from < from)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == f->bins || f->bin[lo].from != from) {
        if (f->bins == f->cap) {
            f->cap = f->cap ? 2 * f->cap : 64;
            f->bin = mem_resize(f->bin, f->cap, sizeof *f->bin);
        }
        memmove(f->bin + lo + 1, f->bin + lo, (f->bins - lo) * sizeof *f->bin);
        f->bin[lo] = (struct stats_bin){from, 0};
        f->bins++;
    }
    f->bin[lo].n++;
}

/* Both ascending, so is the result. */
static void merge_bins(struct stats_field *f, const struct stats_bin *bin, uint32_t n)
{
    struct stats_bin *to = mem_new((size_t)f->bins + n + 1, sizeof *to);
    uint32_t i = 0, j = 0, k = 0;

    while (i < f->bins || j < n) {
        int ours = i < f->bins && (j == n || f->bin[i].from <= bin[j].from),
            theirs = j < n && (!ours || f->bin[i].from == bin[j].from);

        to[k] = ours ? f->bin[i] : bin[j];
        to[k++].n += ours && theirs ? bin[j].n : 0;
        i += (uint32_t)ours;
        j += (uint32_t)theirs;
    }
    free(f->bin);
    f->bin = to;
    f->cap = f->bins + n + 1;
    f->bins = k;
}

static void stretch(struct stats_field *f, double min, double max)
{
    f->min = f->n == 0 || min < f->min ? min : f->min;
    f->max = f->n == 0 || max > f->max ? max : f->max;
}

static void add_value(struct stats_field *f, double v)
{
    v += 0.0;
    stretch(f, v, v);
    f->n++;
    exact_add(&f->sum, v);
    exact_add_square(&f->squares, v);
    count_bin(f, stats_bin_of(v));
}

void stats_add(struct stats *s, const struct record *r)
{
    double of_text[MEASURES], v;

    measure_text(r->text, r->text_len, s->words, of_text);
    s->records++;
    for (int i = 0; i < s->fields; i++)
        if (record_pick(r, s->field[i].name, of_text, &v) && isfinite(v))
            add_value(&s->field[i], v);
}

/* 1 when the sum is beyond 2^63 - 1. */
static int add(uint64_t *to, uint64_t n)
{
    return __builtin_add_overflow(*to, n, to) | (*to > INT64_MAX);
}

int stats_merge(struct stats *to, const struct stats *from, struct err *e)
{
    int over = add(&to->records, from->records);

    for (int i = 0; i < from->fields; i++) {
        const struct stats_field *a = &from->field[i];
        struct stats_field *f = field_of(to, a->name, strlen(a->name));

        if (a->n == 0)
            continue;
        stretch(f, a->min, a->max);
        over |= add(&f->n, a->n);
        exact_merge(&f->sum, &a->sum);
        exact_merge(&f->squares, &a->squares);
        merge_bins(f, a->bin, a->bins);
    }
    if (to->fields > STATS_FIELDS_MAX)
        return err_set(e, "statistics of more than %d fields", STATS_FIELDS_MAX);
    return over ? err_set(e, "statistics of more than 2^63 - 1 records") : 0;
}

double stats_mean(const struct stats_field *f)
{
    return f->n ? exact_value(&f->sum) / (double)f->n : NAN;
}

double stats_sd(const struct stats_field *f)
{
    double mean = stats_mean(f), var = exact_value(&f->squares) / (double)f->n - mean * mean;

    return var > 0 ? sqrt(var) : var <= 0 ? 0 : NAN;
}

double stats_quantile(const struct stats_field *f, double q)
{
    uint64_t rank = (uint64_t)ceil(q * (double)f->n), sum = 0;
    uint32_t b = 0;
    double v;

    while (b + 1 < f->bins && (sum += f->bin[b].n) < rank)
        b++;
    v = f->bin[b].from;
    return v < f->min ? f->min : v > f->max ? f->max : v;
}
