#include "merge/pass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"

#define SLAB_BYTES ((uint64_t)1 << 20) /* of f32, of each operand */

static int shapes_differ(const struct operand *a, const struct operand *b, struct err *e)
{
    char ta[200], tb[200];
    int vocab =
        a->b.role && (strcmp(a->b.role, "embed") == 0 || strcmp(a->b.role, "head") == 0) && a->b.rows != b->b.rows;

    return err_set(e, "%s: %s in %s, %s in %s%s", a->b.name, shape_text(&a->b.shape, ta), a->path,
                   shape_text(&b->b.shape, tb), b->path, vocab ? ": their vocabularies differ in size" : "");
}

/* Where the hash of a name is in the set, or would be. */
static struct hash128 *place(struct merge_pass *p, const char *name, struct hash128 *h)
{
    size_t i;

    *h = hash128(name, strlen(name));
    h->lo |= 1; /* 0 is an empty place */
    for (i = h->hi & (p->names_cap - 1); p->name[i].lo && (p->name[i].lo != h->lo || p->name[i].hi != h->hi);)
        i = (i + 1) & (p->names_cap - 1);
    return &p->name[i];
}

static void widen(struct merge_pass *p)
{
    struct hash128 *old = p->name;
    size_t n = p->names_cap;

    p->names_cap = n ? 2 * n : 256;
    p->name = mem_new(p->names_cap, sizeof *p->name);
    for (size_t i = 0; i < n; i++)
        if (old[i].lo) {
            size_t at = old[i].hi & (p->names_cap - 1);

            while (p->name[at].lo)
                at = (at + 1) & (p->names_cap - 1);
            p->name[at] = old[i];
        }
    free(old);
}

/* Note a name of the first operand; 1 when it has come before. */
static int seen(struct merge_pass *p, const char *name)
{
    struct hash128 h, *at;

    if (2 * (p->names + 1) > p->names_cap)
        widen(p);
    at = place(p, name, &h);
    if (at->lo)
        return 1;
    *at = h;
    p->names++;
    return 0;
}

/* The tensor of that key in o. */
/* Do the shapes agree, but for the number of tokens where that may be another? */
static int same_shape(const struct merge_vocab *v, const struct bundle *a, const struct bundle *b)
{
    struct shape s = b->shape;

    if (merge_vocab_takes(v, a) && s.rank == 2)
        s.dim[0] = a->shape.dim[0];
    return shape_equal(&a->shape, &s);
}

static int align_one(const struct merge_pass *p, struct operand *o, const char *key, struct err *e)
{
    const struct operand *a = &p->operand[0];
    int got = operand_get(o, key, e);

    if (got < 0)
        return err_in(e, "%s", o->path);
    if (got == 0) {
        err_set(e, "%s: is in %s, not in %s", a->b.name, a->path, o->path);
        return p->left || operand_computed(a) ? 1 : -1;
    }
    if (p->left)
        return 1;
    return same_shape(p->vocab, &a->b, &o->b) ? operand_follow(o, a, e) : shapes_differ(a, o, e);
}

int merge_align(struct merge_pass *p, struct err *e)
{
    const struct operand *a = &p->operand[0];
    char *key;
    int rc = 0, lacks = 0;

    if (a->in && reader_segment(a->in) != p->segment) { /* a stream behind another has names of its own */
        p->segment = reader_segment(a->in);
        if (p->names)
            memset(p->name, 0, p->names_cap * sizeof *p->name);
        p->names = 0;
    }
    key = operand_key(a, a->b.name);
    if (seen(p, key))
        rc = err_set(e, "%s: comes twice in %s", a->b.name, a->path);
    for (int k = 1; k < p->operands && rc == 0; k++)
        if ((rc = align_one(p, &p->operand[k], key, e)) > 0)
            lacks = 1, rc = 0;
    free(key);
    if (rc == 0 && p->left && merge_vocab_takes(p->vocab, &a->b) && p->vocab->rows != a->b.rows)
        return err_set(e, "%s: it has %llu rows, the merged vocabulary %llu: it cannot be left as it is", a->b.name,
                       (unsigned long long)a->b.rows, (unsigned long long)p->vocab->rows);
    for (int k = 0; k < p->operands; k++)
        p->operand[k].map = !lacks && merge_vocab_takes(p->vocab, &a->b) ? p->vocab->row[k] : NULL;
    return rc < 0 ? -1 : lacks;
}

static void grow(struct merge_pass *p, uint64_t n)
{
    if (!p->rows)
        p->rows = mem_new((size_t)p->operands + 1, sizeof *p->rows);
    if (n <= p->room)
        return;
    for (int k = 0; k <= p->operands; k++) {
        free(p->rows[k]);
        p->rows[k] = mem_new(n, sizeof **p->rows);
    }
    p->room = n;
}

static uint64_t slab_rows(const struct bundle *b, int whole)
{
    uint64_t n = SLAB_BYTES / sizeof(float) / (b->cols ? b->cols : 1);

    n = n ? n : 1;
    return whole || n > b->rows ? b->rows : n;
}

/* The next n rows of every operand. */
static int read_rows(struct merge_pass *p, uint64_t n, struct err *e)
{
    for (int k = 0; k < p->operands; k++)
        if (operand_rows(&p->operand[k], n, p->rows[k], e) < 0)
            return err_in(e, "%s: %s", p->operand[k].path, p->operand[0].b.name);
    if (p->operand[0].map &&
        merge_vocab_fill(p->vocab, p->operand, p->rows, p->operand[0].row - n, n, p->operand[0].b.cols, e) < 0)
        return err_in(e, "%s", p->operand[0].b.name);
    return 0;
}

/* Whole numbers: the same in all; those of the first pass on. */
static int same_counts(struct merge_pass *p, struct writer *out, struct err *e)
{
    struct operand *a = &p->operand[0];
    uint64_t n = a->b.rows * a->b.cols;

    if (a->in && bundle_load(a->from, &a->b, e) < 0)
        return -1;
    grow(p, n);
    if ((a->in ? bundle_rows(&a->b, 0, a->b.rows, p->rows[0], e) : operand_rows(a, a->b.rows, p->rows[0], e)) < 0)
        return -1;
    for (int k = 1; k < p->operands; k++) {
        if (operand_rows(&p->operand[k], a->b.rows, p->rows[1], e) < 0)
            return err_in(e, "%s: %s", p->operand[k].path, a->b.name);
        if (memcmp(p->rows[0], p->rows[1], n * sizeof(float)) != 0)
            return err_set(e, "%s: holds whole numbers, which are not averaged, and differs in %s and %s", a->b.name,
                           a->path, p->operand[k].path);
    }
    return operand_pass(a, out, e);
}

int merge_read(struct merge_pass *p, uint64_t n, struct err *e)
{
    grow(p, n * p->operand[0].b.cols);
    return read_rows(p, n, e);
}

enum dtype merge_type(const struct merge_pass *p)
{
    return p->type >= 0 ? (enum dtype)p->type : operand_type(&p->operand[0]);
}

void merge_header(struct merge_pass *p, enum dtype t, const struct shape *shape, struct bundle *o)
{
    struct err e;

    bundle_take_header(o, &p->operand[0].b);
    while (o->parts)
        bundle_drop_part(o, -1, o->part[0].name);
    bundle_set_shape(o, shape, &e); /* no larger than what has been read */
    bundle_add_term(o, "dense");
    bundle_declare_part(o, 0, "dense", t, shape);
}

int merge_put(struct writer *out, struct bundle *o, uint64_t row0, uint64_t n, const float *w, struct err *e)
{
    const struct part *d = &o->part[o->parts - 1];
    uint8_t *bytes = mem_resize(NULL, n * d->row_bytes + 1, 1);
    int rc;

    dtype_from_f32(d->dtype, w, bytes, n * o->cols);
    rc = bundle_put(out, o, o->parts - 1, row0, n, bytes, e);
    free(bytes);
    return rc;
}

/* The next slab as a job: rows r and on, step at most. */
static int next_slab(struct merge_pass *p, struct merge_job *j, uint64_t rows, uint64_t r, uint64_t step, struct err *e)
{
    int base = p->method->base;

    j->row0 = r;
    j->rows = rows - r < step ? rows - r : step;
    if (merge_read(p, j->rows, e) < 0)
        return -1;
    j->base = base ? p->rows[0] : NULL;
    j->model = p->rows + base;
    j->out = p->rows[p->operands];
    return 0;
}

/* All rows once for each pass of the survey, then from the beginning again. */
static int survey(struct merge_pass *p, const struct merge_survey *s, struct merge_job *j, uint64_t rows, uint64_t step,
                  struct err *e)
{
    j->rows = rows;
    j->seen = s->begin(j);
    for (int k = 0; k < p->operands; k++)
        if (operand_keep(&p->operand[k], e) < 0)
            return err_in(e, "%s", p->operand[k].path);
    for (int pass = 0; pass < s->passes; pass++) {
        for (uint64_t r = 0; r < rows; r += step) {
            if (next_slab(p, j, rows, r, step, e) < 0)
                return -1;
            s->see(j->seen, j, pass);
        }
        if (s->next)
            s->next(j->seen, pass);
        for (int k = 0; k < p->operands; k++)
            operand_again(&p->operand[k]);
    }
    return 0;
}

static int put_slabs(struct merge_pass *p, struct writer *out, struct bundle *o, struct merge_job *j, uint64_t step,
                     struct err *e)
{
    int masks = o->shape.rank > 1; /* zeros of vectors (biases not trained yet) are no mask */

    for (uint64_t r = 0; r < o->rows; r += step) {
        if (next_slab(p, j, o->rows, r, step, e) < 0)
            return -1;
        if (masks)
            merge_zeros_see(&p->zeros, p->rows, p->operands, j->rows * j->cols);
        if (merge_rows(p->method, j, e) < 0)
            return err_in(e, "%s", o->name);
        if (masks)
            merge_zeros_apply(&p->zeros, j->out, j->rows * j->cols);
        if (merge_put(out, o, r, j->rows, j->out, e) < 0)
            return -1;
    }
    return 0;
}

static int merge_slabs(struct merge_pass *p, struct writer *out, struct bundle *o, struct err *e)
{
    const struct merge_survey *s = merge_surveys(p->method, &p->args);
    uint64_t step = slab_rows(o, merge_whole(p->method, &p->args));
    struct merge_job j = {.args = &p->args, .name = o->name, .cols = o->cols, .models = p->operands - p->method->base};
    int rc = 0;

    if (o->cols == 0)
        return 0;
    if (s && step < o->rows) /* else merge_rows sees to it */
        rc = survey(p, s, &j, o->rows, step, e);
    if (rc == 0) {
        merge_zeros_begin(&p->zeros, p->operands);
        rc = put_slabs(p, out, o, &j, step, e);
        merge_zeros_end(&p->zeros, p->operands);
    }
    if (s && j.seen)
        s->end(j.seen);
    return rc;
}

static const char *mark_text(const struct operand *o, char text[60])
{
    const struct head *h = o->in ? reader_head(o->in) : NULL;

    if (h && h->shards)
        snprintf(text, 60, "shard %lld of %lld", (long long)h->shard, (long long)h->shards);
    else
        snprintf(text, 60, "whole");
    return text;
}

int merge_same_shard(struct merge_pass *p, struct err *e)
{
    char a[60], b[60];

    for (int k = 0; k < p->operands; k++) {
        if (p->operand[k].in)
            reader_allow_partial(p->operand[k].in, 1);
        if (strcmp(mark_text(&p->operand[0], a), mark_text(&p->operand[k], b)) != 0)
            return err_set(e, "%s is %s, %s is %s", p->operand[0].path, a, p->operand[k].path, b);
    }
    return 0;
}

int merge_tensor(struct merge_pass *p, struct writer *out, struct err *e)
{
    struct operand *a = &p->operand[0];
    struct shape shape = a->b.shape;
    struct bundle o = {0};
    int rc;

    if (a->map)
        shape.dim[0] = p->vocab->rows;
    if (operand_counts(a))
        return same_counts(p, out, e);
    merge_header(p, merge_type(p), &shape, &o);
    rc = bundle_begin(out, &o, e) < 0 || merge_slabs(p, out, &o, e) < 0 || bundle_end(out, &o, e) < 0 ? -1 : 0;
    bundle_free(&o);
    return rc;
}

int merge_all(struct merge_pass *p, struct writer *out, struct err *e)
{
    struct operand *a = &p->operand[0];
    int got;

    while ((got = operand_next(a, e)) > 0) {
        p->left = !select_match(p->sel, &a->b);
        got = merge_align(p, e);
        if (got < 0 || (got == 0 && !p->left ? merge_tensor(p, out, e) : operand_pass(a, out, e)) < 0)
            return -1;
        progress_step(1, 0);
    }
    return got < 0 ? -1 : merge_leftover(p, e);
}

/* Has the first operand had the current tensor of o? */
static int has_passed(struct merge_pass *p, const struct operand *o)
{
    char *key = operand_key(o, o->b.name);
    struct hash128 h;
    int is = p->names && place(p, key, &h)->lo != 0;

    free(key);
    return is;
}

int merge_leftover(struct merge_pass *p, struct err *e)
{
    for (int k = 1; k < p->operands; k++) {
        struct operand *o = &p->operand[k];
        int got;

        while ((got = operand_rest(o, e)) > 0 && (operand_computed(o) || !select_match(p->sel, &o->b)) &&
               !has_passed(p, o))
            ;
        if (got < 0)
            return err_in(e, "%s", o->path);
        if (got > 0 && has_passed(p, o))
            return err_set(e, "%s: comes twice in %s", o->b.name, o->path);
        if (got > 0)
            return err_set(e, "%s: is in %s, not in %s", o->b.name, o->path, p->operand[0].path);
    }
    return 0;
}

void merge_pass_free(struct merge_pass *p)
{
    for (int k = 0; p->rows && k <= p->operands; k++)
        free(p->rows[k]);
    merge_zeros_free(&p->zeros);
    free(p->rows);
    free(p->name);
    for (int k = 0; k < p->operands; k++)
        operand_close(&p->operand[k]);
}
