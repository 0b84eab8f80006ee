#include "merge/attach.h"

#include <stdlib.h>
#include <string.h>

#include "merge/adapter.h"

/* Keys of the header that b lacks: they tell of the companions (over how many tokens they are means). */
static void add_keys(struct bundle *b, const struct bundle *f)
{
    for (int i = 0; i < f->more.n; i++) {
        const struct attr *a = &f->more.item[i];

        if (attrs_find(&b->more, a->key))
            continue;
        switch (a->kind) {
        case ATTR_INT:
            attrs_set_int(&b->more, a->key, a->i);
            break;
        case ATTR_BOOL:
            attrs_set_bool(&b->more, a->key, (int)a->i);
            break;
        case ATTR_F64:
            attrs_set_f64(&b->more, a->key, a->f);
            break;
        case ATTR_STR:
            attrs_set_str(&b->more, a->key, attrs_str(&f->more, a->key, ""));
            break;
        case ATTR_RAW:
            attrs_set_raw(&b->more, a->key, a->raw.data, a->raw.len);
            break;
        }
    }
}

/* Copies of the current tensor's companions and of the keys that tell of them. */
static void add_companions(struct bundle *b, const struct operand *from)
{
    const struct bundle *f = &from->b;

    add_keys(b, f);
    b->touched = 1;
    for (int i = 0; i < f->parts; i++) {
        const struct part *p = &f->part[i];
        struct part *q;

        if (p->term >= 0)
            continue;
        bundle_drop_part(b, -1, p->name);
        q = bundle_add_part(b, -1, p->name, p->dtype, &p->shape);
        operand_part(from, p, q->data);
        attrs_copy(&q->more, &p->more);
        if (p->shared || p->same)
            bundle_share(b, p->name);
    }
}

static int attach_one(struct operand *to, struct operand *from, struct err *e)
{
    char ts[200], fs[200];
    char *key = operand_key(to, to->b.name);
    int got = operand_get(from, key, e);

    free(key);
    if (got <= 0)
        return got;
    if (!shape_equal(&to->b.shape, &from->b.shape))
        return err_set(e, "%s: %s in %s, %s in %s", to->b.name, shape_text(&to->b.shape, ts), to->path,
                       shape_text(&from->b.shape, fs), from->path);
    if (operand_follow(from, to, e) < 0 || bundle_load_companions(from->from, &from->b, e) < 0 ||
        (to->in && bundle_load_companions(to->from, &to->b, e) < 0))
        return -1;
    add_companions(&to->b, from);
    return 0;
}

int merge_attach(struct operand *to, struct operand *from, struct writer *out, struct err *e)
{
    int got;

    if (merge_is_adapter(from))
        return merge_adapter(to, from, out, e);
    if (!from->in)
        return err_set(e, "%s is a checkpoint, which has no companions; attach takes them from a stream", from->path);
    while ((got = operand_next(to, e)) > 0)
        if (attach_one(to, from, e) < 0 || operand_pass(to, out, e) < 0)
            return -1;
    while (got == 0 && (got = operand_rest(from, e)) > 0 && operand_computed(from))
        got = 0;
    if (got < 0)
        return -1;
    return got == 0 ? 0 : err_set(e, "%s: is in %s, not in %s, or comes twice", from->b.name, from->path, to->path);
}
