#include "ckpt/dtype_key.h"

#include <stdlib.h>
#include <string.h>

#include "arch/config.h"
#include "base/glob.h"

#define TYPES 4

static const struct {
    enum dtype type;
    const char *name;
} types[TYPES] = {{DT_F32, "float32"}, {DT_F16, "float16"}, {DT_BF16, "bfloat16"}, {DT_F64, "float64"}};

static int index_of(int type)
{
    int i = 0;

    while (i < TYPES && (int)types[i].type != type)
        i++;
    return i;
}

static int most(const uint64_t n[TYPES + 1])
{
    int best = 0;

    for (int i = 1; i <= TYPES; i++)
        best = n[i] > n[best] ? i : best;
    return best;
}

void dtype_key_see(struct dtype_key *k, const struct bundle *b)
{
    k->was[index_of(dtype_find(attrs_str(&b->more, "dtype", "")))] += shape_count(&b->shape);
}

static void put(struct buf *text, const char *at, const char *name)
{
    struct buf out = {0};
    size_t from, to;

    if (!config_span(text, &at, &from, &to))
        return;
    buf_add(&out, text->data, from);
    buf_printf(&out, "\"%s\"", name);
    buf_add(&out, text->data + to, text->len - to);
    buf_free(text);
    *text = out;
}

/* Both keys of one object, which lies at `inside` ("", "text_config."). */
static void put_both(struct buf *text, const struct json *obj, const char *inside, const char *name)
{
    static const char *const keys[] = {"dtype", "torch_dtype"};

    for (int i = 0; i < 2; i++)
        if (json_str(obj, keys[i], NULL)) {
            char *at = mem_printf("%s%s", inside, keys[i]);

            put(text, at, name);
            free(at);
        }
}

void dtype_key_correct(const struct dtype_key *k, const struct pile *pile, struct buf *text)
{
    uint64_t now[TYPES + 1] = {0};
    struct json *j;
    struct err e;
    int i;

    for (size_t t = 0; t < pile->n; t++)
        if (!pile->item[t].aside)
            now[pile->item[t].blocks ? TYPES : index_of(pile->item[t].dtype)] += shape_count(&pile->item[t].shape);
    i = most(now);
    if (i == TYPES || i == most(k->was) || !(j = json_parse(text->data, text->len, 64, &e)))
        return;
    if (j->kind == JSON_OBJECT)
        put_both(text, j, "", types[i].name);
    for (const struct json *m = j->kind == JSON_OBJECT ? j->first : NULL; m; m = m->next)
        if (m->kind == JSON_OBJECT && glob_match("*_config", m->key) && strcmp(m->key, "quantization_config") != 0 &&
            !strpbrk(m->key, ".")) {
            char *inside = mem_printf("%s.", m->key);

            put_both(text, m, inside, types[i].name);
            free(inside);
        }
    json_free(j);
}
