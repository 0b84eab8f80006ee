/* config_make: config.json from head.model. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/config.h"

void config_put_float(struct buf *b, double v)
{
    char text[40];

    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    if (strchr(text, 'e') && fabs(v) >= 1 && fabs(v) < 1e15) /* 1e+04 */
        snprintf(text, sizeof text, "%.0f", v);
    buf_printf(b, "%s%s", text, strpbrk(text, ".en") ? "" : ".0");
}

static void put_list(struct buf *b, const struct arch_number *n, const double *list, int count)
{
    buf_puts(b, "[");
    for (int i = 0; i < count; i++) {
        buf_puts(b, i ? ", " : "");
        if (n->word)
            buf_printf(b, "\"%s\"", list[i] != 0 ? n->word : "full_attention");
        else if (list[i] == floor(list[i]))
            buf_printf(b, "%.0f", list[i]);
        else
            config_put_float(b, list[i]);
    }
    buf_puts(b, "]");
}

int config_put_written(struct buf *b, const struct arch_number *n, const struct attr *t)
{
    double v = t->kind == ATTR_F64 ? t->f : (double)t->i;

    if (t->kind == ATTR_STR || t->kind == ATTR_RAW || n->written == ARCH_PLAIN || (n->written == ARCH_NULL && v != 0))
        return 0;
    if (n->written == ARCH_REAL)
        config_put_float(b, v);
    else
        buf_puts(b, n->written == ARCH_NULL ? "null" : v != 0 ? "true" : "false");
    return 1;
}

static void put_attr(struct buf *b, const struct arch_number *n, const struct attrs *m)
{
    const struct attr *t = attrs_find(m, n->name);
    double *list;
    int count;

    if (config_put_written(b, n, t))
        return;
    switch (t->kind) {
    case ATTR_BOOL:
        buf_puts(b, t->i ? "true" : "false");
        break;
    case ATTR_INT:
        buf_printf(b, "%lld", (long long)t->i);
        break;
    case ATTR_F64:
        config_put_float(b, t->f);
        break;
    case ATTR_STR:
        json_put_string(b, attrs_str(m, n->name, ""), t->raw.len);
        break;
    case ATTR_RAW:
        if ((list = attrs_list(m, n->name, &count)))
            put_list(b, n, list, count);
        else
            buf_puts(b, "null");
        free(list);
    }
}

/* Members of one object: those without a point in their path (inside NULL), or those under "inside.". */
static void members(struct buf *b, const struct model *m, const char *inside, const char *indent)
{
    int first = inside != NULL;
    size_t n = inside ? strlen(inside) : 0;

    for (int i = 0; i < m->arch->numbers; i++) {
        const struct arch_number *num = &m->arch->number[i];
        const char *path = num->paths ? num->path[0] : "", *dot = strchr(path, '.');

        if (!*path || !attrs_find(&m->head, num->name) ||
            (inside ? !dot || (size_t)(dot - path) != n || strncmp(path, inside, n) != 0 : dot != NULL))
            continue;
        buf_printf(b, "%s\n%s\"%s\": ", first ? "" : ",", indent, inside ? dot + 1 : path);
        first = 0;
        put_attr(b, num, &m->head);
    }
}

static void groups(struct buf *b, const struct model *m)
{
    for (int i = 0; i < m->arch->numbers; i++) {
        const char *path = m->arch->number[i].paths ? m->arch->number[i].path[0] : "", *dot = strchr(path, '.');
        char *name;
        int seen = 0;

        if (!dot || strncmp(path, "rope_", 5) == 0) /* config_make_rope's */
            continue;
        name = mem_strndup(path, (size_t)(dot - path));
        for (int k = 0; k < i; k++)
            seen |=
                m->arch->number[k].paths && strncmp(m->arch->number[k].path[0], path, (size_t)(dot - path) + 1) == 0;
        if (!seen) {
            buf_printf(b, ",\n  \"%s\": {", name);
            members(b, m, name, "    ");
            buf_puts(b, "\n  }");
        }
        free(name);
    }
}

void config_make(const struct model *m, const char *type, struct buf *out)
{
    const struct arch_class *c = arch_class(m->arch, NULL);
    static const char *const ids[][2] = {{"bos", "bos_token_id"}, {"eos", "eos_token_id"}, {"pad", "pad_token_id"}};
    const char *torch = !type                       ? NULL
                        : strcmp(type, "F32") == 0  ? "float32"
                        : strcmp(type, "F16") == 0  ? "float16"
                        : strcmp(type, "BF16") == 0 ? "bfloat16"
                                                    : NULL;

    buf_printf(out, "{\n  \"architectures\": [\n    \"%s\"\n  ],\n  \"model_type\": \"%s\"", c->name, c->type);
    if (torch)
        buf_printf(out, ",\n  \"torch_dtype\": \"%s\"", torch);
    for (int i = 0; i < 3; i++)
        if (attrs_find(&m->head, ids[i][0]))
            buf_printf(out, ",\n  \"%s\": %lld", ids[i][1], (long long)attrs_int(&m->head, ids[i][0], 0));
    members(out, m, NULL, "  ");
    groups(out, m);
    config_make_rope(m, out);
    buf_puts(out, "\n}\n");
}
