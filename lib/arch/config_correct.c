/* config_correct: config.json with the numbers that changed; the rest of its text stays as it is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/config.h"

static size_t blanks(const struct buf *t, size_t i)
{
    while (i < t->len && strchr(" \t\r\n", t->data[i]) && t->data[i])
        i++;
    return i;
}

static size_t string_end(const struct buf *t, size_t i)
{
    for (i++; i < t->len && t->data[i] != '"'; i++)
        if (t->data[i] == '\\')
            i++;
    return i + 1;
}

/* Behind the value that begins at i; the text is known to be JSON. */
static size_t value_end(const struct buf *t, size_t i)
{
    int depth = 0;

    do {
        uint8_t c = t->data[i];

        if (c == '"') {
            i = string_end(t, i);
            continue;
        }
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (depth < 0)
            return i;
        i++;
        if (depth == 0 && (c == '}' || c == ']'))
            return i;
    } while (i < t->len && (depth > 0 || !strchr(",}] \t\r\n", t->data[i])));
    return i;
}

int config_span(const struct buf *t, const char **path, size_t *from, size_t *to)
{
    size_t i = blanks(t, 0);

    for (;;) {
        size_t n = strcspn(*path, "."), behind = i + 1;
        int found = 0;

        for (i = blanks(t, i + 1); i < t->len && t->data[i] == '"'; i = blanks(t, i + 1)) {
            size_t key = i, end = string_end(t, i);

            i = blanks(t, blanks(t, end) + 1); /* past ':' */
            if (end - key == n + 2 && memcmp(t->data + key + 1, *path, n) == 0) {
                found = 1;
                break;
            }
            i = blanks(t, value_end(t, i)); /* at ',' or '}' */
            if (i >= t->len || t->data[i] != ',')
                break;
        }
        if (!found) {
            *from = *to = behind;
            return 0;
        }
        if ((*path)[n] == '.' && t->data[i] == '{') {
            *path += n + 1;
            continue;
        }
        *from = i;
        *to = value_end(t, i);
        return 1;
    }
}

static void put_word_list(struct buf *b, const struct arch_number *n, const double *list, int count,
                          const struct json *old)
{
    const char *other = "full_attention";

    for (const struct json *x = old && old->kind == JSON_ARRAY ? old->first : NULL; x; x = x->next)
        if (x->kind == JSON_STRING && strcmp(x->s, n->word) != 0)
            other = x->s;
    buf_puts(b, "[");
    for (int i = 0; i < count; i++)
        buf_printf(b, "%s\"%s\"", i ? ", " : "", list[i] != 0 ? n->word : other);
    buf_puts(b, "]");
}

static void put(struct buf *b, const struct arch_number *n, const struct attrs *m, const struct json *old)
{
    const struct attr *t = attrs_find(m, n->name);
    double *list = NULL;
    int count;

    if (!old && config_put_written(b, n, t))
        return;
    if (t->kind == ATTR_BOOL || (old && old->kind == JSON_BOOL))
        buf_puts(b, attrs_int(m, n->name, 0) ? "true" : "false");
    else if (t->kind == ATTR_INT)
        buf_printf(b, "%lld", (long long)t->i);
    else if (t->kind == ATTR_F64)
        config_put_float(b, t->f);
    else if (t->kind == ATTR_STR)
        json_put_string(b, attrs_str(m, n->name, ""), t->raw.len);
    else if ((list = attrs_list(m, n->name, &count)) && n->word)
        put_word_list(b, n, list, count, old);
    else if (list) {
        buf_puts(b, "[");
        for (int i = 0; i < count; i++)
            buf_printf(b, "%s%.17g", i ? ", " : "", list[i]);
        buf_puts(b, "]");
    }
    free(list);
}

/* The keys of the class's own configuration: "text_config." before the path where it lies under one. */
static char *full_path(const struct arch_class *c, const struct json *config, const char *path)
{
    if (c->nest && config_at(config, c->nest))
        return mem_printf("%s.%s", c->nest, path);
    return mem_strdup(path);
}

static void correct(struct buf *t, const char *path, const struct buf *value)
{
    struct buf out = {0};
    size_t from, to;
    const char *left = path;
    int found = config_span(t, &left, &from, &to);

    buf_add(&out, t->data, from);
    if (!found)
        buf_printf(&out, "\n  \"%s\": ", left);
    buf_add(&out, value->data, value->len);
    if (!found)
        buf_puts(&out, ",");
    buf_add(&out, t->data + to, t->len - to);
    buf_free(t);
    *t = out;
}

/* Does head.model a say of the number what b says? */
static int equal(const struct arch_number *n, const struct attrs *a, const struct attrs *b)
{
    const struct attr *x = attrs_find(a, n->name), *y = attrs_find(b, n->name);

    if (!x || !y)
        return x == y || !y; /* what the head does not say is as it was */
    if (x->kind == ATTR_RAW || y->kind == ATTR_RAW)
        return x->kind == y->kind && x->raw.len == y->raw.len &&
               (x->raw.len == 0 || memcmp(x->raw.data, y->raw.data, x->raw.len) == 0);
    if (x->kind == ATTR_STR || y->kind == ATTR_STR)
        return x->kind == y->kind && strcmp(attrs_str(a, n->name, ""), attrs_str(b, n->name, "")) == 0;
    return attrs_f64(a, n->name, x->kind == ATTR_BOOL ? (double)x->i : 0) ==
           attrs_f64(b, n->name, y->kind == ATTR_BOOL ? (double)y->i : 0);
}

static int parse(const struct buf *t, struct json **j, struct attrs *says, struct err *e)
{
    *j = json_parse(t->data, t->len, 64, e);
    if (!*j)
        return err_in(e, "config.json");
    if ((*j)->kind != JSON_OBJECT || !(*j)->len)
        return err_set(e, "config.json is no object with members");
    return config_read(*j, says, e);
}

/* One more look, at what will be written. */
static int check(const struct arch *a, const struct buf *t, const struct attrs *model, struct err *e)
{
    struct attrs says = {0};
    struct json *j = NULL;
    int rc = parse(t, &j, &says, e);

    for (int i = 0; rc == 0 && i < a->numbers; i++)
        if (!equal(&a->number[i], &says, model))
            rc = err_set(e, "config.json of a '%s' cannot say this model's %s%s", json_str(j, "model_type", ""),
                         a->number[i].name, a->number[i].each ? ", layer by layer" : "");
    attrs_free(&says);
    json_free(j);
    return rc;
}

/* The number as head.model says it, in the text that j and says were read from. */
static void put_number(struct buf *t, const struct arch_class *c, const struct json *j, const struct arch_number *n,
                       const struct attrs *model)
{
    struct buf value = {0};
    const struct json *old = NULL;
    char *path = NULL;

    for (int k = 0; k < n->paths && !old; k++) {
        free(path);
        path = full_path(c, j, n->path[k]);
        old = config_at(j, path);
    }
    if (!old) {
        free(path);
        path = full_path(c, j, n->path[0]);
    }
    put(&value, n, model, old);
    correct(t, path, &value);
    buf_free(&value);
    free(path);
}

/* Correct what the text says otherwise than head.model, once. *more: how many numbers that were. */
static int correct_all(const struct arch *a, struct buf *t, const struct attrs *model, int *more, struct err *e)
{
    struct attrs says = {0};
    struct json *j = NULL;
    int rc = parse(t, &j, &says, e);

    *more = 0;
    for (int i = 0; rc == 0 && i < a->numbers; i++)
        if (a->number[i].paths && !equal(&a->number[i], &says, model)) {
            put_number(t, arch_class(a, json_str(j, "model_type", "")), j, &a->number[i], model);
            ++*more;
        }
    attrs_free(&says);
    json_free(j);
    return rc;
}

int config_correct(const struct buf *text, const struct attrs *model, struct buf *out, struct err *e)
{
    struct attrs says = {0};
    struct json *j = NULL;
    struct buf t = {0};
    int rc = parse(text, &j, &says, e), more = 1;
    const struct arch *a = rc == 0 ? arch_of_type(json_str(j, "model_type", "")) : NULL;

    attrs_free(&says);
    json_free(j);
    buf_add(&t, text->data, text->len);
    for (int round = 0; rc == 0 && a && more && round < 3;
         round++) /* defaults change with what they are computed from, and are then said */
        rc = correct_all(a, &t, model, &more, e);
    if (rc == 0 && a)
        rc = check(a, &t, model, e);
    if (rc == 0)
        buf_add(out, t.data, t.len);
    buf_free(&t);
    return rc;
}
