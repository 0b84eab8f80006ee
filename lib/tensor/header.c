#include "tensor/header.h"

#include <stdlib.h>
#include <string.h>

#include "tensor/fields.h"
#include "tensor/form.h"
#include "tensor/lent.h"

#define WORD_MAX 256 /* bytes of a part's, a form's, a role's name */

static int row_fits(const struct part *p, struct err *e)
{
    uint64_t rows, row_bytes;

    part_wire_size(p, &rows, &row_bytes);
    if (rows && row_bytes > ROW_MAX)
        return err_set(e, "part %s has rows of %llu bytes, the limit is %llu: a chunk holds whole rows", p->name,
                       (unsigned long long)row_bytes, (unsigned long long)ROW_MAX);
    return 0;
}

static int read_dtype(struct fields *f, enum dtype *t, struct err *e)
{
    char *name;
    int found;

    if (fields_text(f, "dtype", 1, WORD_MAX, &name, e) < 0)
        return -1;
    found = dtype_find(name);
    if (found < 0)
        err_set(e, "%s: dtype %s is unknown", f->what, name);
    free(name);
    *t = (enum dtype)found;
    return found < 0 ? -1 : 0;
}

static int read_flag(struct fields *f, const char *key, int *flag, struct err *e)
{
    struct mp_value v;
    int got = fields_get(f, key, MP_BOOL, &v, e);

    *flag = got > 0 && v.u;
    return got < 0 ? -1 : 0;
}

static int read_part_fields(struct bundle *b, struct part *p, struct fields *f, struct err *e)
{
    int64_t term = -1;

    if (fields_text(f, "part", 1, WORD_MAX, &p->name, e) < 0 || fields_int(f, "term", 0, b->terms - 1, &term, e) < 0 ||
        read_dtype(f, &p->dtype, e) < 0 || fields_shape(f, "shape", &p->shape, e) < 0 ||
        read_flag(f, "fixed", &p->fixed, e) < 0 || read_flag(f, "shared", &p->shared, e) < 0 ||
        fields_text(f, "same", 0, NAME_MAX_BYTES, &p->same, e) < 0)
        return -1;
    p->term = (int)term;
    fields_unused(f, &p->more);
    if (bundle_part(b, p->term, p->name) != p)
        return err_set(e, "part %s of term %d is there twice", p->name, p->term);
    if (term < 0 ? p->fixed : !p->fixed && (p->shared || p->same))
        return err_set(e, "part %s: %s is not for %s", p->name, term < 0 ? "fixed" : "shared or same",
                       term < 0 ? "companions" : "parts of the value that follow its rows");
    if (p->shared && p->same)
        return err_set(e, "part %s: it is shared, or the same as another: not both", p->name);
    return part_set_size(p, e) < 0 ? -1 : row_fits(p, e);
}

static int read_part(struct bundle *b, struct mp_in *m, struct err *e)
{
    struct part *p;
    const struct part *before;
    struct fields f;
    int rc;

    bundle_room_part(b);
    p = &b->part[b->parts];
    before = b->parts ? p - 1 : NULL;
    *p = (struct part){.wire = b->parts};
    rc = fields_read(&f, m, "a part", e);
    b->parts++;
    if (rc == 0)
        rc = read_part_fields(b, p, &f, e);
    fields_free(&f);
    if (rc < 0 && !p->name)
        p->name = mem_strdup("");
    if (rc == 0 && before && (p->term < before->term || (p->term == before->term && p->fixed > before->fixed)))
        return err_set(
            e, "part %s (term %d) comes behind %s (term %d): the order is companions, then by term, fixed ones first",
            p->name, p->term, before->name, before->term);
    return rc;
}

static int read_term(struct bundle *b, struct mp_in *m, struct err *e)
{
    struct term *t;
    struct fields f;
    int rc = fields_read(&f, m, "a term", e);

    bundle_room_term(b);
    t = &b->term[b->terms++];
    *t = (struct term){0};
    if (rc == 0)
        rc = fields_text(&f, "form", 1, WORD_MAX, &t->form, e);
    if (rc == 0)
        fields_unused(&f, &t->attrs);
    else if (!t->form)
        t->form = mem_strdup("");
    fields_free(&f);
    return rc;
}

/* The items of an array field, each read by fn. */
static int read_items(struct bundle *b, struct fields *f, const char *key, uint32_t limit,
                      int (*fn)(struct bundle *, struct mp_in *, struct err *), struct err *e)
{
    struct mp_value v;
    struct mp_in m;
    int got = fields_get(f, key, MP_ARRAY, &v, e);

    if (got <= 0)
        return got < 0 ? -1 : err_set(e, "%s lacks its %s", f->what, key);
    if (v.n > limit)
        return err_set(e, "%s has %u %s, the limit is %u", f->what, v.n, key, limit);
    m = fields_find(f, key)->value;
    mp_next(&m, &v);
    for (uint32_t i = 0; i < v.n; i++)
        if (fn(b, &m, e) < 0)
            return -1;
    return 0;
}

static int read_fields(struct bundle *b, struct fields *f, struct err *e)
{
    struct shape s;

    if (fields_text(f, "name", 1, NAME_MAX_BYTES, &b->name, e) < 0 || fields_shape(f, "shape", &s, e) < 0 ||
        bundle_set_shape(b, &s, e) < 0 || fields_text(f, "role", 0, WORD_MAX, &b->role, e) < 0 ||
        fields_int(f, "layer", -1, INT64_C(1) << 40, &b->layer, e) < 0 ||
        fields_int(f, "expert", -1, INT64_C(1) << 40, &b->expert, e) < 0 ||
        read_items(b, f, "terms", TERMS_MAX, read_term, e) < 0 ||
        read_items(b, f, "parts", PARTS_MAX, read_part, e) < 0)
        return -1;
    fields_unused(f, &b->more);
    return 0;
}

static int check_forms(const struct bundle *b, struct err *e)
{
    for (int t = 0; t < b->terms; t++) {
        const struct form *f = form_find(b->term[t].form);

        if (f && f->check(b, t, e) < 0)
            return -1;
        for (int i = 0; f && i < b->parts; i++)
            if (b->part[i].term == t && b->part[i].fixed != form_is_fixed(f->name, b->part[i].name))
                return err_set(e, "part %s of form %s %s be marked as fixed", b->part[i].name, f->name,
                               b->part[i].fixed ? "must not" : "must");
    }
    return 0;
}

int header_read(struct bundle *b, const void *body, size_t n, struct err *e)
{
    struct mp_in m = {body, (const uint8_t *)body + n};
    struct fields f;
    int rc;

    b->layer = b->expert = -1;
    if (mp_check(body, n, e) < 0)
        return -1;
    rc = fields_read(&f, &m, "header", e);
    if (rc == 0)
        rc = read_fields(b, &f, e);
    fields_free(&f);
    if (!b->name)
        b->name = mem_strdup("");
    return rc < 0 ? -1 : check_forms(b, e);
}

static void put_part(struct buf *out, const struct part *p)
{
    mp_put_map(out, 3u + (p->term >= 0) + (p->fixed != 0) + (p->shared != 0) + (p->same != NULL) + (uint32_t)p->more.n);
    mp_put_str(out, "part");
    mp_put_str(out, p->name);
    if (p->term >= 0) {
        mp_put_str(out, "term");
        mp_put_int(out, p->term);
    }
    mp_put_str(out, "dtype");
    mp_put_str(out, dtype_info(p->dtype)->name);
    mp_put_str(out, "shape");
    shape_put(out, &p->shape);
    if (p->fixed) {
        mp_put_str(out, "fixed");
        mp_put_bool(out, 1);
    }
    if (p->shared) {
        mp_put_str(out, "shared");
        mp_put_bool(out, 1);
    }
    if (p->same) {
        mp_put_str(out, "same");
        mp_put_str(out, p->same);
    }
    attrs_put_pairs(out, &p->more);
}

int header_put(struct buf *out, const struct bundle *b, struct err *e)
{
    size_t n = strlen(b->name);

    if (n == 0 || n > NAME_MAX_BYTES || !mp_is_text(b->name, n))
        return err_set(e, "name of %zu bytes: 1 to %d bytes of UTF-8 are allowed", n, NAME_MAX_BYTES);
    mp_put_map(out, 4u + (b->role != NULL) + (b->layer >= 0) + (b->expert >= 0) + (uint32_t)b->more.n);
    mp_put_str(out, "name");
    mp_put_str(out, b->name);
    mp_put_str(out, "shape");
    shape_put(out, &b->shape);
    if (b->role) {
        mp_put_str(out, "role");
        mp_put_str(out, b->role);
    }
    if (b->layer >= 0) {
        mp_put_str(out, "layer");
        mp_put_int(out, b->layer);
    }
    if (b->expert >= 0) {
        mp_put_str(out, "expert");
        mp_put_int(out, b->expert);
    }
    mp_put_str(out, "terms");
    mp_put_array(out, (uint32_t)b->terms);
    for (int i = 0; i < b->terms; i++) {
        mp_put_map(out, 1u + (uint32_t)b->term[i].attrs.n);
        mp_put_str(out, "form");
        mp_put_str(out, b->term[i].form);
        attrs_put_pairs(out, &b->term[i].attrs);
    }
    mp_put_str(out, "parts");
    mp_put_array(out, (uint32_t)b->parts);
    for (int i = 0; i < b->parts; i++) {
        if (row_fits(&b->part[i], e) < 0)
            return -1;
        put_part(out, &b->part[i]);
    }
    attrs_put_pairs(out, &b->more);
    return 0;
}
