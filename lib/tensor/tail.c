#include "tensor/fields.h"
#include "tensor/head.h"

static int get_count(struct fields *f, const char *key, uint64_t *n, struct err *e)
{
    struct mp_value v;
    int got = fields_get(f, key, MP_INT, &v, e);

    if (got < 0)
        return -1;
    if (!got || v.negative)
        return err_set(e, got ? "%s: %s is below 0" : "%s lacks its %s", f->what, key);
    *n = v.u;
    return 0;
}

static int read_model(struct tail *t, struct fields *f, struct err *e)
{
    struct field *model = fields_find(f, "model");
    struct fields sub;
    struct mp_in m;
    int rc;

    if (!model)
        return 0;
    m = model->value;
    rc = fields_read(&sub, &m, "model", e);
    if (rc == 0)
        fields_all(&sub, &t->model);
    fields_free(&sub);
    return rc;
}

int tail_read(struct tail *t, const void *body, size_t n, struct err *e)
{
    struct mp_in m = {body, (const uint8_t *)body + n};
    struct fields f;
    int rc;

    if (mp_check(body, n, e) < 0)
        return -1;
    rc = fields_read(&f, &m, "tail", e);
    if (rc == 0)
        rc = get_count(&f, "records", &t->sum.records, e) < 0 || get_count(&f, "chunks", &t->sum.chunks, e) < 0 ||
                     get_count(&f, "bytes", &t->sum.bytes, e) < 0 || get_count(&f, "digest", &t->sum.digest, e) < 0 ||
                     read_model(t, &f, e) < 0
                 ? -1
                 : 0;
    if (rc == 0)
        fields_unused(&f, &t->more);
    fields_free(&f);
    return rc;
}

void tail_put(struct buf *out, const struct tail *t)
{
    mp_put_map(out, 4u + (t->model.n > 0) + (uint32_t)t->more.n);
    mp_put_str(out, "records");
    mp_put_uint(out, t->sum.records);
    mp_put_str(out, "chunks");
    mp_put_uint(out, t->sum.chunks);
    mp_put_str(out, "bytes");
    mp_put_uint(out, t->sum.bytes);
    mp_put_str(out, "digest");
    mp_put_uint(out, t->sum.digest);
    if (t->model.n) {
        mp_put_str(out, "model");
        attrs_put_map(out, &t->model);
    }
    attrs_put_pairs(out, &t->more);
}

void tail_free(struct tail *t)
{
    attrs_free(&t->model);
    attrs_free(&t->more);
    *t = (struct tail){0};
}
