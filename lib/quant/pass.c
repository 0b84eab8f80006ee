#include "quant/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "num/half_bits.h"
#include "num/wide.h"

/* Largest magnitude as its bits: NaN is above infinity, so one pass finds all that is not allowed. */
WIDE static int32_t most_bits(const float *w, uint64_t n)
{
    int32_t most = 0;

    for (uint64_t i = 0; i < n; i++) {
        int32_t a = (int32_t)(bits_of(w[i]) & 0x7fffffff);

        most = a > most ? a : most;
    }
    return most;
}

static int check_weights(const struct quant_plan *p, const float *w, uint64_t row0, uint64_t rows, uint64_t cols, struct err *e)
{
    float limit = quant_plan_limit(p);
    char name[32];

    if (most_bits(w, rows * cols) <= (int32_t)bits_of(limit))
        return 0;
    for (uint64_t i = 0; i < rows * cols; i++) {
        unsigned long long r = row0 + i / cols, c = i % cols;

        if (!isfinite(w[i]))
            return err_set(e, "weight [%llu, %llu] is %g; weights must be finite", r, c, (double)w[i]);
        if (fabsf(w[i]) > limit)
            return err_set(e, "weight [%llu, %llu] is %g, beyond %g, the largest that %s holds", r, c, (double)w[i], (double)limit,
                           quant_plan_name(p, name));
    }
    return 0;
}

/* norm2 where it is wanted and there, else *v NULL. All zeros say nothing and count as none. */
static int get_importance(const struct bundle *b, float **v, struct err *e)
{
    float sum = 0;

    *v = NULL;
    if (!bundle_part(b, -1, "norm2"))
        return 0;
    *v = bundle_companion(b, "norm2", b->cols, e);
    if (!*v)
        return -1;
    for (uint64_t c = 0; c < b->cols; c++) {
        if (!((*v)[c] >= 0 && isfinite((*v)[c])))
            return err_set(e, "companion norm2 [%llu] is %g; a mean of squares is finite and not negative", (unsigned long long)c,
                           (double)(*v)[c]);
        sum += (*v)[c];
    }
    if (sum == 0) {
        free(*v);
        *v = NULL;
    }
    return 0;
}

/* The bundle to write: b's names and keys, the plan's parts. b's companions move to it, but those that tell of the old weights. */
static void begin_like(struct bundle *o, struct bundle *b, const struct quant_plan *p)
{
    memset(o, 0, sizeof *o);
    o->name = mem_strdup(b->name);
    o->shape = b->shape;
    o->rows = b->rows;
    o->cols = b->cols;
    o->role = b->role ? mem_strdup(b->role) : NULL;
    o->layer = b->layer;
    o->segment = b->segment;
    o->record = b->record;
    attrs_copy(&o->more, &b->more);
    bundle_drop_part(b, -1, "score");
    bundle_drop_part(b, -1, "mask");
    bundle_drop_part(b, -1, "grad");
    while (b->parts && b->part[0].term < 0) { /* companions come first */
        o->part[o->parts++] = b->part[0];
        b->parts--;
        memmove(&b->part[0], &b->part[1], (size_t)b->parts * sizeof b->part[0]);
    }
    quant_plan_declare(p, o);
}

/* One slab of the plan's parts, seen as a bundle of n rows. */
struct slab {
    struct bundle view;
    int first;        /* index of the plan's first part in the bundle */
    uint64_t cap;     /* rows there is room for */
    uint8_t *data[3]; /* of each part */
    float *back;      /* decoded */
};

static void slab_room(struct slab *s, const struct bundle *o, uint64_t n, int back)
{
    if (n > s->cap)
        for (int i = s->first; i < o->parts; i++)
            s->data[i - s->first] = mem_resize(s->data[i - s->first], n, o->part[i].row_bytes);
    if (n > s->cap && back)
        s->back = mem_resize(s->back, n, o->cols * sizeof *s->back);
    s->cap = n > s->cap ? n : s->cap;
    s->view = *o;
    s->view.rows = n;
    for (int i = s->first; i < o->parts; i++) {
        s->view.part[i].data = s->data[i - s->first];
        s->view.part[i].rows = n;
    }
}

static void encode(const struct quant_plan *p, struct slab *s, const float *w, const float *importance)
{
    uint64_t rows = s->view.rows, cols = s->view.cols;

    if (p->kind == QUANT_BLOCKS)
        quant_encode(p->block, w, importance, rows, cols, s->data[0]);
    else if (p->kind == QUANT_AFFINE)
        quant_rows(p->method, &p->affine, w, rows, cols, s->data[0], s->data[1], p->affine.sym ? NULL : s->data[2]);
    else
        dtype_from_f32(p->dtype, w, s->data[0], rows * cols);
}

struct measure {
    const float *w, *q, *v;
    uint64_t cols;
    struct quant_tally *row;
};

static void measure_row(void *ctx, size_t r)
{
    const struct measure *m = ctx;
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

static int measure(struct slab *s, const float *w, const float *v, struct quant_tally *tally, struct err *e)
{
    struct measure m = {w, s->back, v, s->view.cols, mem_new(s->view.rows, sizeof *m.row)};
    int rc = bundle_rows(&s->view, 0, s->view.rows, s->back, e);

    if (rc == 0)
        par_for(s->view.rows, measure_row, &m);
    for (uint64_t r = 0; rc == 0 && r < s->view.rows; r++) {
        tally->lost += m.row[r].lost;
        tally->whole += m.row[r].whole;
        tally->v_lost += m.row[r].v_lost;
        tally->v_whole += m.row[r].v_whole;
    }
    free(m.row);
    return rc;
}

static int slabs(const struct quant_plan *p, struct reader *in, struct writer *out, struct bundle *b, struct bundle *o,
                 struct slab *s, const float *v, struct quant_tally *tally, struct err *e)
{
    uint64_t row0, n;
    float *w;
    int got;

    while ((got = bundle_next_rows(in, b, &row0, &n, &w, e)) > 0) {
        slab_room(s, o, n, tally != NULL);
        if (check_weights(p, w, row0, n, o->cols, e) < 0)
            return err_in(e, "%s", o->name);
        encode(p, s, w, v);
        if (tally && measure(s, w, v, tally, e) < 0)
            return err_in(e, "%s", o->name);
        for (int i = s->first; out && i < o->parts; i++)
            if (bundle_put(out, o, i, row0, n, s->data[i - s->first], e) < 0)
                return -1;
    }
    return got;
}

int quant_pass(const struct quant_plan *p, struct reader *in, struct writer *out, struct bundle *b, int importance,
               struct quant_tally *tally, struct err *e)
{
    struct slab s = {.cap = 0};
    struct bundle o;
    float *v = NULL;
    int rc;

    if (bundle_load_companions(in, b, e) < 0)
        return -1;
    if (importance && p->kind == QUANT_BLOCKS && get_importance(b, &v, e) < 0) {
        free(v);
        return err_in(e, "%s", b->name);
    }
    begin_like(&o, b, p);
    for (s.first = 0; o.part[s.first].term < 0;)
        s.first++;
    rc = out ? bundle_begin(out, &o, e) : 0;
    if (rc == 0)
        rc = slabs(p, in, out, b, &o, &s, v, tally, e);
    if (rc == 0 && out)
        rc = bundle_end(out, &o, e);
    for (int i = 0; i < 3; i++)
        free(s.data[i]);
    free(s.back);
    free(v);
    bundle_free(&o);
    return rc;
}

static void add_error(struct buf *out, double lost, double whole)
{
    if (whole > 0)
        buf_printf(out, "\t%.6g", sqrt(lost / whole));
    else
        buf_puts(out, "\t-");
}

void quant_tally_line(struct buf *out, const char *name, const char *type, uint64_t weights, uint64_t before, uint64_t after,
                      const struct quant_tally *t)
{
    double bits = weights ? 8.0 * (double)after / (double)weights : 0;

    buf_printf(out, "%s\t%s\t%.5g\t%llu\t%llu", name, type, bits, (unsigned long long)before, (unsigned long long)after);
    add_error(out, t->lost, t->whole);
    add_error(out, t->v_lost, t->v_whole);
    buf_puts(out, "\n");
}
