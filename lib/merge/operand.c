#include "merge/operand.h"

#include <stdlib.h>
#include <string.h>

#include "tensor/form.h"

#define SLAB_BYTES ((uint64_t)2 << 20)

static const struct plan *sorting; /* of the qsort below, which runs on one thread */

static int by_name(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;

    return strcmp(sorting->step[x].b.name, sorting->step[y].b.name);
}

int operand_open(struct operand *o, const char *path, struct err *e)
{
    static const struct select all;

    int is = reader_is_stream(path, e);

    *o = (struct operand){.path = path};
    if (is < 0)
        return -1;
    if (is)
        return (o->in = reader_file(path, e)) ? 0 : -1;
    if (source_open(&o->source, path, e) < 0 || plan_make(&o->plan, &o->source, &all, e) < 0)
        return -1;
    o->given = mem_new(o->plan.n + 1, 1);
    o->by_bytes = mem_new(o->plan.n + 1, sizeof *o->by_bytes);
    for (size_t i = 0; i < o->plan.n; i++)
        o->by_bytes[i] = i;
    sorting = &o->plan;
    qsort(o->by_bytes, o->plan.n, sizeof *o->by_bytes, by_name);
    return 0;
}

void operand_close(struct operand *o)
{
    lookup_close(o->by_name);
    bundle_free(&o->b);
    reader_close(o->in);
    plan_free(&o->plan);
    source_close(&o->source);
    free(o->by_bytes);
    free(o->given);
    buf_free(&o->bytes);
    *o = (struct operand){0};
}

/* Step i of a checkpoint is the current tensor. */
static int take_step(struct operand *o, size_t i, struct err *e)
{
    const struct step *s = &o->plan.step[i];

    bundle_free(&o->b);
    o->given[i] = 1;
    o->t = s->t;
    o->row = 0;
    if (file_header(&o->b, s->t, e) < 0)
        return err_in(e, "%s", s->t->name);
    o->b.role = s->b.role ? mem_strdup(s->b.role) : NULL;
    o->b.layer = s->b.layer;
    return 1;
}

static int take_record(struct operand *o, struct reader *from, int got)
{
    o->from = from;
    o->row = o->waiting = 0;
    return got;
}

int operand_next(struct operand *o, struct err *e)
{
    if (o->in)
        return take_record(o, o->in, bundle_read(o->in, &o->b, e));
    return o->next < o->plan.n ? take_step(o, o->next++, e) : 0;
}

static int find_step(const struct operand *o, const char *name, size_t *i)
{
    size_t lo = 0, hi = o->plan.n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (strcmp(o->plan.step[o->by_bytes[mid]].b.name, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == o->plan.n || strcmp(o->plan.step[o->by_bytes[lo]].b.name, name) != 0)
        return 0;
    *i = o->by_bytes[lo];
    return 1;
}

int operand_get(struct operand *o, const char *name, struct err *e)
{
    struct reader *from = NULL;
    size_t i;
    int got;

    if (!o->in)
        return find_step(o, name, &i) && !o->given[i] ? take_step(o, i, e) : 0;
    if (!o->by_name)
        o->by_name = lookup_open(o->in);
    got = lookup_get(o->by_name, name, &o->b, &from, e);
    return take_record(o, from, got);
}

int operand_rest(struct operand *o, struct err *e)
{
    struct reader *from = NULL;
    int got;

    if (o->in) {
        if (!o->by_name)
            o->by_name = lookup_open(o->in);
        got = lookup_rest(o->by_name, &o->b, &from, e);
        return take_record(o, from, got);
    }
    while (o->next < o->plan.n && o->given[o->next])
        o->next++;
    return o->next < o->plan.n ? take_step(o, o->next++, e) : 0;
}

static int stream_rows(struct operand *o, uint64_t n, float *out, struct err *e)
{
    uint64_t cols = o->b.cols;

    while (n) {
        uint64_t row0, m;
        float *w;

        if (!o->waiting) {
            int got = bundle_next_rows(o->from, &o->b, &row0, &m, &w, e);

            if (got <= 0)
                return got < 0 ? -1 : err_set(e, "%s: its rows end early", o->b.name);
            o->slab = w;
            o->waiting = m;
        }
        m = o->waiting < n ? o->waiting : n;
        memcpy(out, o->slab, m * cols * sizeof *out);
        o->slab += m * cols;
        o->waiting -= m;
        out += m * cols;
        n -= m;
    }
    return 0;
}

/* Rows of a checkpoint: the bundle seen as one of n rows. */
static int source_rows(struct operand *o, uint64_t n, float *out, struct err *e)
{
    struct bundle view = o->b;
    struct part *p = &view.part[0];

    o->bytes.len = 0;
    p->data = buf_space(&o->bytes, n * p->row_bytes);
    view.rows = p->rows = n;
    if (view.shape.rank > 1)
        view.shape.dim[0] = n;
    if (p->shape.rank > 1)
        p->shape.dim[0] = n;
    if (source_read(&o->source, o->t, o->row * p->row_bytes, p->data, (size_t)(n * p->row_bytes), e) < 0)
        return -1;
    return bundle_rows(&view, 0, n, out, e);
}

static int check_numbers(const struct operand *o, uint64_t n, const float *v, struct err *e)
{
    uint64_t count = n * o->b.cols;
    int bad = 0;

    for (uint64_t i = 0; i < count; i++) /* no early end, so that it goes by vectors */
        bad |= v[i] != v[i];
    for (uint64_t i = 0; bad && i < count; i++)
        if (v[i] != v[i])
            return err_set(e, "element [%llu, %llu] is NaN", (unsigned long long)(o->row + i / o->b.cols),
                           (unsigned long long)(i % o->b.cols));
    return 0;
}

int operand_rows(struct operand *o, uint64_t n, float *out, struct err *e)
{
    if (n * o->b.cols == 0)
        return 0;
    if ((o->in ? stream_rows(o, n, out, e) : source_rows(o, n, out, e)) < 0 || check_numbers(o, n, out, e) < 0)
        return -1;
    o->row += n;
    return 0;
}

int operand_pass(struct operand *o, struct writer *out, struct err *e)
{
    int value = o->b.parts - 1; /* the one part of a checkpoint's tensor, behind companions that it was given */
    const struct part *p = &o->b.part[value];
    uint64_t slab = !o->in && p->row_bytes && p->row_bytes < SLAB_BYTES ? SLAB_BYTES / p->row_bytes : 1;

    if (o->in)
        return bundle_write(out, o->from, &o->b, e);
    if (bundle_begin(out, &o->b, e) < 0)
        return -1;
    for (uint64_t r = 0; r < p->rows && p->row_bytes; r += slab) {
        uint64_t n = p->rows - r < slab ? p->rows - r : slab;

        o->bytes.len = 0;
        if (source_read(&o->source, o->t, r * p->row_bytes, buf_space(&o->bytes, n * p->row_bytes), (size_t)(n * p->row_bytes), e) < 0 ||
            bundle_put(out, &o->b, value, r, n, o->bytes.data, e) < 0)
            return -1;
    }
    return bundle_end(out, &o->b, e);
}

static const struct part *only_dense(const struct bundle *b)
{
    return b->terms == 1 && strcmp(b->term[0].form, "dense") == 0 ? bundle_part(b, 0, "dense") : NULL;
}

enum dtype operand_type(const struct operand *o)
{
    const struct part *p = only_dense(&o->b);
    int t = p ? (int)p->dtype : dtype_find(attrs_str(&o->b.more, "dtype", ""));

    return t >= 0 && dtype_info((enum dtype)t)->writes_f32 ? (enum dtype)t : DT_F32;
}

int operand_counts(const struct operand *o)
{
    const struct part *p = only_dense(&o->b);

    return p && !dtype_info(p->dtype)->is_float;
}
