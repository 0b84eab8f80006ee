#include "ckpt/tied.h"

#include <stdlib.h>
#include <string.h>

#define SLAB ((size_t)1 << 20)

static struct step *find(struct plan *p, const char *role)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->step[i].role && strcmp(p->step[i].role, role) == 0)
            return &p->step[i];
    return NULL;
}

/* 1 equal, 0 not, -1. */
static int same_bytes(const struct source *s, const struct file_tensor *a, const struct file_tensor *b, struct err *e)
{
    uint8_t *x, *y;
    int rc = 1;

    if (a->value || b->value || a->bytes != b->bytes || a->dtype != b->dtype || a->blocks != b->blocks ||
        !shape_equal(&a->shape, &b->shape))
        return 0;
    x = mem_new(SLAB, 1);
    y = mem_new(SLAB, 1);
    for (uint64_t at = 0; at < a->bytes && rc == 1; at += SLAB) {
        size_t n = a->bytes - at < SLAB ? (size_t)(a->bytes - at) : SLAB;

        rc = source_read(s, a, at, x, n, e) < 0 || source_read(s, b, at, y, n, e) < 0 ? -1 : memcmp(x, y, n) == 0;
    }
    free(x);
    free(y);
    return rc;
}

int tied_facts(struct plan *p, const struct source *s, struct err *e)
{
    const struct arch *a = arch_of(&p->model);
    const struct arch_weight *w = a ? arch_weight(a, "head", NULL) : NULL;
    struct step *head, *embed;
    int same;

    if (!w || !w->tied || !attrs_int(&p->model, "tied", 0) || !(head = find(p, "head")))
        return 0;
    if (!(embed = find(p, w->tied))) {
        head->role = arch_weight(a, w->tied, NULL)->role;
        head->order = arch_order(a, head->role, -1, -1);
        return 0;
    }
    if ((same = same_bytes(s, head->t, embed->t, e)) == 0)
        attrs_set_bool(&p->model, "tied", 0);
    return same < 0 ? -1 : 0;
}
