#include <stdlib.h>
#include <string.h>

#include "tensor/header.h"
#include "tensor/lent.h"
#include "tensor/number.h"
#include "tensor/stream.h"
#include "tensor/twin_lines.h"
#include "tensor/twin_words.h"

static uint64_t count_words(const char *s)
{
    uint64_t n = 0;

    for (s += strspn(s, " \t"); *s; s += strspn(s, " \t")) {
        s += strcspn(s, " \t");
        n++;
    }
    return n;
}

/* The line is row r of a part of cols numbers; append its bytes to data. */
static int take_row(struct twin *t, const struct part *p, uint64_t r, uint64_t cols, struct buf *data, struct err *e)
{
    char shape[200], *rest = t->line, *word;
    uint64_t n = count_words(t->line), c = 0;
    uint8_t *row;

    if (n != cols)
        return err_set(e, "row %llu of part %s has %llu numbers, shape %s needs %llu", (unsigned long long)r, p->name,
                       (unsigned long long)n, shape_text(&p->shape, shape), (unsigned long long)cols);
    row = memset(buf_space(data, p->row_bytes), 0, p->row_bytes);
    data->len += p->row_bytes;
    while ((word = strsep(&rest, " \t")))
        if (*word && number_parse(p->dtype, word, row, c++, e) < 0)
            return err_in(e, "row %llu of part %s", (unsigned long long)r, p->name);
    return 0;
}

static int take_rows(struct twin *t, struct part *p, uint64_t cols, struct err *e)
{
    struct buf data = {0};
    int rc = 0;

    for (uint64_t r = 0; r < p->rows && cols && rc == 0; r++) {
        int got = twin_line(t, e);

        if (got == 0)
            err_set(e, "the text ends before row %llu of part %s, which has %llu", (unsigned long long)r, p->name,
                    (unsigned long long)p->rows);
        rc = got < 0 ? -1 : got == 0 || take_row(t, p, r, cols, &data, e) < 0 ? twin_fail(t, e) : 0;
    }
    buf_space(&data, 1); /* a part without elements has data too */
    p->data = data.data;
    return rc;
}

/* The text value of a key that the header has a field for, taken out of the further keys. NULL when absent. */
static char *take_str(struct attrs *a, const char *key)
{
    const char *s = attrs_str(a, key, NULL);
    char *copy = s ? mem_strdup(s) : NULL;

    if (copy)
        attrs_drop(a, key);
    return copy;
}

/* The same for a number or a truth value; one of another kind is left for check_header to refuse. */
static int64_t take_int(struct attrs *a, const char *key, enum attr_kind kind, int64_t otherwise)
{
    const struct attr *x = attrs_find(a, key);
    int64_t v = x && x->kind == kind ? x->i : otherwise;

    if (x && x->kind == kind && v >= 0)
        attrs_drop(a, key);
    return v;
}

/* "part NAME DTYPE SHAPE [shared=true] [KEY=VALUE]...". */
static int take_part_line(struct twin *t, struct part *p, struct err *e)
{
    char *type;
    int found;

    if (twin_word(t, &p->name, e) < 0 || twin_word(t, &type, e) < 0)
        return -1;
    found = dtype_find(type);
    if (found < 0)
        err_set(e, "%s is no type of elements", type);
    free(type);
    if (found < 0 || word_take_shape(&t->at, &p->shape, e) < 0 || word_take_attrs(&t->at, &p->more, e) < 0)
        return -1;
    p->dtype = (enum dtype)found;
    p->shared = take_int(&p->more, "shared", ATTR_BOOL, 0) != 0;
    return part_set_size(p, e);
}

/* Its line and its rows: a part of the last term, or a companion before the first. */
static int take_part(struct twin *t, struct bundle *b, struct err *e)
{
    struct part line = {0}, *p;
    int rc = b->parts == PARTS_MAX ? err_set(e, "%s has more than %d parts", b->name, PARTS_MAX)
                                   : take_part_line(t, &line, e);

    if (rc == 0 && bundle_part(b, b->terms - 1, line.name))
        rc = err_set(e, "part %s is there twice", line.name);
    if (rc < 0) {
        free(line.name);
        attrs_free(&line.more);
        return twin_fail(t, e);
    }
    p = bundle_declare_part(b, b->terms - 1, line.name, line.dtype, &line.shape);
    p->shared = line.shared;
    p->more = line.more;
    free(line.name);
    return take_rows(t, p, p->rows ? shape_count(&p->shape) / p->rows : 0, e);
}

static int take_term(struct twin *t, struct bundle *b, struct err *e)
{
    struct term *x;

    if (b->terms == TERMS_MAX) {
        err_set(e, "%s has more than %d terms", b->name, TERMS_MAX);
        return twin_fail(t, e);
    }
    bundle_room_term(b);
    x = &b->term[b->terms++];
    *x = (struct term){0};
    return twin_word(t, &x->form, e) == 0 && word_take_attrs(&t->at, &x->attrs, e) == 0 ? 0 : twin_fail(t, e);
}

/* "tensor NAME SHAPE [role=ROLE] [layer=N] [expert=N] [KEY=VALUE]...". */
static int take_tensor_line(struct twin *t, struct bundle *b, struct err *e)
{
    struct shape s;

    if (twin_word(t, &b->name, e) < 0 || word_take_shape(&t->at, &s, e) < 0 || bundle_set_shape(b, &s, e) < 0 ||
        word_take_attrs(&t->at, &b->more, e) < 0)
        return -1;
    b->role = take_str(&b->more, "role");
    b->layer = take_int(&b->more, "layer", ATTR_INT, -1);
    b->expert = take_int(&b->more, "expert", ATTR_INT, -1);
    return 0;
}

/* Would a reader take it? Limits, keys that are the header's own, the forms' needs: all are checked there. */
static int check_header(const struct bundle *b, struct err *e)
{
    struct buf body = {0};
    struct bundle back = {0};
    int rc = header_put(&body, b, e) < 0 || header_read(&back, body.data, body.len, e) < 0 ? -1 : 0;

    if (rc < 0 && *b->name && word_is_utf8(b->name, strlen(b->name)))
        err_in(e, "%.200s", b->name);
    bundle_free(&back);
    buf_free(&body);
    return rc;
}

static int take_tensor(struct twin *t, struct bundle *b, struct err *e)
{
    int got;

    if (take_tensor_line(t, b, e) < 0)
        return twin_fail(t, e);
    b->loaded = b->touched = 1;
    while ((got = twin_keyword(t, e)) > 0) {
        if (twin_is(t, "part"))
            got = take_part(t, b, e);
        else if (twin_is(t, "term"))
            got = take_term(t, b, e);
        else
            break;
        if (got < 0)
            return -1;
    }
    t->again = got > 0;
    if (got == 0)
        err_set(e, "the text ends after %s, without an 'end' line", b->name);
    return got <= 0 || check_header(b, e) < 0 ? twin_fail(t, e) : 0;
}

static int digit_value(char c)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digit, c) : NULL;

    return at ? (int)(at - digit) : -1;
}

static int take_base64(const char *s, struct buf *out, struct err *e)
{
    for (; *s; s += 4) {
        int v[4], pad = 0;

        for (int i = 0; i < 4; i++) {
            v[i] = pad ? -1 : digit_value(s[i]);
            if (v[i] < 0) { /* the last one or two of a line may be '=' */
                if (s[i] != '=' || i < 2 || (i == 2 ? s[3] != '=' : s[4] != '\0'))
                    return err_set(e, "base64 does not go on at '%.8s'", s);
                v[i] = 0, pad++;
            }
        }
        uint8_t byte[3] = {(uint8_t)(v[0] << 2 | v[1] >> 4), (uint8_t)(v[1] << 4 | v[2] >> 2),
                           (uint8_t)(v[2] << 6 | v[3])};
        buf_add(out, byte, (size_t)(3 - pad));
        if (pad)
            break;
    }
    return 0;
}

/* The lines that begin with '|', ':' or '=', joined. */
static int take_payload(struct twin *t, struct buf *out, struct err *e)
{
    int got;

    out->len = 0;
    while ((got = twin_line(t, e)) > 0) {
        const char *s = t->line + 1;

        if (*t->line == '|' || *t->line == ':')
            buf_puts(out, s);
        else if (*t->line != '=')
            break;
        if (*t->line == '|')
            buf_add(out, "\n", 1);
        if (*t->line == '=' && take_base64(s, out, e) < 0)
            return twin_fail(t, e);
    }
    t->again = got > 0;
    return got < 0 ? -1 : 0;
}

/* The name of a file, as readers take it. */
static int take_file_name(struct twin *t, struct item *it, struct err *e)
{
    if (twin_word(t, &it->name, e) < 0)
        return -1;
    if (strlen(it->name) > 255 || !word_is_utf8(it->name, strlen(it->name)))
        return err_set(e, "\"%.200s\" is no plain file name", it->name);
    return file_name_check(it->name, it->kind == ITEM_BLOB, e);
}

/* The record that the keyword begins, but for its payload. */
static int take_record(struct twin *t, struct item *it, struct err *e)
{
    if (twin_is(t, "blob")) {
        it->kind = ITEM_BLOB;
        it->kind_name = "blob";
        return take_file_name(t, it, e) < 0 ? -1 : word_end(t->at, e);
    }
    if (twin_is(t, "text")) {
        it->kind = ITEM_TEXT;
        it->kind_name = "text";
        return twin_u64(t, &it->size, e) < 0 ? -1 : word_end(t->at, e);
    }
    if (twin_is(t, "stat")) {
        it->kind = ITEM_STAT;
        it->kind_name = "stat";
        return take_file_name(t, it, e) < 0 ? -1 : word_take_attrs(&t->at, &it->attrs, e);
    }
    return err_set(e, "'%s' begins no record", t->keyword);
}

int twin_next(struct twin *t, struct item *it, struct buf *payload, struct err *e)
{
    int got;

    item_free(it);
    got = twin_keyword(t, e);
    if (got == 0) {
        err_set(e, "the text ends without an 'end' line");
        return twin_fail(t, e);
    }
    if (got > 0 && twin_is(t, "end"))
        return word_take_attrs(&t->at, &it->attrs, e) < 0 ? twin_fail(t, e) : 0;
    if (got > 0 && twin_is(t, "tensor")) {
        it->kind = ITEM_TENSOR;
        it->kind_name = "tensor";
        return take_tensor(t, &it->b, e) < 0 ? -1 : 1;
    }
    if (got < 0 || take_record(t, it, e) < 0)
        return got < 0 ? -1 : twin_fail(t, e);
    return take_payload(t, payload, e) < 0 ? -1 : 1;
}
