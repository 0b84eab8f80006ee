#include "prune/pass.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "la/obs.h"
#include "prune/slab.h"
#include "tensor/unseen.h"

#define SLAB (1u << 20) /* weights held as f32 */
#define BY_GRAM 512     /* rows at least where a slab's products begin with the packing of a gram or its factor */
#define PUT (1u << 18)  /* weights turned to bytes at a time */

/* Where chosen rows go. */
struct sink {
    struct part *dense; /* of a loaded value: zeroed in place; or NULL: */
    struct writer *out; /* rows are put into o's last part; or NULL: nowhere */
    struct bundle *o;
    uint8_t *bytes;
};

static unsigned needs(const struct prune_pass *p)
{
    return p->method->needs | (p->init ? p->init->needs : 0) | (p->scorer == prune_companion ? PRUNE_COMPANION : 0) |
           (p->refit ? PRUNE_GRAM : 0);
}

static int changes(const struct prune_pass *p)
{
    return p->refit || p->method->changes;
}

static int whole(const struct prune_pass *p)
{
    return p->whole || (p->pattern->scope != SCOPE_ROW && (p->method->whole || (p->init && p->init->whole)));
}

/* Rows in a slab: whole rows of blocks. */
static uint64_t slab_rows(const struct prune_pass *p, const struct bundle *b)
{
    uint64_t unit = p->pattern->block_rows, n = SLAB / (b->cols + 1);

    if (whole(p))
        return b->rows;
    if (needs(p) & PRUNE_GRAM && n < BY_GRAM)
        n = BY_GRAM;
    n = n > unit ? n / unit * unit : unit;
    return n < b->rows ? n : b->rows;
}

/* Room for what goes with a slab's rows. */
static void slab_room(const struct prune_pass *p, struct slab *s, uint64_t cols, int old)
{
    uint64_t n = s->rows * cols;

    if (s->rows <= s->cap)
        return;
    s->cap = s->rows;
    s->mask = mem_resize(s->mask, n, 1);
    if (p->scorer)
        s->score = mem_resize(s->score, n, sizeof *s->score);
    if (old)
        s->old = mem_resize(s->old, n, sizeof *s->old);
}

int prune_companion(const struct bundle *b, const struct prune_inputs *in, uint64_t row0, uint64_t rows, const float *w,
                    float *out, struct err *e)
{
    memcpy(out, in->score + row0 * b->cols, rows * b->cols * sizeof *out);
    return slab_check("weight", w, row0, rows, b->cols, e) < 0 ? -1 : slab_check("score", out, row0, rows, b->cols, e);
}

/* Scores, or where there are none to make, a look at the weights, which the scorer has otherwise. */
static int score(const struct prune_pass *p, const struct bundle *b, const struct prune_inputs *in, struct slab *s,
                 struct err *e)
{
    return p->scorer ? p->scorer(b, in, s->row0, s->rows, s->w, s->score, e)
                     : slab_check("weight", s->w, s->row0, s->rows, b->cols, e);
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

/* The method's choice; w is then the new rows. */
static int choose(const struct prune_pass *p, struct pick_sieve *sieve, const struct bundle *b, struct prune_inputs *in,
                  struct slab *s, struct prune_tally *t, struct err *e)
{
    uint64_t cols = b->cols, n = s->rows * cols;
    struct prune_job j = {.pattern = p->pattern,
                          .init = p->init,
                          .sieve = sieve,
                          .row0 = s->row0,
                          .rows = s->rows,
                          .cols = cols,
                          .w = s->w,
                          .score = s->score,
                          .norm2 = in->norm2,
                          .mean = in->mean,
                          .gram = in->gram,
                          .factor = in->factor.U ? &in->factor : NULL,
                          .mask = s->mask};

    if (s->old)
        memcpy(s->old, s->w, n * sizeof *s->old);
    if (p->method->apply(&j, e) < 0)
        return err_in(e, "%s", b->name);
    if (s->row0 + s->rows == b->rows)
        prune_factor_free(&in->factor); /* what follows goes by the gram alone */
    if (t)
        count(s, cols, t);
    slab_zero(s, n);
    if (p->refit)
        prune_refit_rows(&in->fit, s->rows, s->old, s->mask, s->w);
    if (in->held && t)
        obs_loss(s->rows, cols, s->old, s->w, in->held, &t->lost, &t->moved);
    return 0;
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

static int put_rows(struct sink *to, const struct slab *s, uint64_t cols, struct err *e)
{
    int last = to->o->parts - 1;
    enum dtype t = to->o->part[last].dtype;
    uint64_t step = PUT / (cols + 1) + 1, n;

    to->bytes = mem_resize(to->bytes, step * cols, dtype_info(t)->bits / 8);
    for (uint64_t r = 0; r < s->rows; r += n) {
        n = s->rows - r < step ? s->rows - r : step;
        dtype_from_f32(t, s->w + r * cols, to->bytes, n * cols);
        if (bundle_put(to->out, to->o, last, s->row0 + r, n, to->bytes, e) < 0)
            return -1;
    }
    return 0;
}

/* fd: where the rows are when b is not loaded. */
static int count_into(const struct prune_pass *p, struct pick_sieve *sieve, const struct bundle *b, int fd,
                      const struct prune_inputs *in, struct err *e)
{
    uint64_t step = slab_rows(p, b);
    struct slab s = {0};
    int got;

    while ((got = b->loaded ? slab_loaded(b, step, &s, e) : slab_spooled(fd, b, step, &s, e)) > 0) {
        slab_room(p, &s, b->cols, 0);
        if (score(p, b, in, &s, e) < 0) {
            got = err_in(e, "%s", b->name);
            break;
        }
        pattern_count_rows(p->pattern, sieve, s.score, s.rows, b->cols);
    }
    slab_free(&s);
    return got;
}

static int prepare(const struct prune_pass *p, const struct reader *in, const struct bundle *b, struct err *e)
{
    return p->prepare && p->prepare(b, &reader_head(in)->model, e) < 0 ? err_in(e, "%s", b->name) : 0;
}

/* Both counting passes of one tensor. NULL on error. */
static struct pick_sieve *sieve_of_tensor(const struct prune_pass *p, const struct bundle *b, int fd,
                                          const struct prune_inputs *in, struct err *e)
{
    struct pick_sieve *sieve = pick_sieve_new();

    for (int pass = 0; pass < 2; pass++) {
        if (count_into(p, sieve, b, fd, in, e) < 0) {
            free(sieve);
            return NULL;
        }
        pick_sieve_next(sieve, pattern_count(p->pattern, pick_sieve_seen(sieve)));
    }
    return sieve;
}

/* Types for which f32 and back gives the same bytes. */
static int survives_f32(enum dtype t)
{
    return t == DT_F32 || t == DT_BF16 || t == DT_F16 || t == DT_F8_E4M3 || t == DT_F8_E5M2;
}

/* Can b (header read, nothing loaded) be pruned as it arrives, to the same bytes? Its rows then need no other, or all
 * are held as f32 alone. */
static int streams(const struct prune_pass *p, const struct bundle *b)
{
    const struct part *d = only_dense(b);
    int apart = p->pattern->scope == SCOPE_ROW && p->pattern->block_rows == 1;

    return !p->whole && (apart || !p->scorer) && (changes(p) || !d || survives_f32(d->dtype));
}

/* Must its rows be seen more than once, and are they too many to be held for that? */
static int spools(const struct prune_pass *p, const struct bundle *b)
{
    const struct part *d = only_dense(b);

    return p->scorer && !whole(p) && b->rows * b->cols > SLAB && (changes(p) || !d || survives_f32(d->dtype));
}

/* What of b must be here before the method is: all of it, or companions, and its rows in a file (*fd, else -1) where
 * they are many. */
static int take_in(const struct prune_pass *p, struct reader *in, struct bundle *b, int once, int *fd, struct err *e)
{
    *fd = -1;
    if (!once && !spools(p, b))
        return bundle_load(in, b, e);
    if (bundle_load_companions(in, b, e) < 0)
        return -1;
    return once || (*fd = slab_spool(in, b, e)) >= 0 ? 0 : -1;
}

/* Scope model: the scores of the tensor that in stands at. */
static int count_tensor(const struct prune_pass *p, struct reader *in, struct bundle *b, struct err *e)
{
    struct prune_inputs known = {0};
    int fd, rc;

    if (take_in(p, in, b, 0, &fd, e) < 0 || prepare(p, in, b, e) < 0)
        return -1;
    rc = prune_inputs_get(&known, b, needs(p), e) < 0 ? err_in(e, "%s", b->name)
                                                      : count_into(p, p->sieve, b, fd, &known, e);
    prune_inputs_free(&known);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* The bundle that goes out: b's header and companions, and one dense part to be put. */
static int begin(struct writer *out, struct bundle *o, struct bundle *b, struct err *e)
{
    enum dtype t = type_out(b);

    bundle_take_header(o, b);
    bundle_drop_stale(o);
    bundle_declare_part(o, bundle_add_term(o, "dense"), "dense", t, &b->shape);
    return bundle_begin(out, o, e);
}

/* Slab after slab, chosen from and sent where they go. */
static int slabs_through(const struct prune_pass *p, struct pick_sieve *sieve, struct reader *in, struct bundle *b,
                         int fd, struct prune_inputs *known, struct sink *to, struct prune_tally *tally, struct err *e)
{
    int loaded = b->loaded, old = p->refit || (tally && known->held), got;
    uint64_t step = loaded || fd >= 0 || needs(p) & PRUNE_GRAM ? slab_rows(p, b) : 1;
    struct slab s = {0};

    while ((got = loaded    ? slab_loaded(b, step, &s, e)
                  : fd >= 0 ? slab_spooled(fd, b, step, &s, e)
                            : slab_arriving(in, b, step, &s, e)) > 0) {
        slab_room(p, &s, b->cols, old);
        if (score(p, b, known, &s, e) < 0)
            got = err_in(e, "%s", b->name);
        if (got < 0 || (got = choose(p, sieve, b, known, &s, tally, e)) < 0)
            break;
        if (to->dense)
            slab_zero_bytes(&s, b->cols, dtype_info(to->dense->dtype)->bits / 8, to->dense->data);
        else if (to->out && (got = put_rows(to, &s, b->cols, e)) < 0)
            break;
    }
    slab_free(&s);
    return got;
}

/* What is known of b, before any row; the factor first, as it takes the most while it is made. */
static int get_known(const struct prune_pass *p, const struct bundle *b, struct prune_inputs *known, struct err *e)
{
    const struct prune_method *maker = p->method->factor ? p->method : p->init && p->init->factor ? p->init : NULL;

    if (pattern_fits(p->pattern, b->cols, e) < 0 || prune_inputs_get(known, b, needs(p), e) < 0 ||
        (b->rows && maker && maker->factor(&known->factor, b->cols, known->gram, e) < 0))
        return err_in(e, "%s", b->name);
    if (p->refit)
        prune_refit_make(&known->fit, b->cols, known->gram);
    return 0;
}

/* Of a bundle that is loaded, or of which only the companions are. */
static int prune_bundle(const struct prune_pass *p, struct reader *in, struct writer *out, struct bundle *b, int fd,
                        struct prune_tally *tally, struct err *e)
{
    int by_tensor = p->pattern->scope == SCOPE_TENSOR && p->scorer;
    struct part *dense = b->loaded ? only_dense(b) : NULL;
    struct prune_inputs known = {0};
    struct pick_sieve *own = NULL;
    struct bundle o = {0};
    struct sink to = {zeroes_in_place(p, dense) ? dense : NULL, out, &o, NULL};
    int rc = get_known(p, b, &known, e);

    if (tally)
        tally->damp = known.factor.damp;
    if (rc == 0 && by_tensor && !(own = sieve_of_tensor(p, b, fd, &known, e)))
        rc = -1;
    if (rc == 0 && out && !to.dense)
        rc = begin(out, &o, b, e); /* companions move to o; their bytes stay where they are */
    if (rc == 0)
        rc = slabs_through(p, own ? own : p->sieve, in, b, fd, &known, &to, tally, e);
    if (rc == 0 && out && !to.dense)
        rc = bundle_end(out, &o, e);
    if (rc == 0 && to.dense) {
        bundle_drop_stale(b);
        b->touched = 1;
        rc = out ? bundle_write(out, in, b, e) : 0;
    }
    prune_inputs_free(&known);
    bundle_free(&o);
    free(own);
    free(to.bytes);
    return rc;
}

int prune_tensor(const struct prune_pass *p, struct reader *in, struct writer *out, struct bundle *b,
                 struct prune_tally *tally, struct err *e)
{
    int fd, rc;

    if (p->plain && bundle_unseen(b))
        p = p->plain;
    if (take_in(p, in, b, streams(p, b), &fd, e) < 0 || prepare(p, in, b, e) < 0)
        return -1;
    rc = prune_bundle(p, in, out, b, fd, tally, e);
    if (fd >= 0)
        close(fd);
    return rc;
}

static int count_walk(const struct prune_pass *p, const struct select *sel, struct reader *in, struct err *e)
{
    struct bundle b = {0};
    int got, rc = 0;

    while (rc == 0 && (got = bundle_read(in, &b, e)) > 0)
        rc = select_match(sel, &b) && !(p->plain && bundle_unseen(&b)) ? count_tensor(p, in, &b, e) : 0;
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
