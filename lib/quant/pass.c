#include "quant/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/wide.h"
#include "num/half_bits.h"
#include "quant/source.h"
#include "quant/table.h"

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

static int check_weights(const struct quant_plan *p, const float *w, uint64_t row0, uint64_t rows, uint64_t cols,
                         struct err *e)
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
            return err_set(e, "weight [%llu, %llu] is %g, beyond %g, the largest that %s holds", r, c, (double)w[i],
                           (double)limit, quant_plan_name(p, name));
    }
    return 0;
}

/* The bundle to write: b's names and keys, the plan's parts. b's companions move to it where it is written, but those
 * that tell of the old weights. */
static void begin_like(struct bundle *o, struct bundle *b, const struct quant_plan *p, int writes)
{
    if (writes) {
        bundle_drop_stale(b);
        bundle_take_header(o, b);
    } else {
        bundle_copy_header(o, b);
    }
    quant_plan_declare(p, o);
}

/* Behind the plan's terms, those of b that stay: their parts move. */
static void keep_terms(struct bundle *o, struct bundle *b, int dense)
{
    for (int t = 0; t < b->terms; t++) {
        int to;

        if (t == dense)
            continue;
        to = bundle_add_term(o, b->term[t].form);
        attrs_copy(&o->term[to].attrs, &b->term[t].attrs);
        for (int i = 0; i < b->parts; i++) {
            struct part *p = &b->part[i], *q;

            if (p->term != t)
                continue;
            q = bundle_declare_part(o, to, p->name, p->dtype, &p->shape);
            attrs_copy(&q->more, &p->more);
            q->data = p->data;
            q->lent = p->lent;
            p->data = NULL;
            p->lent = NULL;
        }
    }
}

/* One slab of the plan's parts, seen as a bundle of n rows. */
struct slab {
    struct bundle view;
    struct part part[PARTS_MAX]; /* the view's */
    int first, end;              /* the plan's parts in the bundle: first to end - 1 */
    uint64_t cap;                /* rows there is room for */
    uint8_t *data[4];            /* of each part; the residual's is the last */
    float *back;                 /* decoded */
};

static void slab_room(struct slab *s, const struct bundle *o, uint64_t n, int back)
{
    if (n > s->cap)
        for (int i = s->first; i < s->end; i++)
            s->data[i - s->first] = mem_resize(s->data[i - s->first], n, o->part[i].row_bytes);
    if (n > s->cap && back)
        s->back = mem_resize(s->back, n, o->cols * sizeof *s->back);
    s->cap = n > s->cap ? n : s->cap;
    s->view = *o;
    memcpy(s->part, o->part, (size_t)o->parts * sizeof *s->part);
    s->view.part = s->part;
    s->view.rows = n;
    for (int i = s->first; i < s->end; i++) {
        s->view.part[i].data = s->data[i - s->first];
        s->view.part[i].rows = n;
    }
}

/* By levels that the plan chooses itself, with or without the gram's sweep. */
static void encode_levels(const struct quant_plan *p, struct slab *s, const float *w, const struct quant_known *k)
{
    uint64_t rows = s->view.rows, cols = s->view.cols;
    int affine = p->kind == QUANT_AFFINE;
    struct levels_kind kind = affine ? units_affine(&p->affine, cols) : *p->block->levels;
    struct quant_into into = {.kind = &kind,
                              .search = p->clip == QUANT_CLIP_YES,
                              .method = p->method,
                              .affine = affine ? &p->affine : NULL,
                              .codes = s->data[0],
                              .scales = s->data[1],
                              .zeros = affine && !p->affine.sym ? s->data[2] : NULL,
                              .row_bytes = affine ? 0 : ggml_row_bytes(p->ggml, cols)};

    if (into.search || k->by.U) /* else a gram may be there for the report alone */
        into.choose = (struct metric){k->gram ? METRIC_GRAM
                                      : k->v  ? METRIC_DIAGONAL
                                              : METRIC_PLAIN,
                                      k->gram ? k->gram : k->v, cols};
    if (k->by.U)
        quant_sweep_rows(&k->by, &into, w, rows, cols, NULL);
    else
        quant_units_rows(&into, w, rows, cols);
}

static int by_levels(const struct quant_plan *p, const struct quant_known *k)
{
    return k->by.U || (p->kind != QUANT_DENSE && p->clip == QUANT_CLIP_YES) ||
           (p->kind == QUANT_AFFINE && p->affine.table && !p->affine.tall);
}

static void encode(const struct quant_plan *p, struct slab *s, const float *w, const struct quant_known *k)
{
    uint64_t rows = s->view.rows, cols = s->view.cols;

    if (by_levels(p, k))
        encode_levels(p, s, w, k);
    else if (p->kind == QUANT_BLOCKS)
        quant_encode(p->block, w, k->v, rows, cols, s->data[0]);
    else if (p->kind == QUANT_AFFINE && p->affine.tall)
        quant_table_blocks(&p->affine, w, rows, cols, s->data[0], s->data[1]);
    else if (p->kind == QUANT_AFFINE)
        quant_rows(p->method, &p->affine, w, rows, cols, s->data[0], s->data[1], p->affine.sym ? NULL : s->data[2]);
    else
        dtype_from_f32(p->dtype, w, s->data[0], rows * cols);
}

/* What goes by all of the tensor is loaded for it: rows that share a scale, a number that all scales are divided by. */
static int prepare(struct quant_plan *p, struct reader *in, struct bundle *b, struct err *e)
{
    int divides = p->kind == QUANT_AFFINE && p->affine.table && p->affine.scales == DT_F8_E4M3;
    float most = 0, *row;
    int rc = 0;

    if (p->kind != QUANT_AFFINE || (!divides && !p->affine.tall))
        return 0;
    if (!b->loaded && bundle_load(in, b, e) < 0)
        return -1;
    row = mem_resize(NULL, b->cols + 1, sizeof *row);
    for (uint64_t r = 0; divides && r < b->rows && rc == 0; r++) {
        rc = bundle_rows(b, r, 1, row, e);
        for (uint64_t c = 0; rc == 0 && c < b->cols; c++)
            most = fabsf(row[c]) > most ? fabsf(row[c]) : most;
    }
    free(row);
    if (divides)
        p->affine.divisor = quant_table_divisor(p->affine.table, most);
    return rc < 0 ? err_in(e, "%s", b->name) : 0;
}

/* back: the slab decoded, without the residual, which is then set. */
static int decode(const struct quant_plan *p, struct slab *s, const struct bundle *o, const float *w, struct err *e)
{
    uint64_t n = s->view.rows * s->view.cols;
    float *left = (float *)(void *)s->data[s->end - 1 - s->first];
    int rc;

    s->view.terms = 1;
    rc = bundle_rows(&s->view, 0, s->view.rows, s->back, e);
    s->view.terms = o->terms;
    for (uint64_t i = 0; rc == 0 && p->residual && i < n; i++)
        left[i] = w[i] - s->back[i];
    return rc;
}

/* Rows of the parts that stay, from end on; with n 0 those that do not follow the rows, whole: a table too. */
static int put_kept(struct writer *out, struct bundle *o, int end, uint64_t row0, uint64_t n, struct err *e)
{
    for (int i = n ? end : 0; i < o->parts; i++) {
        const struct part *p = &o->part[i];

        if (p->term < 0)
            continue;
        if (p->fixed == (n == 0) && bundle_put(out, o, i, row0, n ? n : p->rows, p->data + row0 * p->row_bytes, e) < 0)
            return -1;
    }
    return 0;
}

static int slabs(const struct quant_plan *p, struct quant_source from, struct writer *out, struct bundle *o,
                 struct slab *s, const struct quant_known *k, struct quant_tally *tally, struct err *e)
{
    int back = tally || p->residual, got;
    uint64_t row0, n;
    float *w;

    while ((got = quant_source_next(&from, &row0, &n, &w, e)) > 0) {
        slab_room(s, o, n, back);
        if (check_weights(p, w, row0, n, o->cols, e) < 0)
            got = err_in(e, "%s", o->name);
        if (got > 0)
            encode(p, s, w, k);
        if (got > 0 && back && decode(p, s, o, w, e) < 0)
            got = err_in(e, "%s", o->name);
        if (got > 0 && tally)
            quant_tally_add(tally, n, o->cols, w, s->back, k);
        if (got > 0 && out && put_kept(out, o, s->end, row0, n, e) < 0)
            got = -1;
        for (int i = s->first; got > 0 && out && i < s->end; i++)
            if (bundle_put(out, o, i, row0, n, s->data[i - s->first], e) < 0)
                got = -1;
        if (got < 0)
            break;
    }
    free(from.room);
    return got;
}

int quant_pass(const struct quant_plan *plan, struct reader *in, struct writer *out, struct bundle *b, int importance,
               struct quant_tally *tally, struct err *e)
{
    struct slab s = {.cap = 0};
    struct quant_known k = {0};
    struct bundle o;
    int term = quant_dense_beside(b), rc;
    struct quant_plan own = *plan, *p = &own;

    if (quant_plan_allows(p, b, importance, e) < 0)
        return -1;
    if (!b->loaded && (term >= 0 ? bundle_load(in, b, e) : bundle_load_companions(in, b, e)) < 0)
        return -1;
    if (prepare(p, in, b, e) < 0)
        return -1;
    if (quant_known_get(&k, p, b, importance, tally != NULL, out != NULL, e) < 0) {
        quant_known_free(&k);
        return err_in(e, "%s", b->name);
    }
    begin_like(&o, b, p, out != NULL);
    for (s.first = 0; o.part[s.first].term < 0 || o.part[s.first].fixed;)
        s.first++;
    s.end = o.parts;
    if (term >= 0)
        keep_terms(&o, b, term);
    rc = out ? bundle_begin(out, &o, e) : 0;
    if (rc == 0 && out)
        rc = put_kept(out, &o, s.end, 0, 0, e);
    if (rc == 0)
        rc = slabs(p, (struct quant_source){in, b, term, by_levels(p, &k) || p->affine.tall, NULL, 0}, out, &o, &s, &k,
                   tally, e);
    if (rc == 0 && out)
        rc = bundle_end(out, &o, e);
    for (int i = 0; i < 4; i++)
        free(s.data[i]);
    free(s.back);
    bundle_free(&o); /* the gram's bytes may be its */
    quant_known_free(&k);
    return rc;
}

int quant_lost(const struct quant_plan *p, struct bundle *b, double *lost, double *whole, struct err *e)
{
    struct quant_tally t = {0};

    if (quant_pass(p, NULL, NULL, b, 1, &t, e) < 0)
        return -1;
    *lost = t.h_whole > 0 ? t.h_lost : t.v_whole > 0 ? t.v_lost : t.lost;
    *whole = t.h_whole > 0 ? t.h_whole : t.v_whole > 0 ? t.v_whole : t.whole;
    return 0;
}
