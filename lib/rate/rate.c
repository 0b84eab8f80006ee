#include "rate/rate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "base/table.h"

const struct rate_method *const rate_table[] = {
#define METHOD(n) &rate_##n,
#include "rate/rate.def"
#undef METHOD
    NULL};

const struct rate_method *rate_find(const char *name)
{
    return table_find(rate_table, name);
}

struct batch {
    const struct rate_method *m;
    void *state;
    struct record *r;
    size_t n;
    struct err *why; /* of each piece; empty when all is well */
};

#define PIECE 16 /* records a thread takes at a time */

static int rate_one(const struct batch *b, struct record *r, struct err *e)
{
    int id = r->id_len > 100 ? 100 : (int)r->id_len;

    if (b->m->apply(b->state, r, e) < 0)
        return err_in(e, "%.*s", id, r->id);
    for (int i = 0; i < r->scores; i++)
        if (!isfinite(r->score[i].value))
            return err_set(e, "%.*s: score %.*s is %g", id, r->id, (int)r->score[i].len, r->score[i].name,
                           r->score[i].value);
    return 0;
}

static void rate_piece(void *ctx, size_t i)
{
    struct batch *b = ctx;
    size_t stop = (i + 1) * PIECE < b->n ? (i + 1) * PIECE : b->n;

    for (size_t k = i * PIECE; k < stop; k++)
        if (rate_one(b, &b->r[k], &b->why[i]) < 0)
            return;
}

int rate_batch(const struct rate_method *m, void *state, struct record *r, size_t n, struct err *e)
{
    size_t pieces = (n + PIECE - 1) / PIECE;
    struct batch b = {m, state, r, n, mem_new(pieces ? pieces : 1, sizeof *b.why)};
    int rc = 0;

    if (m->serial || par_jobs() == 1)
        for (size_t i = 0; i < pieces && !b.why[0].msg[0] && !(i && b.why[i - 1].msg[0]); i++)
            rate_piece(&b, i);
    else
        par_for(pieces, rate_piece, &b);
    for (size_t i = 0; i < pieces && rc == 0; i++)
        if (b.why[i].msg[0])
            rc = err_set(e, "%s", b.why[i].msg);
    free(b.why);
    return rc;
}
