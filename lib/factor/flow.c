#include "factor/flow.h"

#include "base/progress.h"
#include "factor/group.h"
#include "tensor/describe.h"

/* Is b to be factored? Then the pass has its size. Vectors are left alone. */
static int is_chosen(struct factor_flow *f, const struct bundle *b)
{
    const char *word = f->budget ? budget_find(f->budget, b->name) : NULL;

    return select_match(f->sel, b) && (word || !f->budget) && b->shape.rank > 1 &&
           (!word || factor_pass_size(f->pass, budget_column(f->budget), word, NULL) == 0);
}

static void note_poor(struct factor_flow *f, const struct bundle *b)
{
    int64_t count = attrs_int(&b->more, "count", 0);

    if (f->poor.msg[0] || !(f->pass->method->needs & FACTOR_GRAM) || !bundle_part(b, -1, "gram") || count <= 0 ||
        (uint64_t)count >= b->cols)
        return;
    err_set(&f->poor,
            "%s: its gram is of %lld tokens, fewer than its %llu columns: too few to tell what may go; calibrate on "
            "more",
            b->name, (long long)count, (unsigned long long)b->cols);
}

/* The bundle that in stands at; *ahead: of the one behind it, which was read to see whether it is the bias, what
 * bundle_read gave; -2: it was not. */
static int factor_one(struct factor_flow *f, struct reader *in, struct bundle *b, struct bundle *next, int *ahead,
                      struct err *e)
{
    struct bundle *bias = NULL;
    struct factor_tally t;

    note_poor(f, b);
    if (bundle_load(in, b, e) < 0)
        return -1;
    if (f->pass->method->needs & FACTOR_BIAS && (*ahead = bundle_read(in, next, e)) == -1)
        return -1;
    if (*ahead > 0 && factor_is_bias(next, b))
        bias = next;
    if ((bias && bundle_load(in, bias, e) < 0) || factor_loaded(f->pass, b, bias, &t, e) < 0)
        return -1;
    factor_tally_line(&f->report, b, &t);
    f->pass->done += (uint64_t)t.done;
    return 0;
}

static int walk(struct factor_flow *f, struct reader *in, struct writer *out, struct err *e)
{
    struct bundle b = {0}, next = {0};
    int got = bundle_read(in, &b, e);

    while (got > 0) {
        int ahead = -2;

        progress_step(1, describe_bytes(&b, 0));
        if ((is_chosen(f, &b) && factor_one(f, in, &b, &next, &ahead, e) < 0) ||
            (out && bundle_write(out, in, &b, e) < 0))
            return -1;
        if (ahead == -2) {
            got = bundle_read(in, &b, e);
        } else {
            bundle_free(&b);
            b = next;
            next = (struct bundle){0};
            got = ahead;
        }
    }
    bundle_free(&b);
    return got;
}

int factor_flow(struct factor_flow *f, struct reader *in, struct writer *out, struct err *e)
{
    buf_puts(&f->report, FACTOR_TALLY_TITLES);
    return f->pass->method->kind == FACTOR_MIX ? factor_groups(f->pass, f->sel, in, out, &f->report, e)
                                               : walk(f, in, out, e);
}
