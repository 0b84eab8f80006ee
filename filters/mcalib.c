/*
 * mcalib: runs a text through the model in a stream, one layer at a time, and gives each linear weight the statistics
 * of its inputs. A map filter that reads a layer before it writes it.
 */
#include <stdlib.h>

#include "base/die.h"
#include "base/progress.h"
#include "ckpt/imatrix.h"
#include "la/fast.h"
#include "run/calibrate.h"
#include "run/texts.h"

static struct texts_ask ask = {.how = {.joined = 1, .windows = 1}};
static struct opt_list matrices;
static uint64_t tokens_max;
static uint64_t states_bytes = (uint64_t)1 << 30;
static struct calibrate run = {.patience = 20, .calib.parts = CALIB_NORM2};

static int set_parts(const char *arg, struct err *e)
{
    return calib_parse(arg, &run.calib.parts, e);
}

static int set_bos(const char *arg, struct err *e)
{
    return texts_bos_parse(arg, &ask.how.bos, e);
}

static uint64_t hold_every;

static int set_hold_out(const char *arg, struct err *e)
{
    return windows_share_parse(arg, &hold_every, e);
}

static int set_weight(const char *arg, struct err *e)
{
    return calib_parse_weight(arg, &run.calib.least, e);
}

static const struct opt opts[] = {
    TEXTS_OPTS(ask, "calibrate", "they are joined", set_bos),
    {0, "imatrix", "FILE", OPT_LIST, &matrices,
     "instead: norm2 from llama.cpp's importance matrix (repeatable: they are added)", 0},
    {0, "tokens", "N", OPT_U64, &tokens_max,
     "use N tokens at most, whole windows spread evenly over the texts (default: all)", 0},
    {0, "parts", "LIST", OPT_CALL, 0, "of norm2,mean,absmean,gram,bi,reap (default norm2)", set_parts},
    {0, "token-weight", "NAME[:MIN]", OPT_CALL, 0,
     "attncon: tokens count by the attention they receive, least MIN (0.01)", set_weight},
    {0, "hold-out", "1/N", OPT_CALL, 0,
     "keep every Nth window aside: its gram is a companion of its own, gram.held, to measure by", set_hold_out},
    {'S', "states", "SIZE", OPT_SIZE, &states_bytes, "hidden states kept in memory, the rest in a file (default 1G)",
     0},
    {0, "through", "CMD", OPT_STRING, &run.command,
     "each layer goes through this chain of filters before the next is run", 0},
    {0, "patience", "SECONDS", OPT_INT, &run.patience, "give up when CMD is idle for so long (default 20; 0: never)", 0,
     0, INFINITY},
    FAST_RUN_OPT,
    OPT_END};

static const struct opt_spec spec = {
    "mcalib",
    "[OPTION]... -f TEXT <STREAM >STREAM",
    "Add statistics of each linear layer's inputs.",
    opts,
    opt_common,
    "Example: tsplit model | mcalib -f calib.txt | wprune -m wanda -s 0.5 | tpack -o pruned\n"};

/* Read the texts with the tokenizer that the stream brought, and cut them. */
static int cut(const struct feed *feed, struct windows *w, struct err *e)
{
    int64_t context = texts_context(&ask, &reader_head(feed->in)->model);
    struct texts t;

    if (texts_open(&t, &ask, feed, e) < 0 || texts_spread(&t, &ask.how, context, tokens_max, w, e) < 0)
        return -1;
    for (int i = 0; i < t.n; i++)
        if (t.text[i].ids.dropped)
            warn(TEXTS_DROPPED, t.text[i].name, t.text[i].ids.dropped);
    texts_free(&t);
    return 0;
}

/* --tokens may ask for too few: a gram of few tokens is mostly noise in small directions, which solvers divide by. */
static void warn_few(const struct windows *w, const struct attrs *model)
{
    int64_t hidden = attrs_int(model, "hidden", 0), inner = attrs_int(model, "intermediate", 0),
            wide = hidden > inner ? hidden : inner;

    if (tokens_max && run.calib.parts & CALIB_GRAM && w->tokens < 20 * wide)
        warn("%lld tokens for grams of %lld columns; fewer than %lld leave them poor", (long long)w->tokens,
             (long long)wide, (long long)(20 * wide));
}

/* One line about what has no statistics. */
static void say_unseen(void)
{
    if (run.unseens)
        warn("%lld of %lld experts saw no token and have no statistics (layer:expert):%s%s", (long long)run.unseens,
             (long long)run.experts, buf_str(&run.unseen), run.unseens > 20 ? " ..." : "");
}

/* Norm2 from files: no model is run. */
static void from_matrices(void)
{
    struct imatrix m = {0};
    struct err e;
    struct reader *in;
    struct writer *out;
    uint64_t unused;

    if (ask.files.n || ask.ids.n || run.command || run.calib.parts != CALIB_NORM2 || run.calib.least > 0)
        die_usage("--imatrix gives norm2 of files: no -f, --ids, --parts, --token-weight or --through beside it");
    for (int i = 0; i < matrices.n; i++)
        if (imatrix_add(&m, matrices.item[i], &e) < 0)
            die("%s", e.msg);
    if (!(in = reader_stdin(&e)) || !(out = writer_stdout(in, &e)) ||
        imatrix_flow(&m, matrices.item[0], in, out, &unused, &e) < 0 || writer_finish(out, &e) < 0)
        die("%s", e.msg);
    if (unused)
        warn("%llu of %zu entries of the importance matrix are no tensors of this stream", (unsigned long long)unused,
             m.n);
    imatrix_free(&m);
    reader_close(in);
}

int main(int argc, char **argv)
{
    struct err e;
    struct windows w = {0};
    int got, usage;

    opt_parse_alone(argc, argv, &spec);
    if (matrices.n) {
        from_matrices();
        return 0;
    }
    if (texts_check(&ask, &usage, &e) < 0)
        usage ? die_usage("%s", e.msg) : die("%s", e.msg);
    if (hold_every && !(run.calib.parts & CALIB_GRAM))
        die_usage("--hold-out keeps a gram: --parts gram is needed");
    if (!(run.feed.in = reader_stdin(&e)) || calibrate_open(&run, &e) < 0 ||
        feed_begin(&run.feed, run.feed.in, &e) < 0 || cut(&run.feed, &w, &e) < 0 ||
        calibrate_hold_out(&run, &w, hold_every, &e) < 0)
        die("%s", e.msg);
    calibrate_note(&run, ask.files.n ? ask.files.item[0] : ask.ids.item[0], &w);
    if (forward_open(&run.f, &reader_head(run.feed.in)->model, &w, states_bytes, &e) < 0)
        die("%s", e.msg);
    warn_few(&w, &reader_head(run.feed.in)->model);
    progress_total((uint64_t)run.f.m.layers, 0);
    for (got = 1; got > 0; got = feed_next(&run.feed, &e))
        if (calibrate_unit(&run, &e) < 0)
            die("%s", e.msg);
    progress_end();
    if (got < 0 || calibrate_finish(&run, &e) < 0)
        die("%s", e.msg);
    say_unseen();
    calibrate_free(&run);
    windows_free(&w);
    return 0;
}
