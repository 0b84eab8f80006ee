#include "quant/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "base/wide.h"
#include "la/obs.h"
#include "quant/awq.h"
#include "num/half_bits.h"
#include "tensor/form.h"
#include "tensor/unseen.h"

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

#define GATHER 512 /* rows at once by the gram */

/* What is known of a tensor's inputs. */
struct known {
    float *v;             /* [cols] importance, or NULL */
    const float *gram;    /* [cols][cols], or NULL */
    float *own;           /* gram, where it is a copy */
    struct quant_gram by; /* by.U is NULL where the method does not go by it */
};

/* As llama-quantize has it for experts that no token went to. */
static float *all_alike(uint64_t cols)
{
    float *v = mem_new(cols, sizeof *v);

    for (uint64_t c = 0; c < cols; c++)
        v[c] = 1;
    return v;
}

/* norm2 where it is there, else *v NULL. All zeros say nothing and count as none. Of an expert that no token went to
 * all inputs are alike. */
static int get_importance(const struct bundle *b, float **v, struct err *e)
{
    float sum = 0;

    *v = bundle_unseen(b) ? all_alike(b->cols) : NULL;
    if (*v || !bundle_part(b, -1, "norm2"))
        return 0;
    *v = bundle_companion(b, "norm2", b->cols, e);
    if (!*v)
        return -1;
    for (uint64_t c = 0; c < b->cols; c++) {
        if (!((*v)[c] >= 0 && isfinite((*v)[c])))
            return err_set(e, "companion norm2 [%llu] is %g; a mean of squares is finite and not negative",
                           (unsigned long long)c, (double)(*v)[c]);
        sum += (*v)[c];
    }
    if (sum == 0) {
        free(*v);
        *v = NULL;
    }
    return 0;
}

/* importance: of block types, or of any where nothing is written and losses alone are asked for. */
static int get_known(struct known *k, const struct quant_plan *p, const struct bundle *b, int importance, int measured,
                     int writes, struct err *e)
{
    int by = p->kind == QUANT_AFFINE && p->method->needs & QUANT_SWEEP;

    if (importance && (p->kind == QUANT_BLOCKS || !writes) && get_importance(b, &k->v, e) < 0)
        return -1;
    if (!k->v && p->kind == QUANT_BLOCKS && p->block->without)
        k->v = all_alike(b->cols); /* norm2 is all zeros: what reads it gave nothing (quant_plan_allows) */
    if (by || (p->kind == QUANT_AFFINE && p->clip) || (measured && bundle_part(b, -1, "gram"))) {
        k->gram = bundle_companion_view(b, "gram", b->cols * b->cols, &k->own, e);
        if (!k->gram)
            return -1;
    }
    return by ? quant_gram_make(&k->by, &p->gram, k->gram, b->cols, e) : 0;
}

static void known_free(struct known *k)
{
    free(k->v);
    free(k->own);
    quant_gram_free(&k->by);
}

/* The bundle to write: b's names and keys, the plan's parts. b's companions move to it where it is written, but those
 * that tell of the old weights. */
static void begin_like(struct bundle *o, struct bundle *b, const struct quant_plan *p, int writes)
{
    static const char *const stale[] = {"score", "mask", "grad"};

    memset(o, 0, sizeof *o);
    o->name = mem_strdup(b->name);
    o->shape = b->shape;
    o->rows = b->rows;
    o->cols = b->cols;
    o->role = b->role ? mem_strdup(b->role) : NULL;
    o->layer = b->layer;
    o->expert = b->expert;
    o->segment = b->segment;
    o->record = b->record;
    attrs_copy(&o->more, &b->more);
    for (int i = 0; writes && i < 3; i++)
        bundle_drop_part(b, -1, stale[i]);
    while (writes && b->parts && b->part[0].term < 0) { /* companions come first */
        bundle_room_part(o);
        o->part[o->parts++] = b->part[0];
        b->parts--;
        memmove(&b->part[0], &b->part[1], (size_t)b->parts * sizeof b->part[0]);
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

static void encode_affine(const struct quant_plan *p, struct slab *s, const float *w, const struct known *k)
{
    uint64_t rows = s->view.rows, cols = s->view.cols;
    float *clipped = p->clip ? mem_resize(NULL, rows * cols, sizeof *clipped) : NULL;
    void *zeros = p->affine.sym ? NULL : s->data[2];

    if (clipped) {
        memcpy(clipped, w, rows * cols * sizeof *w);
        awq_clip(p->method, &p->affine, rows, cols, k->gram, clipped);
    }
    if (k->by.U)
        quant_gram_rows(&k->by, p->method, &p->affine, w, rows, cols, s->data[0], s->data[1], zeros);
    else
        quant_rows(p->method, &p->affine, clipped ? clipped : w, rows, cols, s->data[0], s->data[1], zeros);
    free(clipped);
}

static void encode(const struct quant_plan *p, struct slab *s, const float *w, const struct known *k)
{
    uint64_t rows = s->view.rows, cols = s->view.cols;

    if (p->kind == QUANT_BLOCKS)
        quant_encode(p->block, w, k->v, rows, cols, s->data[0]);
    else if (p->kind == QUANT_AFFINE)
        encode_affine(p, s, w, k);
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

static void measure(struct slab *s, const float *w, const struct known *k, struct quant_tally *tally)
{
    struct measure m = {w, s->back, k->v, s->view.cols, mem_new(s->view.rows, sizeof *m.row)};

    par_for(s->view.rows, measure_row, &m);
    for (uint64_t r = 0; r < s->view.rows; r++) {
        tally->lost += m.row[r].lost;
        tally->whole += m.row[r].whole;
        tally->v_lost += m.row[r].v_lost;
        tally->v_whole += m.row[r].v_whole;
    }
    if (k->gram)
        obs_loss(s->view.rows, s->view.cols, w, s->back, k->gram, &tally->h_lost, &tally->h_whole);
    tally->damp = k->by.damp;
    free(m.row);
}

/* Rows of a bundle, from the stream or, where it is loaded, from memory. */
struct source {
    struct reader *in;
    struct bundle *b;
    int term;   /* the one that is read of a loaded value, or -1: all */
    int gather; /* 1: GATHER rows at once, or all that are left */
    float *room;
    uint64_t next;
};

static int loaded_rows(struct source *s, uint64_t *n, float **w, struct err *e)
{
    uint64_t most = (1u << 18) / (s->b->cols + 1) + 1, left = s->b->rows - s->next;

    most = s->gather ? GATHER : most;
    *n = left < most ? left : most;
    if (*n == 0)
        return 0;
    *w = s->room = mem_resize(s->room, *n * s->b->cols, sizeof *s->room);
    if (s->term >= 0)
        memset(s->room, 0, *n * s->b->cols * sizeof *s->room);
    if (s->term >= 0 ? form_find("dense")->add_rows(s->b, s->term, s->next, *n, s->room, e)
                     : bundle_rows(s->b, s->next, *n, s->room, e))
        return err_in(e, "%s", s->b->name);
    return 1;
}

static int gathered_rows(struct source *s, uint64_t *n, float **w, struct err *e)
{
    uint64_t at, some, cols = s->b->cols;
    float *rows;
    int got = 1;

    for (*n = 0; *n < GATHER && (got = bundle_next_rows(s->in, s->b, &at, &some, &rows, e)) > 0; *n += some) {
        s->room = mem_resize(s->room, (*n + some) * cols, sizeof *s->room);
        memcpy(s->room + *n * cols, rows, some * cols * sizeof *rows);
    }
    *w = s->room;
    return got < 0 ? -1 : *n > 0;
}

/* The next rows: 1, 0 at the end, -1. */
static int next_rows(struct source *s, uint64_t *row0, uint64_t *n, float **w, struct err *e)
{
    int got;

    if (s->b->loaded)
        got = loaded_rows(s, n, w, e);
    else
        got = s->gather ? gathered_rows(s, n, w, e) : bundle_next_rows(s->in, s->b, row0, n, w, e);
    *row0 = s->next;
    s->next += got > 0 ? *n : 0;
    return got;
}

/* Rows of the parts that stay; with n 0 those that do not follow the rows, whole. */
static int put_kept(struct writer *out, struct bundle *o, int end, uint64_t row0, uint64_t n, struct err *e)
{
    for (int i = end; i < o->parts; i++) {
        const struct part *p = &o->part[i];

        if (p->fixed == (n == 0) && bundle_put(out, o, i, row0, n ? n : p->rows, p->data + row0 * p->row_bytes, e) < 0)
            return -1;
    }
    return 0;
}

static int slabs(const struct quant_plan *p, struct source from, struct writer *out, struct bundle *o, struct slab *s,
                 const struct known *k, struct quant_tally *tally, struct err *e)
{
    int back = tally || p->residual, got;
    uint64_t row0, n;
    float *w;

    while ((got = next_rows(&from, &row0, &n, &w, e)) > 0) {
        slab_room(s, o, n, back);
        if (check_weights(p, w, row0, n, o->cols, e) < 0)
            got = err_in(e, "%s", o->name);
        if (got > 0)
            encode(p, s, w, k);
        if (got > 0 && back && decode(p, s, o, w, e) < 0)
            got = err_in(e, "%s", o->name);
        if (got > 0 && tally)
            measure(s, w, k, tally);
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

int quant_pass(const struct quant_plan *p, struct reader *in, struct writer *out, struct bundle *b, int importance,
               struct quant_tally *tally, struct err *e)
{
    struct slab s = {.cap = 0};
    struct known k = {0};
    struct bundle o;
    int term = quant_dense_beside(b), rc;

    if (quant_plan_allows(p, b, importance, e) < 0)
        return -1;
    if (!b->loaded && (term >= 0 ? bundle_load(in, b, e) : bundle_load_companions(in, b, e)) < 0)
        return -1;
    if (get_known(&k, p, b, importance, tally != NULL, out != NULL, e) < 0) {
        known_free(&k);
        return err_in(e, "%s", b->name);
    }
    begin_like(&o, b, p, out != NULL);
    for (s.first = 0; o.part[s.first].term < 0;)
        s.first++;
    s.end = o.parts;
    if (term >= 0)
        keep_terms(&o, b, term);
    rc = out ? bundle_begin(out, &o, e) : 0;
    if (rc == 0 && out)
        rc = put_kept(out, &o, s.end, 0, 0, e);
    if (rc == 0)
        rc = slabs(p, (struct source){in, b, term, k.by.U != NULL, NULL, 0}, out, &o, &s, &k, tally, e);
    if (rc == 0 && out)
        rc = bundle_end(out, &o, e);
    for (int i = 0; i < 4; i++)
        free(s.data[i]);
    free(s.back);
    bundle_free(&o); /* the gram's bytes may be its */
    known_free(&k);
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
