/* operand_rows: the value of the current tensor as f32, in the leader's order: once, or by way of the file or a spool
 * again. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "ckpt/to_gguf.h"
#include "ckpt/to_hf.h"
#include "merge/operand.h"
#include "tensor/form.h"

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
    if (source_part(&o->source, o->step->t, o->step->view, own, at, n, p->data, e) < 0)
        return -1;
    if (o->digests) {
        struct hasher **h = &o->digest[own - o->b.part];

        *h = *h ? *h : hasher_new();
        hasher_add(*h, p->data, n * p->row_bytes);
    }
    return 0;
}

/* Rows of a checkpoint from row `at` on: the bundle seen as one of n rows. */
static int source_rows(struct operand *o, uint64_t at, uint64_t n, float *out, struct err *e)
{
    struct bundle view = o->b;
    struct part part[PARTS_MAX];

    memcpy(part, o->b.part, (size_t)o->b.parts * sizeof *part);
    view.part = part;
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

/* Runs of rows that follow each other are read at once. */
static int mapped_rows(struct operand *o, uint64_t n, float *out, struct err *e)
{
    const int64_t *map = o->map + o->row;
    uint64_t run;

    memset(out, 0, n * o->b.cols * sizeof *out);
    for (uint64_t r = 0; r < n; r += run) {
        run = 1;
        if (map[r] < 0 || (uint64_t)map[r] >= o->b.rows)
            continue;
        while (r + run < n && map[r + run] == map[r] + (int64_t)run && (uint64_t)map[r + run] < o->b.rows)
            run++;
        if (some_rows(o, (uint64_t)map[r], run, out + r * o->b.cols, e) < 0)
            return -1;
    }
    return 0;
}

static int read_rows(struct operand *o, uint64_t n, float *out, struct err *e)
{
    int rc;

    if (n * o->b.cols == 0)
        return 0;
    if (o->keeps == 2)
        return io_pread(o->spool - 1, out, n * o->b.cols * sizeof *out, o->row * o->b.cols * sizeof *out, e);
    rc = o->map        ? mapped_rows(o, n, out, e)
         : o->head_dim ? following_rows(o, n, out, e)
                       : some_rows(o, o->row, n, out, e);
    for (uint64_t i = 0; rc == 0 && o->add != 0 && i < n * o->b.cols; i++)
        out[i] += o->add;
    if (rc == 0 && o->keeps == 1)
        rc = io_pwrite(o->spool - 1, out, n * o->b.cols * sizeof *out, o->row * o->b.cols * sizeof *out, e);
    return rc;
}

int operand_values(struct operand *o, uint64_t n, float *out, struct err *e)
{
    if (read_rows(o, n, out, e) < 0)
        return -1;
    o->row += n;
    return 0;
}

int operand_rows(struct operand *o, uint64_t n, float *out, struct err *e)
{
    if (read_rows(o, n, out, e) < 0 || check_numbers(o, n, out, e) < 0)
        return -1;
    o->row += n;
    return 0;
}

int operand_by_rows(const struct operand *o)
{
    int known = !o->head_dim && o->add == 0;

    for (int i = 0; i < o->b.terms; i++)
        known = known && form_find(o->b.term[i].form);
    return known;
}

int operand_begin(struct operand *o, struct err *e)
{
    if (o->in) {
        bundle_digest(o->from);
        return bundle_load_companions(o->from, &o->b, e);
    }
    for (int i = 0; i < PARTS_MAX; i++) {
        hasher_free(o->digest[i]);
        o->digest[i] = NULL;
    }
    o->digests = 1;
    return 0;
}

int operand_end(struct operand *o, struct err *e)
{
    uint64_t row0, n;
    float *w;

    if (o->in)
        return bundle_next_rows(o->from, &o->b, &row0, &n, &w, e);
    for (int i = 0; i < o->b.parts; i++)
        if (o->digest[i])
            o->b.part[i].passed = hasher_value128(o->digest[i]);
    o->digests = 0;
    return 0;
}

int operand_keep(struct operand *o, struct err *e)
{
    int fd;

    if (!o->in)
        return 0;
    if (!o->spool) {
        if ((fd = io_spool(e)) < 0)
            return -1;
        o->spool = fd + 1;
    }
    o->keeps = 1;
    return 0;
}

void operand_again(struct operand *o)
{
    o->row = 0;
    o->keeps = o->in ? 2 : 0;
}
