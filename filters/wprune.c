/*
 * wprune: zero the least important weights.
 *
 * A method is one of lib/prune, or the name of a score, which is then computed on the way and pruned by. Scopes tensor
 * and model count all scores twice before they choose; for the model the input is walked three times, so a pipe is
 * spooled to an unlinked file first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "base/opt.h"
#include "base/target.h"
#include "la/fast.h"
#include "prune/pass.h"
#include "score/score.h"
#include "tensor/budget.h"
#include "tensor/unseen.h"
#include "wire/codec.h"

static const char *method_name, *init_name, *sparsity, *block, *scope, *report_path, *budget_path;
static uint64_t seed;
static struct prune_args args = PRUNE_ARGS;
static int dry_run, list, refit, verbose;
static struct select sel = {.linears = 1};

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method_name, "how to choose: see --list", 0},
    {'s', "sparsity", "S|N:M", OPT_STRING, &sparsity, "zero this share (0.5, 50%), or keep N of each M", 0},
    {0, "budget", "FILE", OPT_STRING | OPT_UNSAID, &budget_path,
     "... or each tensor's own, by a table as walloc makes it", 0},
    {0, "scope", "SCOPE", OPT_STRING, &scope, "compare by row, tensor or model (default: what the method's paper has)",
     0},
    {0, "block", "RxC", OPT_STRING, &block, "zero whole blocks of R rows and C columns", 0},
    {0, "refit", 0, OPT_FLAG, &refit, "fit the weights that stay to the old outputs, by the companion gram", 0},
    {0, "damp", "F", OPT_F64, &args.damp, "sparsegpt: add this share of the gram's mean diagonal to it (default 0.01)",
     0},
    {0, "init", "NAME", OPT_STRING, &init_name, "dsnot: the method whose mask is bettered (default wanda)", 0},
    {0, "cycles", "N", OPT_U64, &args.cycles, "dsnot: swaps in a row at most (default: 50 for each 4096 columns)", 0},
    {0, "seed", "N", OPT_U64, &seed, "of random (default 0)", 0},
    SELECT_OPTS(sel),
    FAST_OPT,
    {0, "report", "FILE", OPT_STRING | OPT_UNSAID, &report_path, "a TSV line for each tensor pruned", 0},
    {'n', "dry-run", 0, OPT_FLAG, &dry_run, "write no stream; the report goes to standard output", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the methods and exit", 0},
    {'v', "verbose", 0, OPT_FLAG, &verbose, "name the weights of experts that saw no token", 0},
    OPT_END,
};

static const struct opt_spec spec = {
    "wprune", "-m NAME -s S|N:M [OPTION]... <STREAM >STREAM", "Zero the least important weights.", opts, opt_common,
    NULL};

static const struct score_method *scored; /* NULL: by the companion */
static struct pattern pattern;            /* of the tensor at hand */
static struct prune_pass pass = {.pattern = &pattern};
static struct pattern plain_pattern; /* likewise, of what has no statistics */
static struct prune_pass plain = {.method = &prune_score, .pattern = &plain_pattern};
static struct unseen unseen;
static struct budget *budget;

static struct score_known known;

static int prepare(const struct bundle *b, const struct attrs *model, struct err *e)
{
    score_known_free(&known);
    return score_known_get(&known, scored->needs, b, model, NULL, e);
}

static int scorer(const struct bundle *b, const struct prune_inputs *in, uint64_t row0, uint64_t rows, const float *w,
                  float *out, struct err *e)
{
    (void)in;
    return score_rows(scored, &(struct score_job){b->name, seed, SCORE_RANK, row0, rows, b->cols, w, &known, out}, e);
}

static int by_magnitude(const struct bundle *b, const struct prune_inputs *in, uint64_t row0, uint64_t rows,
                        const float *w, float *out, struct err *e)
{
    (void)in;
    return score_rows(&score_magnitude,
                      &(struct score_job){b->name, seed, SCORE_RANK, row0, rows, b->cols, w, NULL, out}, e);
}

static int print_list(void)
{
    for (int i = 0; prune_table[i]; i++)
        printf("%s\t%s\n", prune_table[i]->name, prune_table[i]->brief);
    for (int i = 0; score_table[i]; i++)
        if (!prune_find(score_table[i]->name) && !(score_table[i]->needs & SCORE_POOL)) /* those are wscore's alone */
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
        die_unknown("method", prune_table, score_table, name);
    return m;
}

static void find_methods(void)
{
    const struct prune_method *chooser = pass.method = find(method_name);

    if (pass.method == &prune_dsnot)
        chooser = args.init = find(init_name ? init_name : "wanda");
    else if (init_name)
        die_usage("--init %s: only dsnot begins with another method's mask", init_name);
    if (chooser == &prune_dsnot)
        die_usage("--init dsnot: it cannot begin with itself");
    if (args.damp < 0)
        die_usage("--damp %g is below 0", args.damp);
    if (chooser->needs & PRUNE_SCORE)
        pass.scorer = scored ? scorer : prune_companion;
    if (pass.scorer)
        pass.scorer_needs = scored ? 0 : PRUNE_COMPANION;
    pass.prepare = scored ? prepare : NULL;
    pass.whole = scored && scored->whole;
    pass.args = args;
    pass.refit = refit;
    if (refit || (scored ? scored->needs & SCORE_INPUTS : 0) ||
        (pass.method->needs | (args.init ? args.init->needs : 0)) & PRUNE_INPUTS)
        pass.plain = &plain;
    plain.scorer = by_magnitude;
    plain.args = args;
    plain.args.init = NULL;
}

static int takes(const struct prune_method *m, struct err *e)
{
    return m && m->takes ? m->takes(&pattern, e) : 0;
}

/* The pattern from a word of the command line or of a budget. */
static int set_pattern(void *ctx, const char *column, const char *word, struct err *e)
{
    (void)ctx, (void)column;
    if (pattern_parse(&pattern, word, block, scope, e) < 0)
        return -1;
    if (pattern.scope == SCOPE_DEFAULT)
        pattern.scope = scored ? (enum scope)scored->scope : SCOPE_TENSOR;
    plain_pattern = pattern;
    if (pattern.scope == SCOPE_MODEL)
        plain_pattern.scope = SCOPE_TENSOR; /* its scores are of another kind than the model's */
    if (takes(pass.method, e) < 0 || takes(args.init, e) < 0)
        return -1;
    return budget_path && pattern.scope == SCOPE_MODEL
               ? err_set(e, "scope model spreads one share by itself; a budget wants --scope row or tensor")
               : 0;
}

static void check_options(void)
{
    static const char *const column[] = {"sparsity", NULL};
    struct err e;

    if (!method_name || !sparsity == !budget_path)
        die_usage("-m NAME and one of -s S and --budget FILE are needed; --list names the methods");
    find_methods();
    if ((sparsity && set_pattern(NULL, NULL, sparsity, &e) < 0) || select_check(&sel, &e) < 0)
        die_usage("%s", e.msg);
    opt_check_report(&report_path, dry_run);
    if (budget_path && !(budget = budget_read(budget_path, column, set_pattern, NULL, &e)))
        die("%s", e.msg);
    sel.linears = !(sel.by_table = budget != NULL); /* the table says which */
}

/* Is b to be pruned? Then pattern is its own. */
static int is_chosen(const struct bundle *b)
{
    const char *word = budget ? budget_find(budget, b->name) : sparsity;

    return select_match(&sel, b) && word && (!budget || set_pattern(NULL, NULL, word, NULL) == 0);
}

int main(int argc, char **argv)
{
    struct buf report = {0};
    struct bundle b = {0};
    struct prune_tally t;
    struct err e;
    off_t start;
    uint64_t pruned = 0;
    int fd = STDIN_FILENO, got;

    if (opt_parse(argc, argv, &spec) > 0)
        die_usage("operand '%s': the stream comes on standard input", argv[1]);
    if (list)
        return print_list();
    check_options();
    if (pattern.scope == SCOPE_MODEL && !isatty(fd) &&
        ((fd = io_rewindable(fd, &start, &e)) < 0 || prune_count_model(&pass, &sel, fd, start, &e) < 0))
        die("%s", e.msg);
    struct reader *in = fd == STDIN_FILENO ? reader_stdin(&e) : reader_open(fd, "standard input", &e);
    struct writer *out = in && !dry_run ? writer_stdout(in, &e) : NULL;
    if (!in || (!out && !dry_run))
        die("%s", e.msg);
    reader_allow_partial(in, 1);
    if (out)
        writer_codec(out, CODEC_BITMASK, 0);
    buf_puts(&report, PRUNE_TALLY_TITLES);
    while ((got = bundle_read(in, &b, &e)) > 0) {
        int chosen = is_chosen(&b);

        t = (struct prune_tally){0};
        if (chosen ? prune_tensor(&pass, in, out, &b, report_path ? &t : NULL, &e) < 0
                   : out && bundle_write(out, in, &b, &e) < 0)
            die("%s", e.msg);
        if (chosen && pass.plain && bundle_unseen(&b))
            unseen_add(&unseen, &b);
        if (chosen)
            prune_tally_line(&report, &b, &t);
        pruned += (uint64_t)chosen;
    }
    if (got < 0 || select_end(&sel, &reader_head(in)->model, pruned, NULL, &e) < 0 ||
        (out && writer_finish(out, &e) < 0) ||
        (report_path && target_put(report_path, report.data, report.len, &e) < 0))
        die("%s", e.msg);
    if (budget_unused(budget, reader_head(in), &e))
        warn("%s", e.msg);
    if (unseen.n)
        warn("%s", unseen_line(&unseen, "were pruned by magnitude", verbose));
    unseen_free(&unseen);
    free(pass.sieve);
    score_known_free(&known);
    bundle_free(&b);
    budget_free(budget);
    buf_free(&report);
    reader_close(in);
    return 0;
}
