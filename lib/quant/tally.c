#include "quant/tally.h"

#include <math.h>
#include <stdlib.h>

#include "base/par.h"
#include "la/obs.h"

struct measured {
    const float *w, *q, *v;
    uint64_t cols;
    struct quant_tally *row;
};

static void measure_row(void *ctx, size_t r)
{
    const struct measured *m = ctx;
    const float *w = m->w + r * m->cols, *q = m->q + r * m->cols;
    struct quant_tally t = {0};

    for (uint64_t c = 0; c < m->cols; c++) {
        double e = (double)w[c] - q[c], lost = e * e, whole = (double)w[c] * w[c];

        t.lost += lost;
        t.whole += whole;
        t.v_lost += m->v ? m->v[c] * lost : 0;
        t.v_whole += m->v ? m->v[c] * whole : 0;
    }
    m->row[r] = t;
}

void quant_tally_add(struct quant_tally *t, uint64_t rows, uint64_t cols, const float *w, const float *q,
                     const struct quant_known *k)
{
    struct measured m = {w, q, k->v, cols, mem_new(rows, sizeof *m.row)};

    par_for(rows, measure_row, &m);
    for (uint64_t r = 0; r < rows; r++) {
        t->lost += m.row[r].lost;
        t->whole += m.row[r].whole;
        t->v_lost += m.row[r].v_lost;
        t->v_whole += m.row[r].v_whole;
    }
    if (k->held)
        obs_loss(rows, cols, w, q, k->held, &t->h_lost, &t->h_whole);
    t->damp = k->by.damp;
    free(m.row);
}

static void add_error(struct buf *out, double lost, double whole)
{
    if (whole > 0)
        buf_printf(out, "\t%.6g", sqrt(lost / whole));
    else
        buf_puts(out, "\t-");
}

void quant_tally_line(struct buf *out, const char *name, const char *type, uint64_t weights, uint64_t before,
                      uint64_t after, const struct quant_tally *t)
{
    double bits = weights ? 8.0 * (double)after / (double)weights : 0;

    buf_printf(out, "%s\t%s\t%.5g\t%llu\t%llu", name, type, bits, (unsigned long long)before,
               (unsigned long long)after);
    add_error(out, t->lost, t->whole);
    add_error(out, t->v_lost, t->v_whole);
    buf_printf(out, t->h_whole > 0 ? "\t%.6g" : "\t-", t->h_whole > 0 ? t->h_lost / t->h_whole : 0);
    buf_printf(out, t->damp > 0 ? "\t%g\n" : "\t-\n", t->damp);
}
