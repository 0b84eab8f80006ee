/* dfeat: text records to counts of hashed n-grams: one record that merges. A reduce filter. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "base/opt.h"
#include "base/par.h"
#include "base/progress.h"
#include "base/target.h"
#include "text/feat.h"

static struct records_opts how;
static struct ngram_opts grams = {NGRAM_DSIR, 2, 10000};
static uint64_t n = 2, buckets = 10000;
static const char *method = "ngram", *path = "-";
static int merge;
static struct err e;

static int set_hash(const char *arg, struct err *why)
{
    int mode = feat_mode_find(arg);

    grams.mode = mode < 0 ? NGRAM_DSIR : (enum ngram_mode)mode;
    return mode < 0 ? err_set(why, "'%s' is neither dsir nor native", arg) : 0;
}

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method, "ngram: counts of hashed n-grams (default, and the only one)", 0},
    {0, "hash", "NAME", OPT_CALL, 0, "dsir: as p-lambda/dsir counts; native: ten times as fast (default: dsir)", set_hash},
    {'n', "n", "N", OPT_U64, &n, "longest n-gram, 1 to 8 (default: 2)", 0},
    {'b', "buckets", "N", OPT_U64, &buckets, "number of buckets (default: 10000)", 0},
    {0, "merge", 0, OPT_FLAG, &merge, "the FILEs (default: standard input) hold features: add them", 0},
    {'o', "output", "FILE", OPT_STRING, &path, "write to FILE, which appears when it is whole (default: stdout)", 0},
    RECORDS_OPTS(how),
    OPT_END
};

/* One counter for each thread; whole numbers, so which thread counted what does not show. */
struct work {
    struct record *r;
    size_t n, pieces;
    struct ngram **g;
    struct feat *f;
};

static void count_piece(void *ctx, size_t i)
{
    struct work *w = ctx;
    int t = par_self();

    if (!w->g[t]) {
        w->g[t] = ngram_open(&grams);
        feat_init(&w->f[t], &grams);
    }
    for (size_t k = w->n * i / w->pieces; k < w->n * (i + 1) / w->pieces; k++)
        feat_add(&w->f[t], w->g[t], w->r[k].text, w->r[k].text_len);
}

static void count(const char *file, struct feat *all)
{
    struct records *in = records_file(file, &how, &e);
    size_t jobs = (size_t)par_jobs();
    struct work w = {.pieces = 4 * jobs, .g = mem_new(jobs, sizeof *w.g), .f = mem_new(jobs, sizeof *w.f)};
    int got;

    if (!in)
        die("%s", e.msg);
    while ((got = records_batch(in, &w.r, &w.n, &e)) > 0) {
        par_for(w.pieces, count_piece, &w);
        progress_step(w.n, 0);
    }
    if (got < 0)
        die("%s", e.msg);
    for (size_t t = 0; t < jobs; t++) {
        if (w.f[t].count && feat_merge(all, &w.f[t], &e) < 0)
            die("%s", e.msg);
        feat_free(&w.f[t]);
        ngram_close(w.g[t]);
    }
    free(w.f);
    free(w.g);
    records_close(in);
}

static void put(struct target *to, const struct feat *all)
{
    struct buf b = {0};
    struct writer *out;

    if (how.lines) {
        feat_put_line(&b, all);
        if (io_write(target_fd(to), b.data, b.len, &e) < 0)
            die("%s", e.msg);
        buf_free(&b);
    } else if (!(out = writer_open(target_fd(to), path, NULL, &e)) || feat_write(out, all, &e) < 0 || writer_finish(out, &e) < 0) {
        die("%s", e.msg);
    }
    if (target_commit(to, &e) < 0)
        die("%s", e.msg);
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {"dfeat", "[OPTION]... [FILE]...", "Count hashed n-grams of text records, or add such counts.",
                                         opts, opt_common, NULL};
    int files = opt_parse(argc, argv, &spec);
    struct target *to;
    struct feat all = {0};

    if (strcmp(method, "ngram") != 0)
        die_usage("-m: there is no method '%s'; ngram is the only one", method);
    if (n < 1 || n > NGRAM_MAX || buckets < 1 || buckets > NGRAM_BUCKETS_MAX)
        die_usage("%s", n < 1 || n > NGRAM_MAX ? "-n takes 1 to 8" : "-b takes 1 to 16777216");
    grams.n = (uint32_t)n;
    grams.buckets = (uint32_t)buckets;
    to = how.lines ? target_open_text(path, &e) : target_open(path, &e);
    if (!to)
        die("%s", e.msg);
    if (!merge)
        feat_init(&all, &grams);
    for (int i = 1; i <= (files ? files : 1); i++)
        if (!merge)
            count(files ? argv[i] : "-", &all);
        else if (feat_read(&all, files ? argv[i] : "-", &e) < 0)
            die("%s", e.msg);
    put(to, &all);
    feat_free(&all);
    progress_end();
    return 0;
}
