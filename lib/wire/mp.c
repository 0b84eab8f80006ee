#include "wire/mp.h"

#include <msgpack/pack.h>
#include <string.h>

static uint64_t be(const uint8_t *p, int n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | *p++;
    return v;
}

/* Bytes that follow the tag as a number: a value or a length. -1 for 0xc1; fix forms have none. */
static int number_bytes(uint8_t tag)
{
    static const signed char width[32] = {
        0, -1, 0, 0, 1, 2, 4, 1, 2, 4, 4, 8, 1, 2, 4, 8, /* c0..cf */
        1, 2,  4, 8, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4, /* d0..df */
    };

    return tag >= 0xc0 && tag < 0xe0 ? width[tag - 0xc0] : 0;
}

static double float_of(uint64_t bits, int width)
{
    uint32_t half = (uint32_t)bits;
    float f;
    double d;

    memcpy(&f, &half, sizeof f);
    memcpy(&d, &bits, sizeof d);
    return width == 4 ? (double)f : d;
}

static void set_int(struct mp_value *v, uint64_t u, int signed_bytes)
{
    int shift = 64 - 8 * signed_bytes;

    v->kind = MP_INT;
    v->u = signed_bytes ? (uint64_t)((int64_t)(u << shift) >> shift) : u;
    v->negative = signed_bytes && (int64_t)v->u < 0;
}

/* Kind and count of a tag; u is the number behind it. */
static void classify(struct mp_value *v, uint8_t tag, uint64_t u, int width)
{
    if (tag < 0x80 || tag >= 0xe0)
        set_int(v, tag, tag < 0x80 ? 0 : 1);
    else if (tag < 0x90)
        v->kind = MP_MAP, v->n = tag & 15;
    else if (tag < 0xa0)
        v->kind = MP_ARRAY, v->n = tag & 15;
    else if (tag < 0xc0)
        v->kind = MP_STR, v->n = tag & 31;
    else if (tag == 0xc0)
        v->kind = MP_NIL;
    else if (tag <= 0xc3)
        v->kind = MP_BOOL, v->u = tag & 1;
    else if (tag <= 0xc6)
        v->kind = MP_BIN, v->n = (uint32_t)u;
    else if (tag <= 0xc9)
        v->kind = MP_EXT, v->n = (uint32_t)u;
    else if (tag <= 0xcb)
        v->kind = MP_FLOAT, v->f = float_of(u, width);
    else if (tag <= 0xd3)
        set_int(v, u, tag < 0xd0 ? 0 : width);
    else if (tag <= 0xd8)
        v->kind = MP_EXT, v->n = 1u << (tag - 0xd4);
    else if (tag <= 0xdb)
        v->kind = MP_STR, v->n = (uint32_t)u;
    else
        v->kind = tag <= 0xdd ? MP_ARRAY : MP_MAP, v->n = (uint32_t)u;
}

int mp_next(struct mp_in *m, struct mp_value *v)
{
    size_t left = (size_t)(m->end - m->p), payload = 0;
    int width;

    *v = (struct mp_value){0};
    if (left == 0 || (width = number_bytes(*m->p)) < 0 || left - 1 < (size_t)width)
        return -1;
    classify(v, *m->p, be(m->p + 1, width), width);
    m->p += 1 + width;
    left -= 1 + (size_t)width;
    if (v->kind == MP_STR || v->kind == MP_BIN)
        payload = v->n;
    else if (v->kind == MP_EXT)
        payload = (size_t)v->n + 1; /* the type byte */
    if (payload > left)
        return -1;
    v->p = m->p;
    m->p += payload;
    return 0;
}

int mp_skip(struct mp_in *m, struct mp_in *object)
{
    uint64_t pending = 1;
    struct mp_value v;

    object->p = m->p;
    for (; pending; pending--) {
        if (mp_next(m, &v) < 0)
            return -1;
        if (v.kind == MP_ARRAY)
            pending += v.n;
        else if (v.kind == MP_MAP)
            pending += 2 * (uint64_t)v.n;
    }
    object->end = m->p;
    return 0;
}

static int check_depth(struct mp_in *m, const uint8_t *start, int depth, struct err *e)
{
    struct mp_value v;
    uint64_t items;

    if (depth > MP_DEPTH_MAX)
        return err_set(e, "msgpack is nested deeper than %d at byte %zu", MP_DEPTH_MAX, (size_t)(m->p - start));
    if (mp_next(m, &v) < 0)
        return err_set(e, "msgpack is damaged or cut at byte %zu", (size_t)(m->p - start));
    if (v.kind != MP_ARRAY && v.kind != MP_MAP)
        return 0;
    items = v.kind == MP_MAP ? 2 * (uint64_t)v.n : v.n;
    if (items > (uint64_t)(m->end - m->p))
        return err_set(e, "msgpack claims %llu items at byte %zu where %zu bytes are left", (unsigned long long)items,
                       (size_t)(m->p - start), (size_t)(m->end - m->p));
    while (items--)
        if (check_depth(m, start, depth + 1, e) < 0)
            return -1;
    return 0;
}

int mp_check(const void *p, size_t n, struct err *e)
{
    const uint8_t *start = p;
    struct mp_in m = {start, start + n};

    if (check_depth(&m, start, 0, e) < 0)
        return -1;
    if (m.p != m.end)
        return err_set(e, "msgpack object of %zu bytes is followed by %zu more", (size_t)(m.p - start),
                       (size_t)(m.end - m.p));
    return 0;
}

const char *mp_kind_name(enum mp_kind k)
{
    static const char *const name[] = {"nil",    "a boolean",    "an integer", "a float", "a string",
                                       "binary", "an extension", "an array",   "a map"};
    return name[k];
}

int mp_is_text(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < n;) {
        uint32_t c = p[i];
        int more = c < 0x80 ? 0 : c < 0xc2 ? -1 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : -1;

        if (c == 0 || more < 0 || n - i - 1 < (size_t)more)
            return 0;
        c &= more ? 0x3fu >> more : 0x7fu;
        for (int k = 1; k <= more; k++) {
            if ((p[i + (size_t)k] & 0xc0) != 0x80)
                return 0;
            c = c << 6 | (p[i + (size_t)k] & 0x3f);
        }
        if ((more == 2 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) || (more == 3 && (c < 0x10000 || c > 0x10ffff)))
            return 0;
        i += 1 + (size_t)more;
    }
    return 1;
}

static int add(void *b, const char *p, size_t n)
{
    buf_add(b, p, n);
    return 0;
}

static msgpack_packer packer(struct buf *b)
{
    return (msgpack_packer){b, add};
}

void mp_put_nil(struct buf *b)
{
    msgpack_packer k = packer(b);
    msgpack_pack_nil(&k);
}

void mp_put_bool(struct buf *b, int v)
{
    msgpack_packer k = packer(b);
    v ? msgpack_pack_true(&k) : msgpack_pack_false(&k);
}

void mp_put_int(struct buf *b, int64_t v)
{
    msgpack_packer k = packer(b);
    msgpack_pack_int64(&k, v);
}

void mp_put_uint(struct buf *b, uint64_t v)
{
    msgpack_packer k = packer(b);
    msgpack_pack_uint64(&k, v);
}

void mp_put_f64(struct buf *b, double v)
{
    msgpack_packer k = packer(b);
    msgpack_pack_double(&k, v);
}

void mp_put_strn(struct buf *b, const void *s, size_t n)
{
    msgpack_packer k = packer(b);
    msgpack_pack_str(&k, n);
    buf_add(b, s, n);
}

void mp_put_str(struct buf *b, const char *s)
{
    mp_put_strn(b, s, strlen(s));
}

void mp_put_bin(struct buf *b, const void *p, size_t n)
{
    msgpack_packer k = packer(b);
    msgpack_pack_bin(&k, n);
    buf_add(b, p, n);
}

void mp_put_array(struct buf *b, uint32_t items)
{
    msgpack_packer k = packer(b);
    msgpack_pack_array(&k, items);
}

void mp_put_map(struct buf *b, uint32_t pairs)
{
    msgpack_packer k = packer(b);
    msgpack_pack_map(&k, pairs);
}
