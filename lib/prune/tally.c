/* tally: what a pass counted, as a line of the report. */
#include "prune/pass.h"

void prune_tally_line(struct buf *out, const struct bundle *b, const struct prune_tally *t)
{
    double n = (double)b->rows * (double)b->cols;

    buf_printf(out, "%s\t%llu\t%llu\t%llu\t%llu\t%.6f", b->name, (unsigned long long)b->rows,
               (unsigned long long)b->cols, (unsigned long long)t->before, (unsigned long long)t->after,
               n > 0 ? (double)t->after / n : 0);
    buf_printf(out, t->mass > 0 ? "\t%.6f" : "\t-", t->mass > 0 ? t->kept / t->mass : 1);
    buf_printf(out, t->moved > 0 ? "\t%.6g" : "\t-", t->moved > 0 ? t->lost / t->moved : 0);
    buf_printf(out, t->damp > 0 ? "\t%g\n" : "\t-\n", t->damp);
}
