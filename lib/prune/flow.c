#include "prune/flow.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "wire/codec.h"

static int takes(const struct prune_flow *f, const struct prune_method *m, struct err *e)
{
    return m && m->takes ? m->takes(&f->pattern, e) : 0;
}

/* The pattern from a word of the command line or of a budget. */
static int set_pattern(void *ctx, const char *column, const char *word, struct err *e)
{
    struct prune_flow *f = ctx;

    (void)column;
    if (pattern_parse(&f->pattern, word, f->block, f->scope, e) < 0)
        return -1;
    if (f->pattern.scope == SCOPE_DEFAULT)
        f->pattern.scope = f->usual;
    f->plain_pattern = f->pattern;
    if (f->pattern.scope == SCOPE_MODEL)
        f->plain_pattern.scope = SCOPE_TENSOR; /* its scores are of another kind than the model's */
    if (takes(f, f->pass.method, e) < 0 || takes(f, f->pass.init, e) < 0)
        return -1;
    return !f->sparsity && f->pattern.scope == SCOPE_MODEL
               ? err_set(e, "scope model spreads one share by itself; a budget wants --scope row or tensor")
               : 0;
}

int prune_flow_check(struct prune_flow *f, struct err *e)
{
    const struct prune_method *m = f->pass.method, *init = f->pass.init;

    f->pass.pattern = &f->pattern;
    f->plain_pass = (struct prune_pass){.method = &prune_score, .pattern = &f->plain_pattern, .scorer = f->plain};
    if (f->by_inputs || f->pass.refit || (m->needs | (init ? init->needs : 0)) & PRUNE_INPUTS)
        f->pass.plain = &f->plain_pass;
    return f->sparsity && set_pattern(f, NULL, f->sparsity, e) < 0 ? -1 : select_check(f->sel, e);
}

int prune_flow_budget(struct prune_flow *f, const char *path, struct err *e)
{
    static const char *const column[] = {"sparsity", NULL};

    f->sel->linears = !(f->sel->by_table = 1); /* the table says which */
    return (f->budget = budget_read(path, column, set_pattern, f, e)) ? 0 : -1;
}

struct reader *prune_flow_reader(struct prune_flow *f, int fd, struct err *e)
{
    off_t start;

    if (f->pattern.scope == SCOPE_MODEL && !isatty(fd) &&
        ((fd = io_rewindable(fd, &start, e)) < 0 || prune_count_model(&f->pass, f->sel, fd, start, e) < 0))
        return NULL;
    return fd == STDIN_FILENO ? reader_stdin(e) : reader_open(fd, "standard input", e);
}

/* Is b to be pruned? Then the pattern is its own. */
static int is_chosen(struct prune_flow *f, const struct bundle *b)
{
    const char *word = f->budget ? budget_find(f->budget, b->name) : f->sparsity;

    return select_match(f->sel, b) && word && (!f->budget || set_pattern(f, NULL, word, NULL) == 0);
}

static int prune_one(struct prune_flow *f, struct reader *in, struct writer *out, struct bundle *b, struct buf *report,
                     struct err *e)
{
    struct prune_tally t = {0};

    if (prune_tensor(&f->pass, in, out, b, report ? &t : NULL, e) < 0)
        return -1;
    if (f->pass.plain && bundle_unseen(b))
        unseen_add(&f->unseen, b);
    if (report)
        prune_tally_line(report, b, &t);
    f->pruned++;
    return 0;
}

int prune_flow(struct prune_flow *f, struct reader *in, struct writer *out, struct buf *report, struct err *e)
{
    struct bundle b = {0};
    int got, rc = 0;

    if (out)
        writer_codec(out, CODEC_BITMASK, 0);
    if (report)
        buf_puts(report, PRUNE_TALLY_TITLES);
    while (rc == 0 && (got = bundle_read(in, &b, e)) > 0)
        rc = is_chosen(f, &b) ? prune_one(f, in, out, &b, report, e) : out ? bundle_write(out, in, &b, e) : 0;
    bundle_free(&b);
    return rc < 0 ? -1 : got;
}

void prune_flow_free(struct prune_flow *f)
{
    unseen_free(&f->unseen);
    free(f->pass.sieve);
    budget_free(f->budget);
}
