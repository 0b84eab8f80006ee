/*
 * wprune: zero the least important weights.
 *
 * A method is one of lib/prune, or the name of a score, which is then computed on the way and pruned by. Scopes tensor
 * and model count all scores twice before they choose; for the model the input is walked three times, so a pipe is
 * spooled to an unlinked file first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/target.h"
#include "prune/pass.h"
#include "score/score.h"
#include "tensor/select.h"
#include "tensor/stream.h"
#include "wire/codec.h"

static const char *method_name, *init_name, *sparsity, *block, *scope, *report_path;
static uint64_t seed;
static struct prune_args args = PRUNE_ARGS;
static int dry_run, list, refit;
static struct select sel = {.linears = 1};

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method_name, "how to choose: see --list", 0},
    {'s', "sparsity", "S|N:M", OPT_STRING, &sparsity, "zero this share (0.5, 50%), or keep N of each M", 0},
    {0, "scope", "SCOPE", OPT_STRING, &scope, "compare by row, tensor or model (default: what the method's paper has)", 0},
    {0, "block", "RxC", OPT_STRING, &block, "zero whole blocks of R rows and C columns", 0},
    {0, "refit", 0, OPT_FLAG, &refit, "fit the weights that stay to the old outputs, by the companion gram", 0},
    {0, "damp", "F", OPT_F64, &args.damp, "sparsegpt: add this share of the gram's mean diagonal to it (default 0.01)", 0},
    {0, "init", "NAME", OPT_STRING, &init_name, "dsnot: the method whose mask is bettered (default wanda)", 0},
    {0, "cycles", "N", OPT_U64, &args.cycles, "dsnot: swaps in a row at most (default: 50 for each 4096 columns)", 0},
    {0, "seed", "N", OPT_U64, &seed, "of random (default 0)", 0},
    SELECT_OPTS(sel),
    {0, "report", "FILE", OPT_STRING | OPT_UNSAID, &report_path, "a TSV line for each tensor pruned", 0},
    {'n', "dry-run", 0, OPT_FLAG, &dry_run, "write no stream; the report goes to standard output", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the methods and exit", 0},
    OPT_END,
};

static const struct opt_spec spec = {"wprune", "-m NAME -s S|N:M [OPTION]... <STREAM >STREAM", "Zero the least important weights.", opts,
                                     opt_common, NULL};

static const struct score_method *scored; /* NULL: by the companion */
static float *norm2, *companion;          /* of the tensor at hand */
static struct buf report;

/* Scores of some rows of the tensor at hand. */
static int scorer(const struct bundle *b, uint64_t row0, uint64_t rows, const float *w, float *out, struct err *e)
{
    struct score_job j = {b->name, seed, row0, rows, b->cols, w, norm2, out};

    if (scored)
        return score_rows(scored, &j, e);
    memcpy(out, companion + row0 * b->cols, rows * b->cols * sizeof *out);
    return score_check("weight", w, row0, rows, b->cols, e) < 0 ? -1 : score_check("score", out, row0, rows, b->cols, e);
}

/* What the scorer will need. */
static int get_companions(const struct prune_pass *p, const struct bundle *b, struct err *e)
{
    int want_norm2 = scored && scored->needs & SCORE_NORM2, want_score = !scored && p->scorer;

    free(norm2);
    free(companion);
    norm2 = want_norm2 ? bundle_companion(b, "norm2", b->cols, e) : NULL;
    companion = want_score ? bundle_companion(b, "score", b->rows * b->cols, e) : NULL;
    return (want_norm2 && !norm2) || (want_score && !companion) ? err_in(e, "%s", b->name) : 0;
}

static int print_list(void)
{
    for (int i = 0; prune_table[i]; i++)
        printf("%s\t%s\n", prune_table[i]->name, prune_table[i]->brief);
    for (int i = 0; score_table[i]; i++)
        printf("%s\t%s\n", score_table[i]->name, score_table[i]->brief);
    finish_stdout();
    return 0;
}

/* A method by its name, or that of a score, which is then what the method score goes by. */
static const struct prune_method *find(const char *name)
{
    const struct prune_method *m = prune_find(name);

    if (!m && (scored = score_find(name)))
        m = &prune_score;
    if (!m)
        die_usage("method '%s' is not known; --list names them", name);
    return m;
}

static void find_methods(struct prune_pass *p)
{
    const struct prune_method *chooser = p->method = find(method_name);

    if (p->method == &prune_dsnot)
        chooser = args.init = find(init_name ? init_name : "wanda");
    else if (init_name)
        die_usage("--init %s: only dsnot begins with another method's mask", init_name);
    if (chooser == &prune_dsnot)
        die_usage("--init dsnot: it cannot begin with itself");
    if (args.damp < 0)
        die_usage("--damp %g is below 0", args.damp);
    p->scorer = chooser->needs & PRUNE_SCORE ? scorer : NULL;
    p->whole = chooser->whole || (scored && scored->whole);
    p->args = args;
    p->refit = refit;
}

static void check_options(struct prune_pass *p, struct pattern *pat)
{
    struct err e;

    if (!method_name || !sparsity)
        die_usage("-m NAME and -s S are needed; --list names the methods");
    find_methods(p);
    if (pattern_parse(pat, sparsity, block, scope, &e) < 0 || select_check(&sel, &e) < 0)
        die_usage("%s", e.msg);
    if (pat->scope == SCOPE_DEFAULT)
        pat->scope = scored ? (enum scope)scored->scope : SCOPE_TENSOR;
    if (!p->scorer && pat->scope == SCOPE_MODEL)
        die_usage("--scope model: sparsegpt has the scopes row and tensor");
    if (dry_run && !report_path)
        report_path = "-";
    if (report_path && !dry_run && strcmp(report_path, "-") == 0)
        die_usage("--report -: standard output is the stream's; with -n it is free");
    p->pattern = pat;
}

/* One tensor: counted in the first two walks of scope model, pruned in the last walk. */
static int visit(const struct prune_pass *p, struct reader *in, struct writer *out, struct bundle *b, int counting, struct err *e)
{
    struct prune_tally t = {0};
    int slabs = !counting && prune_streams(p, b);

    if ((slabs ? bundle_load_companions(in, b, e) : bundle_load(in, b, e)) < 0 || get_companions(p, b, e) < 0)
        return -1;
    if (counting)
        return prune_count(p, b, e);
    if (slabs ? prune_stream(p, in, out, b, report_path ? &t : NULL, e) < 0
              : prune_loaded(p, b, report_path ? &t : NULL, e) < 0 || (out && bundle_write(out, in, b, e) < 0))
        return -1;
    prune_tally_line(&report, b, &t);
    return 0;
}

static int walk(const struct prune_pass *p, struct reader *in, struct writer *out, int counting, struct err *e)
{
    struct bundle b = {0};
    int got;

    while ((got = bundle_read(in, &b, e)) > 0)
        if (select_match(&sel, &b) ? visit(p, in, out, &b, counting, e) < 0 : out && bundle_write(out, in, &b, e) < 0)
            return -1;
    bundle_free(&b);
    return got;
}

static int count_model(struct prune_pass *p, int fd, off_t start, struct err *e)
{
    p->sieve = pick_sieve_new();
    for (int pass = 0; pass < 2; pass++) {
        struct reader *in = lseek(fd, start, SEEK_SET) < 0 ? NULL : reader_open(fd, "standard input", e);

        if (in)
            reader_allow_partial(in, 1); /* a shard may be pruned alone */
        if (!in || walk(p, in, NULL, 1, e) < 0)
            return -1;
        reader_close(in);
        pick_sieve_next(p->sieve, pattern_count(p->pattern, pick_sieve_seen(p->sieve)));
    }
    return lseek(fd, start, SEEK_SET) < 0 ? err_errno(e, "cannot read standard input again") : 0;
}

int main(int argc, char **argv)
{
    struct prune_pass pass = {0};
    struct pattern pattern;
    struct err e;
    off_t start;
    int fd = STDIN_FILENO;

    if (opt_parse(argc, argv, &spec) > 0)
        die_usage("operand '%s': the stream comes on standard input", argv[1]);
    if (list)
        return print_list();
    check_options(&pass, &pattern);
    if (pattern.scope == SCOPE_MODEL && !isatty(fd) &&
        ((fd = io_rewindable(fd, &start, &e)) < 0 || count_model(&pass, fd, start, &e) < 0))
        die("%s", e.msg);
    struct reader *in = fd == STDIN_FILENO ? reader_stdin(&e) : reader_open(fd, "standard input", &e);
    struct writer *out = in && !dry_run ? writer_stdout(in, &e) : NULL;
    if (!in || (!out && !dry_run))
        die("%s", e.msg);
    reader_allow_partial(in, 1);
    if (out)
        writer_codec(out, CODEC_BITMASK, 0);
    buf_puts(&report, PRUNE_TALLY_TITLES);
    if (walk(&pass, in, out, 0, &e) < 0 || (out && writer_finish(out, &e) < 0) ||
        (report_path && target_put(report_path, report.data, report.len, &e) < 0))
        die("%s", e.msg);
    free(pass.sieve);
    free(norm2);
    free(companion);
    buf_free(&report);
    reader_close(in);
    return 0;
}
