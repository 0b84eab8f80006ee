#include "prune/pass.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "la/obs.h"

#define SLAB (1u << 20) /* weights held as f32 */

struct slab {
    uint64_t row0, rows;
    float *w, *score, *old; /* old: w as it came, where that is needed; score: where there is a scorer */
    uint8_t *mask;
};

static unsigned needs(const struct prune_pass *p)
{
    return p->method->needs | (p->args.init ? p->args.init->needs : 0) | p->scorer_needs | (p->refit ? PRUNE_GRAM : 0);
}

static int changes(const struct prune_pass *p)
{
    return p->refit || p->method->changes;
}

/* Rows in a slab: whole rows of blocks. */
static uint64_t slab_rows(const struct prune_pass *p, const struct bundle *b)
{
    uint64_t unit = p->pattern->block_rows, n = SLAB / (b->cols + 1) / unit * unit;

    if (p->whole)
        return b->rows;
    n = n > unit ? n : unit;
    return n < b->rows ? n : b->rows;
}

static struct slab slab_new(const struct prune_pass *p, uint64_t rows, uint64_t cols)
{
    return (struct slab){0, rows, mem_new(rows * cols, sizeof(float)), p->scorer ? mem_new(rows * cols, sizeof(float)) : NULL, NULL,
                         mem_new(rows * cols, 1)};
}

/* The weights as they came, kept aside for what follows the method. */
static void keep_old(struct slab *s, uint64_t cols)
{
    uint64_t n = s->rows * cols;

    s->old = mem_resize(s->old, n, sizeof *s->old);
    memcpy(s->old, s->w, n * sizeof *s->old);
}

static void slab_free(struct slab *s)
{
    free(s->w);
    free(s->score);
    free(s->old);
    free(s->mask);
}

static int refuse_nan(const char *what, const float *v, uint64_t row0, uint64_t rows, uint64_t cols, struct err *e)
{
    for (uint64_t i = 0; i < rows * cols; i++)
        if (v[i] != v[i])
            return err_set(e, "%s [%llu, %llu] is NaN", what, (unsigned long long)(row0 + i / cols), (unsigned long long)(i % cols));
    return 0;
}

int prune_companion(const struct bundle *b, const struct prune_inputs *in, uint64_t row0, uint64_t rows, const float *w, float *out, struct err *e)
{
    memcpy(out, in->score + row0 * b->cols, rows * b->cols * sizeof *out);
    return refuse_nan("weight", w, row0, rows, b->cols, e) < 0 ? -1 : refuse_nan("score", out, row0, rows, b->cols, e);
}

/* Scores, or where there are none to make, a look at the weights, which the scorer has otherwise. */
static int score(const struct prune_pass *p, const struct bundle *b, const struct prune_inputs *in, struct slab *s, struct err *e)
{
    return p->scorer ? p->scorer(b, in, s->row0, s->rows, s->w, s->score, e) : refuse_nan("weight", s->w, s->row0, s->rows, b->cols, e);
}

/* Rows of a loaded bundle and their scores; r is moved on. 1, 0 at the end, -1. */
static int slab_next(const struct prune_pass *p, const struct bundle *b, const struct prune_inputs *in, uint64_t step, uint64_t *r, struct slab *s,
                     struct err *e)
{
    if (*r >= b->rows)
        return 0;
    s->row0 = *r;
    s->rows = b->rows - *r < step ? b->rows - *r : step;
    *r += s->rows;
    if (bundle_rows(b, s->row0, s->rows, s->w, e) < 0 || score(p, b, in, s, e) < 0)
        return err_in(e, "%s", b->name);
    return 1;
}

/* After the method, before its zeros are set. */
static void count(const struct slab *s, uint64_t cols, struct prune_tally *t)
{
    const float *w = s->old ? s->old : s->w;

    for (uint64_t r = 0; r < s->rows; r++) {
        double mass = 0, kept = 0;

        for (uint64_t i = r * cols; i < (r + 1) * cols; i++) {
            t->before += w[i] == 0;
            t->after += s->mask[i] || w[i] == 0;
            mass += s->score ? s->score[i] : 0;
            kept += s->score && !s->mask[i] ? s->score[i] : 0;
        }
        t->mass += mass;
        t->kept += kept;
    }
}

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

/* The method's choice; w is then the new rows. */
static int choose(const struct prune_pass *p, struct pick_sieve *sieve, const struct bundle *b, const struct prune_inputs *in,
                  struct slab *s, struct prune_tally *t, struct err *e)
{
    uint64_t cols = b->cols;
    struct prune_job j = {.pattern = p->pattern, .args = &p->args, .sieve = sieve, .row0 = s->row0, .rows = s->rows, .cols = cols,
                          .w = s->w, .score = s->score, .norm2 = in->norm2, .mean = in->mean, .gram = in->gram, .mask = s->mask};

    if (p->refit || (t && in->gram))
        keep_old(s, cols);
    if (p->method->apply(&j, e) < 0)
        return err_in(e, "%s", b->name);
    if (t)
        count(s, cols, t);
    for (uint64_t i = 0; i < s->rows * cols; i++)
        if (s->mask[i])
            s->w[i] = 0;
    if (p->refit)
        prune_refit_rows(&in->fit, s->rows, s->old, s->mask, s->w);
    if (!t)
        return 0;
    if (in->gram)
        obs_loss(s->rows, cols, s->old, s->w, in->gram, &t->lost, &t->moved);
    t->damp = j.damp;
    return 0;
}

static void drop_untrue(struct bundle *b)
{
    static const char *const name[] = {"score", "mask", "grad"};

    for (int i = 0; i < 3; i++)
        bundle_drop_part(b, -1, name[i]);
    b->touched = 1;
}

/* The part of a value that is one dense term, or NULL. */
static struct part *only_dense(const struct bundle *b)
{
    return b->terms == 1 && strcmp(b->term[0].form, "dense") == 0 ? bundle_part(b, 0, "dense") : NULL;
}

static enum dtype type_out(const struct bundle *b)
{
    enum dtype t = bundle_dense_type(b);

    return dtype_info(t)->writes_f32 ? t : DT_F32;
}

/* Elements of whole bytes, in which no bit set is 0. */
static int zeroes_in_place(const struct prune_pass *p, const struct part *d)
{
    return d && !changes(p) && dtype_info(d->dtype)->bits % 8 == 0 && d->dtype != DT_F8_E8M0;
}

static void zero_bytes(struct part *d, const struct slab *s, uint64_t cols)
{
    size_t width = dtype_info(d->dtype)->bits / 8;
    uint8_t *row = d->data + s->row0 * cols * width;

    for (uint64_t i = 0; i < s->rows * cols; i++)
        if (s->mask[i])
            memset(row + i * width, 0, width);
}

static int count_into(const struct prune_pass *p, struct pick_sieve *sieve, const struct bundle *b, const struct prune_inputs *in, struct err *e)
{
    uint64_t step = slab_rows(p, b), r = 0;
    struct slab s = slab_new(p, step, b->cols);
    int got;

    while ((got = slab_next(p, b, in, step, &r, &s, e)) > 0)
        pattern_count_rows(p->pattern, sieve, s.score, s.rows, b->cols);
    slab_free(&s);
    return got;
}

static int prepare(const struct prune_pass *p, const struct reader *in, const struct bundle *b, struct err *e)
{
    return p->prepare && p->prepare(b, &reader_head(in)->model, e) < 0 ? err_in(e, "%s", b->name) : 0;
}

/* Scope model: the scores of the tensor that in stands at. */
static int count_tensor(const struct prune_pass *p, struct reader *in, struct bundle *b, struct err *e)
{
    struct prune_inputs known = {0};
    int rc;

    if (bundle_load(in, b, e) < 0 || prepare(p, in, b, e) < 0)
        return -1;
    rc = prune_inputs_get(&known, b, needs(p), e) < 0 ? err_in(e, "%s", b->name) : count_into(p, p->sieve, b, &known, e);
    prune_inputs_free(&known);
    return rc;
}

/* Both counting passes of one tensor. NULL on error. */
static struct pick_sieve *sieve_of_tensor(const struct prune_pass *p, const struct bundle *b, const struct prune_inputs *in, struct err *e)
{
    struct pick_sieve *sieve = pick_sieve_new();

    for (int pass = 0; pass < 2; pass++) {
        if (count_into(p, sieve, b, in, e) < 0) {
            free(sieve);
            return NULL;
        }
        pick_sieve_next(sieve, pattern_count(p->pattern, pick_sieve_seen(sieve)));
    }
    return sieve;
}

/* The rows of a loaded bundle through the method: zeroed in its dense part, or, where that is NULL, put into *value. */
static int choose_all(const struct prune_pass *p, struct pick_sieve *sieve, const struct bundle *b, const struct prune_inputs *known,
                      struct part *dense, float **value, struct prune_tally *tally, struct err *e)
{
    uint64_t step = slab_rows(p, b), r = 0;
    struct slab s = slab_new(p, step, b->cols);
    int whole = p->whole, got;

    if (!dense && !whole)
        *value = mem_new(b->rows * b->cols, sizeof **value);
    while ((got = slab_next(p, b, known, step, &r, &s, e)) > 0 && (got = choose(p, sieve, b, known, &s, tally, e)) == 0)
        if (dense) {
            zero_bytes(dense, &s, b->cols);
        } else if (whole) { /* the slab is the value */
            *value = s.w;
            s.w = NULL;
        } else {
            memcpy(*value + s.row0 * b->cols, s.w, s.rows * b->cols * sizeof **value);
        }
    slab_free(&s);
    return got;
}

/* Choose, and zero in the loaded bundle. */
static int prune_loaded(const struct prune_pass *p, struct bundle *b, struct prune_tally *tally, struct err *e)
{
    struct part *dense = only_dense(b);
    struct pick_sieve *own = NULL;
    struct prune_inputs known = {0};
    float *value = NULL;
    int rc = -1;

    if (pattern_fits(p->pattern, b->cols, e) < 0 || prune_inputs_get(&known, b, needs(p), e) < 0) {
        prune_inputs_free(&known);
        return err_in(e, "%s", b->name);
    }
    if (p->refit)
        prune_refit_make(&known.fit, b->cols, known.gram);
    if (!zeroes_in_place(p, dense))
        dense = NULL;
    if (p->pattern->scope != SCOPE_TENSOR || !p->scorer || (own = sieve_of_tensor(p, b, &known, e)))
        rc = choose_all(p, own ? own : p->sieve, b, &known, dense, &value, tally, e);
    if (rc == 0 && value)
        bundle_set_dense(b, type_out(b), value);
    if (rc == 0)
        drop_untrue(b);
    prune_inputs_free(&known);
    free(own);
    free(value);
    return rc;
}

/* Types for which f32 and back gives the same bytes. */
static int survives_f32(enum dtype t)
{
    return t == DT_F32 || t == DT_BF16 || t == DT_F16 || t == DT_F8_E4M3 || t == DT_F8_E5M2;
}

/* Does a row need no other, so that b (header read, nothing loaded) can be pruned as it arrives, to the same bytes? */
static int streams(const struct prune_pass *p, const struct bundle *b)
{
    const struct part *d = only_dense(b);

    return !p->whole && !(needs(p) & PRUNE_GRAM) && p->pattern->scope == SCOPE_ROW && p->pattern->block_rows == 1 && (!d || survives_f32(d->dtype));
}

/* The bundle that goes out: b's header and companions, and one dense part to be put. */
static int begin(struct writer *out, struct bundle *o, struct bundle *b, enum dtype t, struct err *e)
{
    bundle_take_header(o, b);
    drop_untrue(o);
    bundle_declare_part(o, bundle_add_term(o, "dense"), "dense", t, &b->shape);
    return bundle_begin(out, o, e);
}

/* Rows as they come, chosen from and put. row holds a slab's bytes. */
static int slabs_through(const struct prune_pass *p, struct reader *in, struct writer *out, struct bundle *b, struct bundle *o,
                         const struct prune_inputs *known, enum dtype t, struct prune_tally *tally, struct err *e)
{
    struct slab s = {0};
    uint64_t most = 0, width = dtype_info(t)->bits / 8;
    uint8_t *bytes = NULL;
    int got;

    while ((got = bundle_next_rows(in, b, &s.row0, &s.rows, &s.w, e)) > 0) {
        uint64_t n = s.rows * b->cols;

        if (s.rows > most) {
            most = s.rows;
            s.score = mem_resize(s.score, n, sizeof *s.score);
            s.mask = mem_resize(s.mask, n, 1);
            bytes = mem_resize(bytes, n, width);
        }
        if (score(p, b, known, &s, e) < 0)
            got = err_in(e, "%s", b->name);
        if (got < 0 || (got = choose(p, NULL, b, known, &s, tally, e)) < 0)
            break;
        dtype_from_f32(t, s.w, bytes, n);
        if (out && (got = bundle_put(out, o, o->parts - 1, s.row0, s.rows, bytes, e)) < 0)
            break;
    }
    free(s.score);
    free(s.old);
    free(s.mask);
    free(bytes);
    return got;
}

/* As prune_loaded, of a bundle of which only the companions are loaded, and written on. */
static int prune_stream(const struct prune_pass *p, struct reader *in, struct writer *out, struct bundle *b,
                        struct prune_tally *tally, struct err *e)
{
    struct bundle o = {0};
    struct prune_inputs known = {0};
    enum dtype t = type_out(b);
    int rc = pattern_fits(p->pattern, b->cols, e) < 0 || prune_inputs_get(&known, b, needs(p), e) < 0 ? err_in(e, "%s", b->name) : 0;

    if (rc == 0 && out)
        rc = begin(out, &o, b, t, e); /* companions move to o; their bytes stay where they are */
    if (rc == 0)
        rc = slabs_through(p, in, out, b, &o, &known, t, tally, e);
    if (rc == 0 && out)
        rc = bundle_end(out, &o, e);
    prune_inputs_free(&known);
    bundle_free(&o);
    return rc;
}

int prune_tensor(const struct prune_pass *p, struct reader *in, struct writer *out, struct bundle *b, struct prune_tally *tally, struct err *e)
{
    if (streams(p, b))
        return bundle_load_companions(in, b, e) < 0 || prepare(p, in, b, e) < 0 ? -1 : prune_stream(p, in, out, b, tally, e);
    if (bundle_load(in, b, e) < 0 || prepare(p, in, b, e) < 0 || prune_loaded(p, b, tally, e) < 0)
        return -1;
    return out ? bundle_write(out, in, b, e) : 0;
}

static int count_walk(const struct prune_pass *p, const struct select *sel, struct reader *in, struct err *e)
{
    struct bundle b = {0};
    int got, rc = 0;

    while (rc == 0 && (got = bundle_read(in, &b, e)) > 0)
        rc = select_match(sel, &b) ? count_tensor(p, in, &b, e) : 0;
    bundle_free(&b);
    return rc < 0 ? -1 : got;
}

int prune_count_model(struct prune_pass *p, const struct select *sel, int fd, off_t start, struct err *e)
{
    p->sieve = pick_sieve_new();
    for (int pass = 0; pass < 2; pass++) {
        struct reader *in = lseek(fd, start, SEEK_SET) < 0 ? NULL : reader_open(fd, "standard input", e);

        if (in)
            reader_allow_partial(in, 1); /* a shard may be pruned alone */
        if (!in || count_walk(p, sel, in, e) < 0)
            return -1;
        reader_close(in);
        pick_sieve_next(p->sieve, pattern_count(p->pattern, pick_sieve_seen(p->sieve)));
    }
    return lseek(fd, start, SEEK_SET) < 0 ? err_errno(e, "cannot read standard input again") : 0;
}
