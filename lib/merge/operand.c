#include "merge/operand.h"

#include <stdlib.h>
#include <string.h>

#include "ckpt/names.h"
#include "ckpt/to_gguf.h"
#include "ckpt/to_hf.h"
#include "tensor/form.h"

#define SLAB_BYTES ((uint64_t)2 << 20)

struct named {
    char *key;
    size_t step;
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->key, ((const struct named *)b)->key);
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
    return 0;
}

void operand_close(struct operand *o)
{
    lookup_close(o->by_name);
    bundle_free(&o->b);
    reader_close(o->in);
    for (size_t i = 0; o->by_key && i < o->plan.n; i++)
        free(o->by_key[i].key);
    plan_free(&o->plan);
    source_close(&o->source);
    free(o->by_key);
    free(o->given);
    free(o->arch);
    free(o->head);
    for (int i = 0; i < PARTS_MAX; i++)
        buf_free(&o->bytes[i]);
    *o = (struct operand){0};
}

/* Step i of a checkpoint is the current tensor. */
static int take_step(struct operand *o, size_t i, struct err *e)
{
    bundle_free(&o->b);
    o->given[i] = 1;
    o->step = &o->plan.step[i];
    o->row = o->head_dim = 0;
    o->add = 0;
    return step_header(o->step, &o->b, e) < 0 ? -1 : 1;
}

static int take_record(struct operand *o, struct reader *from, int got)
{
    o->from = from;
    o->row = o->waiting = o->head_dim = 0;
    o->add = 0;
    return got;
}

int operand_next(struct operand *o, struct err *e)
{
    if (o->in)
        return take_record(o, o->in, bundle_read(o->in, &o->b, e));
    return o->next < o->plan.n ? take_step(o, o->next++, e) : 0;
}

static const struct attrs *model_of(const struct operand *o)
{
    return o->in ? &reader_head(o->in)->model : &o->plan.model;
}

void operand_agree(struct operand *o, int n)
{
    const char *arch = NULL;

    for (int k = 0; k < n && !arch; k++)
        arch = attrs_str(model_of(&o[k]), "arch", NULL);
    for (int k = 0; arch && k < n; k++)
        o[k].arch = mem_strdup(attrs_str(model_of(&o[k]), "arch", arch));
}

char *operand_key(const struct operand *o, const char *name)
{
    char *key = names_hf(o->arch, name);

    return key ? key : mem_strdup(name);
}

int operand_computed(const struct operand *o)
{
    const struct arch *a = arch_find(o->arch);

    return a && arch_buffer(a, o->b.name);
}

static char *key_in_stream(const struct bundle *b, const void *ctx)
{
    return operand_key(ctx, b->name);
}

static void sort_steps(struct operand *o)
{
    o->by_key = mem_new(o->plan.n + 1, sizeof *o->by_key);
    for (size_t i = 0; i < o->plan.n; i++)
        o->by_key[i] = (struct named){operand_key(o, step_name(&o->plan.step[i])), i};
    qsort(o->by_key, o->plan.n, sizeof *o->by_key, by_key);
}

static int find_step(struct operand *o, const char *key, size_t *i)
{
    struct named want = {.key = (char *)(uintptr_t)key}, *got;

    if (!o->by_key)
        sort_steps(o);
    got = bsearch(&want, o->by_key, o->plan.n, sizeof *o->by_key, by_key);
    if (got)
        *i = got->step;
    return got != NULL;
}

static struct lookup *stream_lookup(struct operand *o)
{
    if (!o->by_name) {
        o->by_name = lookup_open(o->in);
        lookup_keys(o->by_name, key_in_stream, o);
    }
    return o->by_name;
}

int operand_get(struct operand *o, const char *key, struct err *e)
{
    struct reader *from = NULL;
    size_t i;
    int got;

    if (!o->in)
        return find_step(o, key, &i) && !o->given[i] ? take_step(o, i, e) : 0;
    got = lookup_get(stream_lookup(o), key, &o->b, &from, e);
    return take_record(o, from, got);
}

int operand_rest(struct operand *o, struct err *e)
{
    struct reader *from = NULL;
    int got;

    if (o->in) {
        got = lookup_rest(stream_lookup(o), &o->b, &from, e);
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

/* A part in a view of n rows from row `at` on; a fixed one is the same in all, and stays once it is read. */
static int view_part(struct operand *o, struct part *own, struct part *p, uint64_t at, uint64_t n, struct err *e)
{
    if (own->fixed && !own->data) {
        own->data = mem_resize(NULL, (size_t)(own->rows * own->row_bytes) + 1, 1);
        if (source_part(&o->source, o->step->t, o->step->view, own, 0, own->rows, own->data, e) < 0)
            return -1;
    }
    p->data = own->data;
    if (own->fixed)
        return 0;
    p->rows = n;
    if (p->shape.rank > 1)
        p->shape.dim[0] = n;
    o->bytes[own - o->b.part].len = 0;
    p->data = buf_space(&o->bytes[own - o->b.part], (size_t)(n * p->row_bytes) + 1);
    return source_part(&o->source, o->step->t, o->step->view, own, at, n, p->data, e);
}

/* Rows of a checkpoint from row `at` on: the bundle seen as one of n rows. */
static int source_rows(struct operand *o, uint64_t at, uint64_t n, float *out, struct err *e)
{
    struct bundle view = o->b;

    view.rows = n;
    if (view.shape.rank > 1)
        view.shape.dim[0] = n;
    for (int i = 0; i < view.parts; i++)
        if (view.part[i].term >= 0 && view_part(o, &o->b.part[i], &view.part[i], at, n, e) < 0)
            return -1;
    return bundle_rows(&view, 0, n, out, e);
}

/* n rows from row `at` on, in the order they have here; at follows the last. */
static int some_rows(struct operand *o, uint64_t at, uint64_t n, float *out, struct err *e)
{
    return o->in ? stream_rows(o, n, out, e) : source_rows(o, at, n, out, e);
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

int operand_follow(struct operand *o, const struct operand *leader, struct err *e)
{
    uint64_t n = o->b.shape.rank < 2 ? o->b.cols : o->b.rows;
    int mine = names_interleaved(model_of(o), o->arch, o->b.name);

    o->add = names_offset(o->arch, o->b.name, leader->b.name);
    if (!names_rotary(o->arch, o->b.name) || mine == names_interleaved(model_of(leader), leader->arch, leader->b.name))
        return 0;
    o->to_pairs = !mine;
    o->head_dim = (uint64_t)attrs_int(model_of(o), "head_dim", attrs_int(model_of(leader), "head_dim", 0));
    if (o->head_dim < 2 || o->head_dim % 2 || n % o->head_dim)
        return err_set(e, "%s: %llu rows in %s, which are no whole number of heads of %llu that %s has in another order", o->b.name,
                       (unsigned long long)n, o->path, (unsigned long long)o->head_dim, leader->path);
    return 0;
}

uint64_t operand_row(const struct operand *o, uint64_t r)
{
    return !o->head_dim ? r : o->to_pairs ? to_hf_row(r, o->head_dim) : to_gguf_row(r, o->head_dim);
}

/* As operand_rows where rows follow the leader: a head (a vector whole) is read, then told out. */
static int following_rows(struct operand *o, uint64_t n, float *out, struct err *e)
{
    uint64_t cols = o->b.cols, at_once = o->b.shape.rank < 2 ? 1 : o->head_dim;

    if (o->head_room < at_once * cols) {
        free(o->head);
        o->head = mem_new(o->head_room = at_once * cols, sizeof *o->head);
    }
    for (uint64_t r = o->row; r < o->row + n; r++) {
        float *to = out + (r - o->row) * cols;

        if (r % at_once == 0 && some_rows(o, r, at_once, o->head, e) < 0)
            return -1;
        if (at_once > 1)
            memcpy(to, o->head + (operand_row(o, r) % at_once) * cols, cols * sizeof *to);
        for (uint64_t c = 0; at_once == 1 && c < cols; c++)
            to[c] = o->head[operand_row(o, c)];
    }
    return 0;
}

int operand_rows(struct operand *o, uint64_t n, float *out, struct err *e)
{
    int rc;

    if (n * o->b.cols == 0)
        return 0;
    rc = o->head_dim ? following_rows(o, n, out, e) : some_rows(o, o->row, n, out, e);
    for (uint64_t i = 0; rc == 0 && o->add != 0 && i < n * o->b.cols; i++)
        out[i] += o->add;
    if (rc < 0 || check_numbers(o, n, out, e) < 0)
        return -1;
    o->row += n;
    return 0;
}

int operand_load(struct operand *o, struct err *e)
{
    return o->in ? bundle_load(o->from, &o->b, e) : source_load(&o->source, o->step->t, o->step->view, &o->b, e);
}

/* Rows [r, r + n) of the weight's in one part; a fixed one is whole in the first. */
static int pass_part(struct operand *o, struct writer *out, int i, uint64_t r, uint64_t n, struct err *e)
{
    const struct part *p = &o->b.part[i];

    if (p->term < 0 || p->row_bytes == 0 || r >= p->rows || (p->fixed && r > 0))
        return 0;
    n = p->fixed || p->rows - r < n ? p->rows - r : n;
    o->bytes[i].len = 0;
    if (source_part(&o->source, o->step->t, o->step->view, p, r, n, buf_space(&o->bytes[i], (size_t)(n * p->row_bytes) + 1), e) < 0)
        return -1;
    return bundle_put(out, &o->b, i, r, n, o->bytes[i].data, e);
}

int operand_pass(struct operand *o, struct writer *out, struct err *e)
{
    uint64_t most = 1, slab;

    if (o->in)
        return bundle_write(out, o->from, &o->b, e);
    for (int i = 0; i < o->b.parts; i++)
        if (o->b.part[i].term >= 0 && !o->b.part[i].fixed && o->b.part[i].row_bytes > most)
            most = o->b.part[i].row_bytes;
    slab = most < SLAB_BYTES ? SLAB_BYTES / most : 1;
    if (bundle_begin(out, &o->b, e) < 0)
        return -1;
    for (uint64_t r = 0; r < o->b.rows; r += slab)
        for (int i = 0; i < o->b.parts; i++)
            if (pass_part(o, out, i, r, slab, e) < 0)
                return -1;
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
