#include "record/item_json.h"

#include <inttypes.h>
#include <string.h>

#include "record/json.h"
#include "tensor/describe.h"

/* A member; the first begins the object. */
static void put_text(struct buf *out, const char *key, const char *value)
{
    buf_printf(out, "%c\"%s\":", out->len ? ',' : '{', key);
    json_put_string(out, value, strlen(value));
}

static void put_tensor(struct buf *out, const struct bundle *b)
{
    struct buf line = {0}, type = {0};
    char shape[200];
    int n = 0;

    describe_type(&type, b);
    put_text(&line, "tensor", b->name);
    buf_printf(&line, ",\"shape\":%s", shape_text(&b->shape, shape));
    put_text(&line, "type", buf_str(&type));
    buf_printf(&line, ",\"bytes\":%" PRIu64, describe_bytes(b, 0));
    if (b->role)
        put_text(&line, "role", b->role);
    if (b->layer >= 0)
        buf_printf(&line, ",\"layer\":%" PRId64, b->layer);
    buf_puts(&line, ",\"companions\":{");
    for (int i = 0; i < b->parts; i++)
        if (b->part[i].term < 0) {
            buf_puts(&line, n++ ? "," : "");
            json_put_string(&line, b->part[i].name, strlen(b->part[i].name));
            buf_printf(&line, ":%s", shape_text(&b->part[i].shape, shape));
        }
    buf_puts(&line, "}}");
    buf_add(out, line.data, line.len);
    buf_free(&line);
    buf_free(&type);
}

static void put_other(struct buf *out, const struct item *it)
{
    struct buf line = {0};

    put_text(&line, "kind", it->kind_name);
    if (it->name)
        put_text(&line, "name", it->name);
    buf_printf(&line, ",\"size\":%" PRIu64 "}", it->size);
    buf_add(out, line.data, line.len);
    buf_free(&line);
}

void json_put_item(struct buf *out, const struct item *it)
{
    if (it->kind == ITEM_TENSOR)
        put_tensor(out, &it->b);
    else
        put_other(out, it);
}
