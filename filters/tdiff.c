/* tdiff: compare two streams tensor by tensor: are they the same, and how far apart are they? */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/opt.h"
#include "la/quad.h"
#include "tensor/compare.h"
#include "tensor/describe.h"
#include "tensor/lookup.h"
#include "tensor/select.h"

static struct select sel;
static double limit = -1; /* of the relative error; -1: the same means every bit */
static int all;
static struct err e;
static int differ;

static const struct opt opts[] = {
    {0, "max-rel", "X", OPT_F64, &limit, "same means a relative error of the values of at most X; nothing else counts", 0},
    {'a', "all", 0, OPT_FLAG, &all, "a line for tensors that are the same too", 0},
    SELECT_OPTS(sel),
    OPT_END
};

struct result {
    struct distance d;
    double out;       /* relative error of the layer's output, squared: tr(E H E') / tr(W H W') */
    const char *by;   /* the companion that told it, or "-" */
};

static void show(const char *name, const struct result *r, const char *what)
{
    static int begun;

    if (!begun++)
        puts("name\tn\tmax_abs\trel\tcosine\tsnr_db\tout_rel\tout_by\twhat");
    if (r)
        printf("%s\t%" PRIu64 "\t%.6g\t%.6g\t%.9g\t%.4g\t%.6g\t%s\t%s\n", describe_name(name), r->d.n, r->d.max, distance_relative(&r->d),
               distance_cosine(&r->d), distance_snr(&r->d), r->out, r->by, what);
    else
        printf("%s\t-\t-\t-\t-\t-\t-\t-\t%s\n", describe_name(name), what);
}

/* The error of the output that the companions of a, or else of b, tell. */
static void output_error(const struct bundle *a, const struct bundle *b, const float *w, const float *diff, struct result *r)
{
    static const char *const names[] = {"gram", "norm2"};

    for (int i = 0; i < 2 && *r->by == '-'; i++) {
        const struct bundle *from = bundle_part(a, -1, names[i]) ? a : b;
        double (*quad)(size_t, size_t, const float *, const float *) = i ? quad_diagonal : quad_gram;
        float *h = bundle_part(from, -1, names[i]) ? bundle_companion(from, names[i], i ? a->cols : a->cols * a->cols, &e) : NULL;

        if (h) {
            r->by = names[i];
            r->out = fabs(quad(a->rows, a->cols, diff, h) / quad(a->rows, a->cols, w, h)); /* NaN without its sign */
        }
        free(h);
    }
}

static void measure(const struct bundle *a, const struct bundle *b, struct result *r)
{
    size_t n = a->rows * a->cols;
    float *w = mem_new(n, sizeof *w), *v = mem_new(n, sizeof *v);

    *r = (struct result){.out = NAN, .by = "-"};
    if (bundle_rows(a, 0, a->rows, w, &e) < 0 || bundle_rows(b, 0, b->rows, v, &e) < 0)
        die("%s: %s", a->name, e.msg);
    for (size_t i = 0; i < n; i += a->cols)
        distance_add(&r->d, w + i, v + i, v + i, a->cols); /* v becomes the difference */
    output_error(a, b, w, v, r);
    free(w);
    free(v);
}

static void compare(const struct bundle *a, const struct bundle *b)
{
    int diff = bundle_differences(a, b), same = diff == 0;
    struct result r;
    char text[DIFFERENCE_TEXT];

    if (!(diff & DIFF_SHAPE)) {
        if (!same || all)
            measure(a, b, &r);
        if (!same && limit >= 0)
            same = distance_relative(&r.d) <= limit;
    }
    differ |= !same;
    if (!same || all)
        show(a->name, diff & DIFF_SHAPE ? NULL : &r, difference_text(diff, text));
}

static void join(struct reader *in_a, struct lookup *in_b)
{
    struct bundle a = {0}, b = {0};
    struct reader *from;
    int got, found = 0;

    while ((got = bundle_read(in_a, &a, &e)) > 0) {
        if (!select_match(&sel, &a))
            continue;
        if (bundle_load(in_a, &a, &e) < 0 || (found = lookup_get(in_b, a.name, &b, &from, &e)) < 0)
            die("%s: %s", a.name, e.msg);
        if (!found)
            differ = 1, show(a.name, NULL, "only in A");
        else if (bundle_load(from, &b, &e) < 0)
            die("%s: %s", a.name, e.msg);
        else
            compare(&a, &b);
    }
    while (got == 0 && (got = lookup_rest(in_b, &b, &from, &e)) > 0 && !(got = 0))
        if (select_match(&sel, &b))
            differ = 1, show(b.name, NULL, "only in B");
    if (got < 0)
        die("%s", e.msg);
    bundle_free(&a);
    bundle_free(&b);
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {"tdiff", "[OPTION]... A B", "Compare two streams tensor by tensor.", opts, opt_common,
                                         "A is the reference; - is standard input. Status 0: the same, 1: they differ, 2: trouble.\n"};
    int files = opt_parse(argc, argv, &spec);
    struct reader *in_a, *in_b;
    struct lookup *by_name;

    die_status = 2;
    if (files != 2 || (strcmp(argv[1], "-") == 0 && strcmp(argv[2], "-") == 0) || select_check(&sel, &e) < 0)
        die_usage("%s", files != 2 ? "two operands are needed: A B" : *argv[1] == '-' && !argv[1][1] ? "only one of A and B can be standard input" : e.msg);
    in_a = reader_file(argv[1], &e);
    in_b = in_a ? reader_file(argv[2], &e) : NULL;
    if (!in_b)
        die("%s", e.msg);
    by_name = lookup_open(in_b);
    join(in_a, by_name);
    lookup_close(by_name);
    reader_close(in_a);
    reader_close(in_b);
    finish_stdout();
    return differ;
}
