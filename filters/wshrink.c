/*
 * wshrink: remove whole layers, heads, MLP channels, hidden channels or experts, so that a smaller dense model is left.
 *
 * Of heads and channels, what makes and reads them is held at a time; else a bundle. What is chosen by the whole model
 * (layers, hidden, experts) is chosen before its first tensor is written, so the input is read twice then, and a pipe
 * is spooled to an unlinked file. The numbers of the model that is left are known before anything is written: they are
 * checked against its config.json and go into the head.
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
#include "la/fast.h"
#include "shrink/pass.h"

static const char *method_name, *what_name, *report_path;
static double share = -1;
static uint64_t align = 1, seed;
static int refit, bias, dry_run, list;

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method_name, "how to choose: see --list", 0},
    {'s', "sparsity", "SHARE", OPT_FRACTION, &share, "remove this share (0.2, 20%), to the nearest whole number", 0},
    {0, "what", "WHAT", OPT_STRING, &what_name, "layers, heads, channels, hidden or experts (default: the method's)",
     0},
    {0, "align", "N", OPT_U64, &align, "leave a multiple of N (default 1)", 0},
    {0, "seed", "N", OPT_U64, &seed, "of -m random (default 0)", 0},
    {0, "refit", 0, OPT_FLAG, &refit, "heads, channels: those that stay make up for the others, by the companion gram",
     0},
    {0, "bias", 0, OPT_FLAG, &bias, "heads, channels: a bias makes up for the mean of what went, by the companion mean",
     0},
    {0, "report", "FILE", OPT_STRING | OPT_UNSAID, &report_path,
     "a TSV line for each layer: units before and after, loss", 0},
    {'n', "dry-run", 0, OPT_FLAG, &dry_run, "write no stream; the report goes to standard output", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the methods and exit", 0},
    FAST_OPT,
    OPT_END,
};

static const struct opt_spec spec = {
    "wshrink",
    "-m NAME -s SHARE [OPTION]... <STREAM >STREAM",
    "Remove whole layers, heads, channels or experts.",
    opts,
    opt_common,
    "Example: tsplit model | mcalib -f calib.txt --parts bi | wshrink -m drop -s 0.2 | tpack -o smaller/\n"};

static int print_list(void)
{
    for (int i = 0; shrink_table[i]; i++) {
        const char *comma = "";

        printf("%s\t", shrink_table[i]->name);
        for (unsigned bit = 1; bit <= SHRINK_EXPERTS; bit <<= 1)
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
        die_unknown("method", shrink_table, NULL, method_name);
    s->what = what_name ? shrink_what(what_name) : s->method->normal;
    if (!s->what)
        die_usage("--what '%s' is none of layers, heads, channels, hidden, experts", what_name);
    if (!(s->what & s->method->what))
        die_usage("-m %s does not choose %s; --list says what a method chooses", method_name, shrink_word(s->what));
    if (align < 1)
        die_usage("--align 0: at least 1 is needed");
    if ((refit || bias) && s->what & ~(unsigned)(SHRINK_HEADS | SHRINK_CHANNELS))
        die_usage("--%s: %s that go have no linear that could make up for them", refit ? "refit" : "bias",
                  shrink_word(s->what));
    s->share = share;
    s->align = align;
    s->seed = seed;
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

/* The input; where the method needs the whole model first, it has been read once, and what stays is chosen. */
static struct reader *open_input(struct shrink_pass *s, struct err *e)
{
    off_t start = 0;
    int twice = shrink_ahead(s) && !isatty(STDIN_FILENO),
        fd = twice ? io_rewindable(STDIN_FILENO, &start, e) : STDIN_FILENO;
    struct reader *in = fd < 0 ? NULL : twice ? reader_at(fd, start, e) : reader_stdin(e);

    if (!in || shrink_plan(s, &reader_head(in)->model, e) < 0)
        return NULL;
    if (!twice || shrink_idle(s))
        return in;
    if (shrink_survey(s, in, e) < 0)
        return NULL;
    reader_close(in);
    return reader_at(fd, start, e);
}

/* The files before the first tensor are held until config.json has been asked whether it can say what will be left.
 * Then it is their turn, and the record behind them is the first to be taken. 1, 0 at the end, -1. */
static int begin(struct shrink_pass *s, struct reader *in, struct item *it, struct writer *out, struct err *e)
{
    struct {
        char *name;
        struct buf data;
    } *file = NULL;
    struct buf config = {0};
    int files = 0, got, rc;

    while ((got = stream_next(in, it, e)) > 0 && it->kind == ITEM_BLOB) {
        file = mem_resize(file, (size_t)files + 1, sizeof *file);
        file[files].name = mem_strdup(it->name);
        file[files].data = (struct buf){0};
        if (item_load(in, it, &file[files].data, e) < 0)
            return -1;
        if (strcmp(it->name, "config.json") == 0)
            config = file[files].data;
        files++;
    }
    rc = got < 0 ? -1 : shrink_settle(s, &config, e);
    for (int i = 0; i < files; i++) {
        if (rc == 0 && out)
            rc = blob_write(out, file[i].name, file[i].data.data, file[i].data.len, e);
        free(file[i].name);
        buf_free(&file[i].data);
    }
    free(file);
    return rc < 0 ? -1 : got;
}

int main(int argc, char **argv)
{
    struct buf report = {0};
    struct shrink_pass pass = {.report = &report};
    struct reader *in;
    struct writer *out = NULL;
    struct item it = {0};
    struct err e;
    int got;

    if (opt_parse(argc, argv, &spec) > 0)
        die_usage("operand '%s': the stream comes on standard input", argv[1]);
    if (list)
        return print_list();
    check_options(&pass);
    if (!(in = open_input(&pass, &e)) || (!dry_run && !(out = writer_stdout(in, &e))))
        die("%s", e.msg);
    reader_allow_partial(in, 1);
    if (out) {
        writer_drop_manifest(out);
        writer_each_head(out, change_head, &pass);
    }
    buf_puts(&report, SHRINK_TITLES);
    progress_total(reader_head(in)->tensors, 0);
    for (got = begin(&pass, in, &it, out, &e); got > 0; got = stream_next(in, &it, &e)) {
        if (shrink_take(&pass, in, &it, out, &e) < 0)
            die("%s", e.msg);
        progress_step(it.kind == ITEM_TENSOR, 0);
    }
    progress_end();
    if (got < 0 || shrink_end(&pass, in, out, &e) < 0 || (out && writer_finish(out, &e) < 0) ||
        (report_path && target_put(report_path, report.data, report.len, &e) < 0))
        die("%s", e.msg);
    item_free(&it);
    reader_close(in);
    shrink_free(&pass);
    buf_free(&report);
    return 0;
}
