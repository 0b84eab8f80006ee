/*
 * wshrink: remove whole layers, heads, MLP channels, hidden channels or experts, so that a smaller dense model is left.
 *
 * Of heads and channels, what makes and reads them is held at a time; else a bundle. What is chosen by the whole model
 * (layers, hidden, experts) is chosen before its first tensor is written, so the input is read twice then, and a pipe
 * is spooled to an unlinked file. The numbers of the model that is left are known before anything is written: they are
 * checked against its config.json and go into the head.
 */
#include <math.h>

#include "base/die.h"
#include "la/fast.h"
#include "shrink/flow.h"
#include "tensor/ends.h"

static const char *method_name, *what_name;
static struct ends ends;
static struct shrink_pass pass = {.share = -1, .align = 1, .report = &ends.report};
static int list;

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method_name, "how to choose: see --list", 0},
    {'s', "sparsity", "SHARE", OPT_FRACTION, &pass.share, "remove this share (0.2, 20%), to the nearest whole number",
     0},
    {0, "what", "WHAT", OPT_STRING, &what_name, "layers, heads, channels, hidden or experts (default: the method's)",
     0},
    {0, "align", "N", OPT_U64, &pass.align, "leave a multiple of N (default 1)", 0, 1, INFINITY},
    {0, "refit", 0, OPT_FLAG, &pass.refit,
     "heads, channels: those that stay make up for the others, by the companion gram", 0},
    {0, "bias", 0, OPT_FLAG, &pass.bias,
     "heads, channels: a bias makes up for the mean of what went, by the companion mean", 0},
    ENDS_OPTS(ends, "a TSV line for each layer: units before and after, loss"),
    {'l', "list", 0, OPT_FLAG, &list, "list the methods and exit", 0},
    FAST_OPT,
    OPT_END,
};

static const struct opt_spec spec = {
    .prog = "wshrink",
    .synopsis = "-m NAME -s SHARE [OPTION]... <STREAM >STREAM",
    .brief = "Remove whole layers, heads, channels or experts.",
    .table = opts,
    .more = opt_common,
    .after = "Example: tsplit model | mcalib -f calib.txt --parts bi | wshrink -m drop -s 0.2 | tpack -o smaller/\n",
    .methods = {shrink_table},
};

static int print_list(void)
{
    char words[60];

    for (int i = 0; shrink_table[i]; i++)
        opt_list(shrink_table[i], shrink_table[i]->name, shrink_words(shrink_table[i]->what, words),
                 shrink_table[i]->brief, NULL);
    finish_stdout();
    return 0;
}

static void check_options(void)
{
    const struct shrink_method *m;

    if (!method_name || pass.share < 0)
        die_usage("-m NAME and -s SHARE are needed; --list names the methods");
    if (!(pass.method = m = shrink_find(method_name)))
        die_unknown("method", shrink_table, NULL, method_name);
    opt_own(&spec, m);
    pass.what = what_name ? shrink_what(what_name) : m->normal;
    if (!pass.what)
        die_usage("--what '%s' is none of layers, heads, channels, hidden, experts", what_name);
    if (!(pass.what & m->what))
        die_usage("-m %s does not choose %s; --list says what a method chooses", method_name, shrink_word(pass.what));
    if ((pass.refit || pass.bias) && pass.what & ~(unsigned)(SHRINK_HEADS | SHRINK_CHANNELS))
        die_usage("--%s: %s that go have no linear that could make up for them", pass.refit ? "refit" : "bias",
                  shrink_word(pass.what));
    pass.refit |= m->refits;
    ends_check(&ends);
}

int main(int argc, char **argv)
{
    struct err e;

    opt_parse_alone(argc, argv, &spec);
    if (list)
        return print_list();
    check_options();
    if (!(ends.in = shrink_reader(&pass, &e)) || ends_open(&ends, &e) < 0 ||
        shrink_flow(&pass, ends.in, ends.out, &e) < 0 || ends_finish(&ends, NULL, 0, NULL, &e) < 0)
        die("%s", e.msg);
    shrink_free(&pass);
    ends_close(&ends);
    return 0;
}
