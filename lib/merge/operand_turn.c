/* operand_turn: a loaded tensor in the order of rows that the leader's q and k have. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "merge/operand.h"

/* Does p hold something for each row of q or k? A companion of as many elements as there are inputs tells of these. */
static int by_row(const struct bundle *b, const struct part *p)
{
    uint64_t n = b->shape.rank < 2 ? b->cols : b->rows;

    if (p->fixed || p->shape.rank == 0 || p->shape.dim[0] != n)
        return 0;
    return p->term >= 0 || (strncmp(p->name, "gram", 4) != 0 && (shape_equal(&p->shape, &b->shape) || n != b->cols));
}

void operand_part(const struct operand *o, const struct part *p, uint8_t *to)
{
    uint64_t n = o->b.shape.rank < 2 ? o->b.cols : o->b.rows, bytes = p->rows * p->row_bytes, each = bytes / n;

    if (!o->head_dim || !by_row(&o->b, p))
        memcpy(to, p->data, bytes);
    else
        for (uint64_t r = 0; r < n; r++)
            memcpy(to + r * each, p->data + operand_row(o, r) * each, each);
}

static int held_by_row(const struct bundle *b)
{
    for (int i = 0; i < b->terms; i++)
        if (strcmp(b->term[i].form, "dense") != 0 && strcmp(b->term[i].form, "ggml") != 0 &&
            strcmp(b->term[i].form, "affine") != 0 && strcmp(b->term[i].form, "table") != 0 &&
            strcmp(b->term[i].form, "lowrank") != 0)
            return 0;
    return 1;
}

static int make_dense(struct bundle *b, struct err *e)
{
    float *w = mem_new(b->rows * b->cols + 1, sizeof *w);
    int rc = bundle_rows(b, 0, b->rows, w, e);

    if (rc == 0)
        bundle_set_dense(b, DT_F32, w);
    free(w);
    return rc;
}

/* Part i in the leader's order, as one of its own: its bytes may be other tensors' too. It goes behind its like. */
static void turn_part(struct operand *o, int i)
{
    struct part *p = &o->b.part[i], *q,
                old = {.name = mem_strdup(p->name), .term = p->term, .dtype = p->dtype, .shape = p->shape};

    old.data = mem_resize(NULL, (size_t)(p->rows * p->row_bytes) + 1, 1);
    operand_part(o, p, old.data);
    attrs_copy(&old.more, &p->more);
    bundle_drop_part(&o->b, old.term, old.name);
    q = bundle_add_part(&o->b, old.term, old.name, old.dtype, &old.shape);
    memcpy(q->data, old.data, q->rows * q->row_bytes);
    attrs_copy(&q->more, &old.more);
    attrs_free(&old.more);
    free(old.data);
    free(old.name);
}

int operand_turn(struct operand *o, struct err *e)
{
    if (!o->head_dim)
        return 0;
    if (!held_by_row(&o->b) && make_dense(&o->b, e) < 0)
        return -1;
    for (int i = o->b.parts; i-- > 0;)
        if (by_row(&o->b, &o->b.part[i]))
            turn_part(o, i);
    return 0;
}
