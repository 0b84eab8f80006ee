/* tdiff: compare two streams or checkpoints tensor by tensor: are they the same, and how far apart are they? */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/opt.h"
#include "la/fast.h"
#include "merge/differ.h"
#include "tensor/compare.h"
#include "tensor/describe.h"
#include "tensor/select.h"

static struct select sel;
static double limit = -1; /* of the relative error; -1: the same means every bit */
static int all;
static struct err e;
static int differ;

static const struct opt opts[] = {{0, "max-rel", "X", OPT_F64, &limit,
                                   "same means a relative error of the values of at most X; nothing else counts", 0},
                                  {'a', "all", 0, OPT_FLAG, &all, "a line for tensors that are the same too", 0},
                                  SELECT_OPTS(sel),
                                  FAST_OPT,
                                  OPT_END};

static void show(const char *name, const struct differ *r, const char *what)
{
    static int begun;

    if (!begun++)
        puts("name\tn\tmax_abs\trel\tcosine\tsnr_db\tout_rel\tout_by\twhat");
    if (r)
        printf("%s\t%" PRIu64 "\t%.6g\t%.6g\t%.9g\t%.4g\t%.6g\t%s\t%s\n", describe_name(name), r->d.n, r->d.max,
               distance_relative(&r->d), distance_cosine(&r->d), distance_snr(&r->d), r->out, r->by, what);
    else
        printf("%s\t-\t-\t-\t-\t-\t-\t-\t%s\n", describe_name(name), what);
}

/* The current tensors of A and B, which are one. Names that differ are of two formats, and so is the type that these
 * had. */
static void compare(struct operand *a, struct operand *b)
{
    int diff, same;
    char text[DIFFERENCE_TEXT];
    struct differ r;

    if (strcmp(a->b.name, b->b.name) != 0) {
        attrs_drop(&a->b.more, "dtype");
        attrs_drop(&b->b.more, "dtype");
    }
    if ((diff = differ_by(a, b, all, &r, &e)) < 0)
        die("%s", e.msg);
    same = diff == 0 || (limit >= 0 && !(diff & DIFF_SHAPE) && distance_relative(&r.d) <= limit);
    differ |= !same;
    if (!same || all)
        show(a->b.name, diff & DIFF_SHAPE ? NULL : &r, difference_text(diff, text));
}

static void missing(const struct operand *o, const char *what)
{
    if (select_match(&sel, &o->b) && !operand_computed(o))
        differ = 1, show(o->b.name, NULL, what);
}

static void join(struct operand *a, struct operand *b)
{
    int got, found;

    while ((got = operand_next(a, &e)) > 0) {
        char *key = operand_key(a, a->b.name);

        found = operand_get(b, key, &e);
        free(key);
        if (found < 0)
            die("%s: %s", a->b.name, e.msg);
        if (!found)
            missing(a, "only in A");
        else if (select_match(&sel, &a->b) && operand_follow(b, a, &e) < 0)
            die("%s", e.msg);
        else if (select_match(&sel, &a->b))
            compare(a, b);
    }
    while (got == 0 && (got = operand_rest(b, &e)) > 0 && !(got = 0))
        missing(b, "only in B");
    if (got < 0)
        die("%s", e.msg);
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {
        "tdiff",
        "[OPTION]... A B",
        "Compare two streams or checkpoints tensor by tensor.",
        opts,
        opt_common,
        "A is the reference; - is standard input. Status 0: the same, 1: they differ, 2: trouble.\n"};
    int files = opt_parse(argc, argv, &spec);
    struct operand in[2];

    die_status = 2;
    if (files != 2 || (strcmp(argv[1], "-") == 0 && strcmp(argv[2], "-") == 0) || select_check(&sel, &e) < 0)
        die_usage("%s", files != 2                       ? "two operands are needed: A B"
                        : *argv[1] == '-' && !argv[1][1] ? "only one of A and B can be standard input"
                                                         : e.msg);
    if (opt_there(argv + 1, 2, &e) < 0)
        die("%s", e.msg);
    for (int i = 0; i < 2; i++)
        if (operand_open(&in[i], argv[1 + i], &e) < 0)
            die("%s", e.msg);
    operand_agree(in, 2);
    join(&in[0], &in[1]);
    if (select_end(&sel, operand_model(&in[0]), SELECT_CHOSEN, NULL, &e) < 0)
        die("%s", e.msg);
    for (int i = 0; i < 2; i++)
        operand_close(&in[i]);
    finish_stdout();
    return differ;
}
