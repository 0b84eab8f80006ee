#include "tensor/codes.h"

#include <string.h>

static int look_round(const struct attrs *t, struct codes *c, struct err *e)
{
    const char *name = attrs_str(t, "round", "F32");
    int type = dtype_find(name);

    if (type != DT_F32 && type != DT_F16 && type != DT_BF16)
        return err_set(e, "values are rounded to '%.40s', F16, BF16 and F32 are known", name);
    c->round = (enum dtype)type;
    return 0;
}

int codes_look(const struct bundle *b, int term, struct codes *c, struct err *e)
{
    const struct attrs *t = &b->term[term].attrs;
    int64_t group = attrs_int(t, "group", 0);
    const struct part *s;

    c->bits = (int)attrs_int(t, "bits", 0);
    if (attrs_int(t, "bits", 0) < 1 || attrs_int(t, "bits", 0) > 8)
        return err_set(e, "%s codes have %lld bits, 1 to 8 are allowed", b->term[term].form,
                       (long long)attrs_int(t, "bits", 0));
    if (group < 0)
        return err_set(e, "%s groups have %lld columns", b->term[term].form, (long long)group);
    c->codes = form_part(b, term, "codes", e);
    c->scales = s = form_part(b, term, "scales", e);
    c->index = bundle_part(b, term, "index");
    if (!c->codes || !s)
        return -1;
    c->group = c->index ? 1 : group ? (uint64_t)group : b->cols ? b->cols : 1;
    c->groups = c->index ? (s->shape.rank ? s->shape.dim[s->shape.rank - 1] : 1)
                         : b->cols / c->group + (b->cols % c->group != 0);
    return look_round(t, c, e);
}

int codes_check(const struct bundle *b, int term, struct codes *c, struct err *e)
{
    if (codes_look(b, term, c, e) < 0)
        return -1;
    if (c->codes->dtype != DT_U8)
        return err_set(e, "part codes is of type %s, U8 is wanted", dtype_info(c->codes->dtype)->name);
    if (c->index && c->index->dtype != DT_U16 && c->index->dtype != DT_U32)
        return err_set(e, "part index is of type %s, U16 or U32 is wanted", dtype_info(c->index->dtype)->name);
    if (c->index && (form_want(b, c->index, 1, b->cols, e) < 0 || c->groups > UINT32_MAX))
        return -1;
    if (form_want(b, c->codes, b->rows, b->cols / 8 * (uint64_t)c->bits + (b->cols % 8 * (uint64_t)c->bits + 7) / 8,
                  e) < 0)
        return -1;
    return form_want(b, c->scales, b->rows, c->groups, e) < 0 || form_want_real(c->scales, e) < 0 ? -1 : 0;
}

int codes_groups(const struct codes *c, uint64_t cols, uint32_t *of, struct err *e)
{
    for (uint64_t i = 0; i < cols; i++) {
        uint16_t half;

        if (!c->index) {
            of[i] = (uint32_t)(i / c->group);
        } else if (c->index->dtype == DT_U32) {
            memcpy(&of[i], c->index->data + 4 * i, 4);
        } else {
            memcpy(&half, c->index->data + 2 * i, 2);
            of[i] = half;
        }
        if (of[i] >= c->groups)
            return err_set(e, "column %llu is of group %u, there are %llu", (unsigned long long)i, of[i],
                           (unsigned long long)c->groups);
    }
    return 0;
}

void codes_add(const struct codes *c, const float *value, uint64_t n, float *out)
{
    uint8_t room[512];
    float up[256];

    for (uint64_t i = 0; i < n; i += 256) {
        size_t m = n - i < 256 ? (size_t)(n - i) : 256;
        const float *v = value + i;

        if (c->round != DT_F32) {
            dtype_from_f32(c->round, v, room, m);
            dtype_to_f32(c->round, room, up, m);
            v = up;
        }
        for (size_t k = 0; k < m; k++)
            out[i + k] += v[k];
    }
}
