/*
 * mcalib: runs a text through the model in a stream, one layer at a time, and gives each linear weight the statistics of its inputs.
 * A map filter that reads a layer before it writes it.
 */
#include "base/die.h"
#include "base/progress.h"
#include "model/calib.h"
#include "model/run.h"
#include "model/texts.h"

static struct opt_list files, id_files;
static uint64_t tokens_max;
static int64_t context;
static uint64_t states_bytes = (uint64_t)1 << 30;
static struct calib calib = {.parts = CALIB_NORM2};

static int set_parts(const char *arg, struct err *e)
{
    return calib_parse(arg, &calib.parts, e);
}

static const struct opt opts[] = {
    {'f', "file", "TEXT", OPT_LIST, &files, "calibrate on this text (repeatable: they are joined)", 0},
    {0, "ids", "FILE", OPT_LIST, &id_files, "calibrate on token ids, separated by white space, taken as they are", 0},
    {0, "tokens", "N", OPT_U64, &tokens_max, "use the first N tokens at most (default: all)", 0},
    {'c', "context", "N", OPT_INT, &context, "tokens in a window (default: the model's context, at most 2048)", 0},
    {0, "parts", "LIST", OPT_CALL, 0, "of norm2,mean,absmean,gram (default norm2)", set_parts},
    {'S', "states", "SIZE", OPT_SIZE, &states_bytes, "hidden states kept in memory, the rest in a file (default 1G)", 0},
    OPT_END};

static const struct opt_spec spec = {
    "mcalib", "[OPTION]... -f TEXT <STREAM >STREAM", "Add statistics of each linear layer's inputs.", opts, opt_common,
    "Example: tsplit model | mcalib -f calib.txt | wprune -m wanda -s 0.5 | tpack -o pruned\n"};

/* Read the texts with the tokenizer that the stream brought, and cut them. */
static void cut(const struct feed *feed, struct windows *w, struct err *e)
{
    int64_t own = attrs_int(&reader_head(feed->in)->model, "context", 2048);
    int64_t ctx = context ? context : own < 2048 ? own : 2048;
    uint64_t left = tokens_max ? tokens_max : UINT64_MAX;
    struct texts t;

    if (texts_read(&t, &files, &id_files, 1, &feed->files, -1, e) < 0)
        die("%s", e->msg);
    for (int i = 0; i < t.n && left; i++) {
        uint64_t n = t.text[i].ids.n < left ? t.text[i].ids.n : left;

        if (windows_add(w, t.text[i].ids.id, n, ctx, PROTOCOL_ALL, -1, e) < 0)
            die("%s: %s", t.text[i].name, e->msg);
        left -= n;
    }
    texts_free(&t);
}

/* What the taps saw goes to the weights of the layer. */
static int attach(struct feed *feed, const struct block_kind *kind, struct err *e)
{
    for (int i = 0; i < feed->n; i++) {
        int bias = 0, slot = block_slot(kind, feed->b[i].role, &bias);

        if (slot >= 0 && !bias && calib_attach(&calib, kind->slots[slot].tap, &feed->b[i], e) < 0)
            return -1;
    }
    return 0;
}

static int unit(struct feed *feed, struct forward *f, struct err *e)
{
    const struct taps taps = {calib_see, &calib};

    if (feed_is(feed, "head"))
        return forward_normed(f) ? calib_attach(&calib, TAP_HEAD, &feed->b[0], e) : 0;
    calib_reset(&calib);
    if (feed->b[0].layer < 0)
        return forward_single(f, &feed->b[0], &taps, e);
    progress_step(1, 0);
    if (forward_block(f, feed->b, feed->n, &taps, e) < 0)
        return -1;
    return attach(feed, arch_find(f->p.arch)->block, e);
}

int main(int argc, char **argv)
{
    struct err e;
    struct feed feed = {0};
    struct windows w = {0};
    struct forward f;
    int got;

    if (opt_parse(argc, argv, &spec) > 0)
        die_usage("unexpected operand '%s'", argv[1]);
    if (!files.n && !id_files.n)
        die_usage("no text: give -f TEXT");
    if (context < 0)
        die_usage("--context %lld is below 1", (long long)context);

    if (!(feed.in = reader_stdin(&e)) || !(feed.out = writer_stdout(feed.in, &e)))
        die("%s", e.msg);
    if ((got = feed_next(&feed, &e)) < 0)
        die("%s", e.msg);
    if (got == 0)
        die("the stream has no tensors");
    cut(&feed, &w, &e);
    if (forward_open(&f, &reader_head(feed.in)->model, &w, states_bytes, &e) < 0)
        die("%s", e.msg);
    progress_total((uint64_t)f.p.layers, 0);
    for (; got > 0; got = feed_next(&feed, &e))
        if (unit(&feed, &f, &e) < 0 || feed_write(&feed, &e) < 0)
            die("%s", e.msg);
    progress_end();
    if (got < 0 || forward_check_layers(&f, &reader_head(feed.in)->model, reader_tail_model(feed.in), &e) < 0 ||
        writer_finish(feed.out, &e) < 0)
        die("%s", e.msg);
    calib_reset(&calib);
    run_free(&feed, &f, &(struct bundle){0});
    windows_free(&w);
    return 0;
}
