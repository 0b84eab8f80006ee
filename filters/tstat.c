/* tstat: statistics of each tensor, in one pass over its rows. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/opt.h"
#include "num/measure.h"
#include "tensor/describe.h"
#include "tensor/select.h"
#include "tensor/stream.h"

#define CHOSEN_MAX 32
#define USUAL "n,zeros,min,max,mean,std,kurt,q0.5,q0.9,q0.99,q0.999,l2"

static struct select sel;
static const char *names = USUAL;
static int list, total, parts;
static uint64_t bins;
static struct chosen column[CHOSEN_MAX];
static int columns;
static struct err e;

static const struct opt opts[] = {
    {'m', "measures", "LIST", OPT_STRING, &names, "columns (default " USUAL ")", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the measures", 0},
    {0, "hist", "N", OPT_U64, &bins, "a last column: counts of N equal bins from min to max", 0, 0, 1 << 20},
    {0, "total", 0, OPT_FLAG, &total, "a last line: all chosen tensors as one", 0},
    {0, "parts", 0, OPT_FLAG, &parts, "a line for each companion too, NAME:PART", 0},
    SELECT_OPTS(sel),
    OPT_END};

/* Find the columns and print their names. */
static void choose(void)
{
    char *copy = mem_strdup(names), *rest = copy, *word;

    printf("name");
    while ((word = strsep(&rest, ","))) {
        if (columns == CHOSEN_MAX || measure_choose(word, &column[columns++]) < 0)
            die_usage("--measures: there is no '%s', or there are more than %d; --list shows them", word, CHOSEN_MAX);
        printf("\t%s", word);
    }
    puts(bins ? "\thist" : "");
    free(copy);
}

static void show_bins(const struct measured *s)
{
    uint64_t *count = mem_new(bins, sizeof *count);

    if (s->st->m.n)
        acc_histogram(s->acc, s->st->min, s->st->max > s->st->min ? s->st->max : s->st->min + 1, count, bins);
    for (uint64_t i = 0; i < bins; i++)
        printf("%c%" PRIu64, i ? ',' : '\t', count[i]);
    free(count);
}

/* The line of what has been added to s, which is emptied into all. */
static void show(const char *name, const char *part, struct measured *s, struct measured *all)
{
    measured_finish(s);
    printf("%s%s%s", describe_name(name), part ? ":" : "", part ? part : "");
    for (int i = 0; i < columns; i++) {
        double v = measure_value(&column[i], s) + 0.0; /* no -0 */

        printf(v != v ? "\tnan" : v == floor(v) && fabs(v) < 0x1p53 ? "\t%.0f" : "\t%.9g", v);
    }
    if (bins)
        show_bins(s);
    putchar('\n');
    measured_move(s, all);
}

static void show_companions(const struct bundle *b, struct measured *s)
{
    for (int i = 0; i < b->parts && b->part[i].term < 0; i++) {
        const struct part *p = &b->part[i];
        float *v = bundle_companion(b, p->name, 0, &e);

        if (!v)
            die("%s: %s", b->name, e.msg);
        measured_add(s, v, p->rows, p->rows ? shape_count(&p->shape) / p->rows : 0);
        show(b->name, p->name, s, NULL);
        free(v);
    }
}

static void measure_all(struct reader *in, struct measured *s, struct measured *all)
{
    struct bundle b = {0};
    uint64_t row0, rows;
    float *w;
    int got, more = 0;

    while ((got = bundle_read(in, &b, &e)) > 0) {
        if (!select_match(&sel, &b))
            continue;
        while (!parts && b.parts && b.part[0].term < 0)
            bundle_drop_part(&b, -1, b.part[0].name);
        if (bundle_load_companions(in, &b, &e) < 0)
            die("%s: %s", b.name, e.msg);
        if (parts)
            show_companions(&b, s);
        while ((more = bundle_next_rows(in, &b, &row0, &rows, &w, &e)) > 0)
            measured_add(s, w, rows, b.cols);
        if (more < 0)
            die("%s: %s", b.name, e.msg);
        show(b.name, NULL, s, all);
    }
    if (got < 0 || select_end(&sel, &reader_head(in)->model, SELECT_CHOSEN, NULL, &e) < 0)
        die("%s", e.msg);
    bundle_free(&b);
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {"tstat", "[OPTION]... [FILE]", "Show statistics of each tensor.",
                                         opts,    opt_common,           NULL};
    int files = opt_parse(argc, argv, &spec);
    struct measured one = {0}, all = {0};
    struct reader *in;

    for (const struct measure *m = measures; list && m->name; m++)
        printf("%s\t%s\n", m->name, m->brief);
    if (list) {
        finish_stdout();
        return 0;
    }
    if (files > 1 || select_check(&sel, &e) < 0)
        die_usage("%s", files > 1 ? "one FILE at most; tcat joins several" : e.msg);
    in = reader_file(files ? argv[1] : "-", &e);
    if (!in)
        die("%s", e.msg);
    reader_allow_partial(in, 1);
    reader_skips(in, SKIP_UNASKED);
    choose();
    one.acc = acc_new();
    all.acc = acc_new();
    measure_all(in, &one, total ? &all : NULL);
    if (total)
        show("total", NULL, &all, NULL);
    acc_free(one.acc);
    acc_free(all.acc);
    reader_close(in);
    finish_stdout();
    return 0;
}
