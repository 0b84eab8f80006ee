/* companion: what a bundle tells of its weight beside the value: read as f32, replaced, lent to others of the layer. */
#include <stdlib.h>
#include <string.h>

#include "tensor/bundle.h"
#include "tensor/lent.h"

static const char *adds(const char *companion)
{
    if (strcmp(companion, "score") == 0)
        return "wscore";
    if (strcmp(companion, "mask") == 0)
        return "wprune";
    return "mcalib";
}

/* The companion, if it is loaded, of that many elements and read as f32; else NULL. */
static const struct part *good_companion(const struct bundle *b, const char *name, uint64_t want, struct err *e)
{
    const struct part *p = bundle_part(b, -1, name);
    uint64_t n = p ? shape_count(&p->shape) : 0;
    char text[200];

    if (!p || !p->data) {
        if (!p)
            err_set(e, "has no companion %s: does the pipe lack a %s before this filter?", name, adds(name));
        else
            err_set(e, "companion %s was not loaded", name);
        return NULL;
    }
    if (want && n != want) {
        err_set(e, "companion %s is %s, %llu elements are wanted: was %s run on the same model?", name,
                shape_text(&p->shape, text), (unsigned long long)want, adds(name));
        return NULL;
    }
    if (!dtype_info(p->dtype)->reads_f32) {
        err_set(e, "companion %s is of type %s, which is not read as f32", name, dtype_info(p->dtype)->name);
        return NULL;
    }
    return p;
}

static float *companion_copy(const struct part *p)
{
    uint64_t n = shape_count(&p->shape);
    float *v = mem_resize(NULL, n, sizeof *v);

    dtype_to_f32(p->dtype, p->data, v, n);
    return v;
}

float *bundle_companion(const struct bundle *b, const char *name, uint64_t want, struct err *e)
{
    const struct part *p = good_companion(b, name, want, e);

    return p ? companion_copy(p) : NULL;
}

const float *bundle_companion_view(const struct bundle *b, const char *name, uint64_t want, float **own, struct err *e)
{
    const struct part *p = good_companion(b, name, want, e);

    *own = p && p->dtype != DT_F32 ? companion_copy(p) : NULL;
    return *own ? *own : p ? (const float *)(const void *)p->data : NULL;
}

void bundle_give_companion(struct bundle *b, const char *name, const struct shape *s, float *v)
{
    struct part *old = bundle_part(b, -1, name);
    int shared = old && (old->shared || old->same);
    struct part *p;

    bundle_drop_part(b, -1, name);
    p = bundle_declare_part(b, -1, name, DT_F32, s);
    p->shared = shared;
    p->data = (uint8_t *)v;
}

void bundle_set_companion(struct bundle *b, const char *name, const struct shape *s, const float *v)
{
    uint64_t n = shape_count(s);
    float *copy = mem_new(n + 1, sizeof *copy);

    memcpy(copy, v, n * sizeof *copy);
    bundle_give_companion(b, name, s, copy);
}

static void share(struct bundle *b, struct part *p)
{
    if (p && !p->same && !p->shared)
        p->shared = b->touched = 1;
}

void bundle_lend_part(struct bundle *to, int to_term, struct bundle *from, int term, const char *name)
{
    struct part *p = bundle_part(from, term, name), *q;

    if (!p || !p->data)
        return;
    if (!p->lent) {
        struct lent *l = lent_new(p->data, p->rows * p->row_bytes);

        p->data = NULL;
        part_lend(p, l);
        lent_drop(l);
    }
    bundle_drop_part(to, to_term, name);
    q = bundle_declare_part(to, to_term, name, p->dtype, &p->shape);
    part_lend(q, p->lent);
    share(from, p);
    share(to, q);
}

void bundle_lend(struct bundle *to, struct bundle *from, const char *name)
{
    bundle_lend_part(to, -1, from, -1, name);
}

void bundle_share(struct bundle *b, const char *name)
{
    share(b, bundle_part(b, -1, name));
}

void bundle_drop_stale(struct bundle *b)
{
    static const char *const stale[] = {"score", "mask", "grad"};

    for (size_t i = 0; i < sizeof stale / sizeof *stale; i++)
        bundle_drop_part(b, -1, stale[i]);
}
