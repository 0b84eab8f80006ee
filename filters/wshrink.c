/*
 * wshrink: remove whole layers, heads, MLP channels or hidden channels, so that a smaller dense model is left.
 *
 * A layer is held at a time. What goes of the whole model (layers, hidden) is chosen before its first tensor is written, so the input is
 * read twice then, and a pipe is spooled to an unlinked file. The sizes that are left are known at once: they go into the head, and into the tail's
 * corrections for the packers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/target.h"
#include "shrink/pass.h"

static const char *method_name, *what_name, *report_path;
static double share = -1;
static uint64_t align = 1;
static int refit, bias, dry_run, list;

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method_name, "how to choose: see --list", 0},
    {'s', "sparsity", "SHARE", OPT_FRACTION, &share, "remove this share (0.2, 20%), to the nearest whole number", 0},
    {0, "what", "WHAT", OPT_STRING, &what_name, "layers, heads, channels or hidden (default: the method's)", 0},
    {0, "align", "N", OPT_U64, &align, "leave a multiple of N (default 1)", 0},
    {0, "refit", 0, OPT_FLAG, &refit, "heads, channels: those that stay make up for the others, by the companion gram", 0},
    {0, "bias", 0, OPT_FLAG, &bias, "heads, channels: a bias makes up for the mean of what went, by the companion mean", 0},
    {0, "report", "FILE", OPT_STRING | OPT_UNSAID, &report_path, "a TSV line for each layer: units before and after, loss", 0},
    {'n', "dry-run", 0, OPT_FLAG, &dry_run, "write no stream; the report goes to standard output", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the methods and exit", 0},
    OPT_END,
};

static const struct opt_spec spec = {"wshrink", "-m NAME -s SHARE [OPTION]... <STREAM >STREAM", "Remove whole layers, heads or channels.", opts,
                                     opt_common, "Example: tsplit model | mcalib -f calib.txt --parts bi | wshrink -m drop -s 0.2 | tpack -o smaller/\n"};

static int print_list(void)
{
    for (int i = 0; shrink_table[i]; i++) {
        const char *comma = "";

        printf("%s\t", shrink_table[i]->name);
        for (unsigned bit = 1; bit <= SHRINK_HIDDEN; bit <<= 1)
            if (shrink_table[i]->what & bit) {
                printf("%s%s", comma, shrink_word(bit));
                comma = ",";
            }
        printf("\t%s\n", shrink_table[i]->brief);
    }
    finish_stdout();
    return 0;
}

static void check_options(struct shrink_pass *s)
{
    if (!method_name || share < 0)
        die_usage("-m NAME and -s SHARE are needed; --list names the methods");
    if (!(s->method = shrink_find(method_name)))
        die_usage("method '%s' is not known; --list names them", method_name);
    s->what = what_name ? shrink_what(what_name) : s->method->normal;
    if (!s->what)
        die_usage("--what '%s' is none of layers, heads, channels, hidden", what_name);
    if (!(s->what & s->method->what))
        die_usage("-m %s does not choose %s; --list says what a method chooses", method_name, shrink_word(s->what));
    if (align < 1)
        die_usage("--align 0: at least 1 is needed");
    if ((refit || bias) && s->what & (SHRINK_LAYERS | SHRINK_HIDDEN))
        die_usage("--%s: %s that go have no linear that could make up for them", refit ? "refit" : "bias", shrink_word(s->what));
    s->share = share;
    s->align = align;
    s->refit = refit || s->method->refits;
    s->bias = bias;
    opt_check_report(&report_path, dry_run);
}

static void change_head(struct head *h, void *ctx)
{
    shrink_model(ctx, &h->model);
}

/* From start, where the input can be read again. */
static struct reader *reader_at(int fd, off_t start, struct err *e)
{
    if (lseek(fd, start, SEEK_SET) >= 0)
        return reader_open(fd, "standard input", e);
    err_errno(e, "cannot read standard input again");
    return NULL;
}

/* The input; where the method needs the whole model first, it has been read once, and keep is chosen. */
static struct reader *open_input(struct shrink_pass *s, struct err *e)
{
    off_t start = 0;
    int twice = s->what & (SHRINK_LAYERS | SHRINK_HIDDEN) && !isatty(STDIN_FILENO), fd = twice ? io_rewindable(STDIN_FILENO, &start, e) : STDIN_FILENO;
    struct reader *in = fd < 0 ? NULL : twice ? reader_at(fd, start, e) : reader_stdin(e);

    if (!in || shrink_plan(s, &reader_head(in)->model, e) < 0)
        return NULL;
    if (!twice || s->left == s->units)
        return in;
    if (shrink_survey(s, in, e) < 0)
        return NULL;
    reader_close(in);
    return reader_at(fd, start, e);
}

int main(int argc, char **argv)
{
    struct buf report = {0};
    struct shrink_pass pass = {.report = &report};
    struct feed feed = {0};
    struct err e;
    int got, stays = 0;

    if (opt_parse(argc, argv, &spec) > 0)
        die_usage("operand '%s': the stream comes on standard input", argv[1]);
    if (list)
        return print_list();
    check_options(&pass);
    if (!(feed.in = open_input(&pass, &e)) || (!dry_run && !(feed.out = writer_stdout(feed.in, &e))))
        die("%s", e.msg);
    reader_allow_partial(feed.in, 1);
    if (feed.out) {
        writer_drop_manifest(feed.out);
        writer_each_head(feed.out, change_head, &pass);
    }
    buf_puts(&report, SHRINK_TITLES);
    progress_total((uint64_t)pass.p.layers, 0);
    while ((got = feed_next(&feed, &e)) > 0) {
        if ((stays = shrink_unit(&pass, &feed, &e)) < 0 || (stays && feed.out && feed_write(&feed, &e) < 0))
            die("%s", e.msg);
        progress_step(feed.b[0].layer >= 0, 0);
    }
    progress_end();
    if (feed.out)
        shrink_model(&pass, writer_tail_model(feed.out));
    if (got < 0 || (feed.out && writer_finish(feed.out, &e) < 0) ||
        (report_path && target_put(report_path, report.data, report.len, &e) < 0))
        die("%s", e.msg);
    reader_close(feed.in);
    feed_free(&feed);
    free(pass.keep);
    buf_free(&report);
    return 0;
}
