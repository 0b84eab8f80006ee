#include "merge/operand.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ckpt/names.h"

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
    if (o->spool)
        close(o->spool - 1);
    for (int i = 0; i < PARTS_MAX; i++) {
        buf_free(&o->bytes[i]);
        hasher_free(o->digest[i]);
    }
    *o = (struct operand){0};
}

/* Step i of a checkpoint is the current tensor. */
static int take_step(struct operand *o, size_t i, struct err *e)
{
    bundle_free(&o->b);
    o->given[i] = 1;
    o->step = &o->plan.step[i];
    o->row = o->head_dim = 0;
    o->map = NULL;
    o->add = 0;
    o->keeps = o->digests = 0;
    return step_header(o->step, &o->b, e) < 0 ? -1 : 1;
}

static int take_record(struct operand *o, struct reader *from, int got)
{
    o->from = from;
    o->row = o->waiting = o->head_dim = 0;
    o->add = 0;
    o->keeps = 0;
    return got;
}

/* Is the current tensor a head that says nothing? */
static int is_passed_over(const struct operand *o)
{
    return o->tied && o->b.role && strcmp(o->b.role, "head") == 0;
}

static int next(struct operand *o, struct err *e)
{
    if (o->in)
        return take_record(o, o->in, bundle_read(o->in, &o->b, e));
    return o->next < o->plan.n ? take_step(o, o->next++, e) : 0;
}

int operand_next(struct operand *o, struct err *e)
{
    int got;

    while ((got = next(o, e)) > 0 && is_passed_over(o))
        ;
    return got;
}

const struct attrs *operand_model(const struct operand *o)
{
    return o->in ? &reader_head(o->in)->model : &o->plan.model;
}

void operand_agree(struct operand *o, int n)
{
    const char *arch = NULL;

    for (int k = 0; k < n && !arch; k++)
        arch = attrs_str(operand_model(&o[k]), "arch", NULL);
    for (int k = 0; arch && k < n; k++)
        o[k].arch = mem_strdup(attrs_str(operand_model(&o[k]), "arch", arch));
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

static int rest(struct operand *o, struct err *e)
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

int operand_rest(struct operand *o, struct err *e)
{
    int got;

    while ((got = rest(o, e)) > 0 && is_passed_over(o))
        ;
    return got;
}

int operand_follow(struct operand *o, const struct operand *leader, struct err *e)
{
    uint64_t n = o->b.shape.rank < 2 ? o->b.cols : o->b.rows;
    int mine = names_interleaved(operand_model(o), o->arch, o->b.name);

    o->add = names_offset(o->arch, o->b.name, leader->b.name);
    if (!names_rotary(o->arch, o->b.name) ||
        mine == names_interleaved(operand_model(leader), leader->arch, leader->b.name))
        return 0;
    o->to_pairs = !mine;
    o->head_dim = (uint64_t)attrs_int(operand_model(o), "head_dim", attrs_int(operand_model(leader), "head_dim", 0));
    if (o->head_dim < 2 || o->head_dim % 2 || n % o->head_dim)
        return err_set(e,
                       "%s: %llu rows in %s, which are no whole number of heads of %llu that %s has in another order",
                       o->b.name, (unsigned long long)n, o->path, (unsigned long long)o->head_dim, leader->path);
    return 0;
}

int operand_load(struct operand *o, struct err *e)
{
    if (o->in)
        return bundle_load(o->from, &o->b, e);
    return o->b.loaded ? 0 : source_load(&o->source, o->step->t, o->step->view, &o->b, e);
}

/* Rows [r, r + n) of the weight's in one part; a fixed one is whole in the first. */
static int pass_part(struct operand *o, struct writer *out, int i, uint64_t r, uint64_t n, struct err *e)
{
    const struct part *p = &o->b.part[i];

    if (p->term < 0 || p->row_bytes == 0 || r >= p->rows || (p->fixed && r > 0))
        return 0;
    n = p->fixed || p->rows - r < n ? p->rows - r : n;
    o->bytes[i].len = 0;
    if (source_part(&o->source, o->step->t, o->step->view, p, r, n,
                    buf_space(&o->bytes[i], (size_t)(n * p->row_bytes) + 1), e) < 0)
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
