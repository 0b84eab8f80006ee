#include "arch/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wire/mp.h"

#define SIZE_LIMIT 0x1p31 /* products of two sizes stay far from 2^63 */
#define LAYERS_MAX 100000

void attrs_set_list(struct attrs *a, const char *key, const double *v, int n)
{
    struct buf b = {0};

    mp_put_array(&b, (uint32_t)n);
    for (int i = 0; i < n; i++)
        if (v[i] == floor(v[i]) && fabs(v[i]) < 0x1p53)
            mp_put_int(&b, (int64_t)v[i]);
        else
            mp_put_f64(&b, v[i]);
    attrs_set_raw(a, key, b.data, b.len);
    buf_free(&b);
}

double *attrs_list(const struct attrs *a, const char *key, int *n)
{
    const struct attr *t = attrs_find(a, key);
    struct mp_in in;
    struct mp_value v;
    double *list;

    if (!t || t->kind != ATTR_RAW)
        return NULL;
    in = (struct mp_in){t->raw.data, t->raw.data + t->raw.len};
    if (mp_next(&in, &v) < 0 || v.kind != MP_ARRAY || v.n > t->raw.len)
        return NULL;
    list = mem_new(v.n + 1, sizeof *list);
    *n = (int)v.n;
    for (int i = 0; i < *n; i++) {
        if (mp_next(&in, &v) < 0 || (v.kind != MP_INT && v.kind != MP_FLOAT && v.kind != MP_BOOL)) {
            free(list);
            return NULL;
        }
        list[i] = v.kind == MP_FLOAT ? v.f : v.negative ? (double)(int64_t)v.u : (double)v.u;
    }
    return list;
}

/* What head.model says of a number: 1 and v, 0: nothing. */
static int given(const struct attrs *head, const char *name, struct value *v)
{
    const struct attr *t = attrs_find(head, name);

    if (!t)
        return 0;
    *v = (struct value){.kind = VALUE_NUMBER};
    switch (t->kind) {
    case ATTR_INT:
    case ATTR_BOOL:
        v->number = (double)t->i;
        return 1;
    case ATTR_F64:
        v->number = t->f;
        return 1;
    case ATTR_STR:
        v->kind = VALUE_WORD;
        v->word = mem_strdup(attrs_str(head, name, ""));
        return 1;
    case ATTR_RAW:
        break;
    }
    v->kind = VALUE_LIST;
    return (v->list = attrs_list(head, name, &v->n)) != NULL;
}

static int get(void *ctx, const char *name, struct value *v, struct err *e);

/* One number a layer. */
static int fill(struct model *m, int at, struct err *e)
{
    const struct arch_number *n = &m->arch->number[at];
    double *list = mem_new((size_t)m->layers + 1, sizeof *list);
    struct value *v = &m->number[at].value;

    for (int64_t i = 0; i < m->layers; i++) {
        struct model_at here = {m, i};
        struct names names = model_names(&here);

        if (!n->otherwise || expr_number(n->otherwise, &names, &list[i], e) < 0) {
            free(list);
            return n->otherwise ? err_in(e, "%s of layer %lld", n->name, (long long)i) : 0;
        }
    }
    *v = (struct value){.kind = VALUE_LIST, .list = list, .n = (int)m->layers};
    return 1;
}

static int compute(struct model *m, int at, struct err *e)
{
    const struct arch_number *n = &m->arch->number[at];
    struct model_at here = {m, -1};
    struct names names = model_names(&here);
    struct value *v = &m->number[at].value;

    if (given(&m->head, n->name, v))
        return 1;
    if (n->each)
        return fill(m, at, e);
    if (!n->otherwise)
        return 0;
    if (expr_eval(n->otherwise, &names, v, e) < 0)
        return err_in(e, "%s", n->name);
    if (v->kind == VALUE_WORD)
        v->word = mem_strdup(v->word);
    if (v->kind == VALUE_LIST) { /* another number's, or none */
        double *copy = mem_new((size_t)v->n + 1, sizeof *copy);

        if (v->n)
            memcpy(copy, v->list, (size_t)v->n * sizeof *copy);
        v->list = copy;
    }
    return 1;
}

static int need(struct model *m, int at, struct err *e)
{
    struct model_number *n = &m->number[at];

    if (n->known == 2)
        return err_set(e, "%s depends on itself", m->arch->number[at].name);
    if (n->known)
        return n->known;
    n->known = 2;
    switch (compute(m, at, e)) {
    case 1:
        n->known = 1;
        break;
    case 0:
        n->known = -1;
        break;
    default:
        n->known = 0;
        return -2;
    }
    return n->known;
}

static int get(void *ctx, const char *name, struct value *v, struct err *e)
{
    const struct model_at *at = ctx;
    struct model *m = (struct model *)(uintptr_t)at->m; /* numbers are computed when first asked for */

    if (strcmp(name, "i") == 0 && at->layer >= 0) {
        *v = (struct value){.kind = VALUE_NUMBER, .number = (double)at->layer};
        return 1;
    }
    if (strcmp(name, "rope_scaling") == 0) {
        *v = (struct value){.kind = VALUE_WORD, .word = attrs_str(&m->head, name, "none")};
        return 1;
    }
    for (int k = 0; k < m->arch->numbers; k++) {
        const struct value *is = &m->number[k].value;
        int got;

        if (strcmp(m->arch->number[k].name, name) != 0)
            continue;
        if ((got = need(m, k, e)) < 1)
            return got == -1
                       ? err_set(e, "the stream's head has no model key '%s'; give tsplit the folder with config.json",
                                 name)
                       : -1;
        *v = *is;
        if (is->kind == VALUE_LIST && !m->arch->number[k].list) {
            if (at->layer < 0 || at->layer >= is->n)
                return err_set(e, at->layer < 0 ? "%s is one number a layer" : "%s has too few numbers for the layers",
                               name);
            *v = (struct value){.kind = VALUE_NUMBER, .number = is->list[at->layer]};
        }
        return 1;
    }
    return 0;
}

struct names model_names(struct model_at *at)
{
    return (struct names){get, at};
}

int model_eval(const struct model *m, const struct expr *x, int64_t layer, double *out, struct err *e)
{
    struct model_at at = {m, layer};
    struct names names = model_names(&at);

    *out = 1;
    return x ? expr_number(x, &names, out, e) : 0;
}

double model_number(const struct model *m, const char *name, int64_t layer, double otherwise)
{
    struct model_at at = {m, layer};
    struct value v;
    struct err e;

    return get(&at, name, &v, &e) > 0 && v.kind == VALUE_NUMBER ? v.number : otherwise;
}

int64_t model_int(const struct model *m, const char *name, int64_t otherwise)
{
    double v = model_number(m, name, -1, (double)otherwise);

    return v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : otherwise;
}

const double *model_list(const struct model *m, const char *name)
{
    struct err e;

    for (int k = 0; k < m->arch->numbers; k++)
        if (strcmp(m->arch->number[k].name, name) == 0 && !m->arch->number[k].list &&
            need((struct model *)(uintptr_t)m, k, &e) == 1 && m->number[k].value.kind == VALUE_LIST &&
            m->number[k].value.n == m->layers)
            return m->number[k].value.list;
    return NULL;
}

int model_has(const struct model *m, const struct arch_weight *w, int bias, int64_t layer)
{
    struct err e;
    double yes;

    if (model_eval(m, w->guard, layer, &yes, &e) < 0 || yes == 0)
        return 0;
    return !bias || (w->bias && model_eval(m, w->bias_if, layer, &yes, &e) == 0 && yes != 0);
}

static int atom_size(const struct model *m, const struct arch_weight *w, const struct arch_atom *a, int64_t layer,
                     double *v, struct err *e)
{
    if (!a->size)
        return err_set(e, "%s: the page of '%s' does not say its size", w->role, m->arch->name);
    if (model_eval(m, a->size, layer, v, e) < 0)
        return err_in(e, "%s", w->role);
    if (*v != floor(*v) || *v < 1 || *v > SIZE_LIMIT)
        return err_set(e, "model key '%s' is %.10g; a whole number from 1 to %lld is needed (%s)", a->text, *v,
                       (long long)SIZE_LIMIT, w->role);
    return 0;
}

int model_axes(const struct model *m, const struct arch_weight *w, int bias, int64_t layer, struct shape *s,
               struct err *e)
{
    int n = bias && w->axes > 1 ? w->axes - 1 : w->axes;

    memset(s, 0, sizeof *s);
    for (int i = 0; i < n; i++) {
        s->dim[s->rank++] = 1;
        for (int k = 0; k < w->axis[i].atoms; k++) {
            double v;

            if (atom_size(m, w, &w->axis[i].atom[k], layer, &v, e) < 0)
                return -1;
            if (mem_mul(s->dim[i], (uint64_t)v, &s->dim[i]) < 0 || s->dim[i] > (uint64_t)1 << 40)
                return err_set(e, "%s: a dim of more than 2^40", w->role);
        }
    }
    return 0;
}

/* "{heads} heads" with the number in the place of its name. */
static int say(const struct model *m, const char *why, struct err *e)
{
    struct buf b = {0};
    int rc;

    for (const char *s = why; *s; s++) {
        const char *end = *s == '{' ? strchr(s, '}') : NULL;
        char *name;

        if (!end) {
            buf_add(&b, s, 1);
            continue;
        }
        name = mem_strndup(s + 1, (size_t)(end - s - 1));
        buf_printf(&b, "%.10g", model_number(m, name, -1, 0));
        free(name);
        s = end;
    }
    rc = err_set(e, "%s", buf_str(&b));
    buf_free(&b);
    return rc;
}

int model_requires(const struct model *m, const struct arch_require *r, int n, int hf, struct err *e)
{
    double yes;

    for (int i = 0; i < n; i++) {
        if (r[i].hf != hf)
            continue;
        if (model_eval(m, r[i].that, -1, &yes, e) < 0)
            return err_in(e, "%s", m->arch->file);
        if (yes == 0)
            return say(m, r[i].why, e);
    }
    return 0;
}

/* Sizes of weights that every such model has, and what its page says that must be. */
static int check(const struct model *m, struct err *e)
{
    struct shape s;

    for (int i = 0; i < m->arch->weights; i++)
        if (!m->arch->weight[i].guard && m->arch->weight[i].order >= 0 &&
            model_axes(m, &m->arch->weight[i], 0, m->layers && m->arch->weight[i].section == 1 ? 0 : -1, &s, e) < 0)
            return -1;
    return model_requires(m, m->arch->must, m->arch->musts, 0, e);
}

int model_bind(struct model *m, const struct attrs *head, struct err *e)
{
    const char *name = attrs_str(head, "arch", NULL);
    const struct arch *a = arch_of(head);

    memset(m, 0, sizeof *m);
    if (!name)
        return err_set(
            e, "the stream's head does not say what model this is (key arch); give tsplit the folder with config.json");
    if (!a)
        return err_set(e, "architecture '%s' has no page here; there are %s; tsplit --arch FILE takes one of your own",
                       name, arch_names());
    m->arch = a;
    attrs_copy(&m->head, head);
    m->number = mem_new((size_t)a->numbers + 1, sizeof *m->number);
    return 0;
}

int model_open(struct model *m, const struct attrs *head, struct err *e)
{
    double layers;

    if (model_bind(m, head, e) < 0)
        return -1;
    layers = model_number(m, "layers", -1, -1);
    if (layers < 0 && !attrs_find(head, "layers"))
        err_set(e, "the stream's head has no model key 'layers'; give tsplit the folder with config.json");
    else if (!(layers >= 1 && layers <= LAYERS_MAX) || layers != floor(layers))
        err_set(e, "model key 'layers' is %.10g; a whole number from 1 to %d is needed", layers, LAYERS_MAX);
    else {
        m->layers = (int64_t)layers;
        if (check(m, e) == 0)
            return 0;
    }
    model_close(m);
    return -1;
}

void model_close(struct model *m)
{
    for (int i = 0; m->number && i < m->arch->numbers; i++) {
        if (m->number[i].known == 1 && m->number[i].value.kind == VALUE_WORD)
            free((char *)(uintptr_t)m->number[i].value.word);
        if (m->number[i].known == 1 && m->number[i].value.kind == VALUE_LIST)
            free((double *)(uintptr_t)m->number[i].value.list);
    }
    free(m->number);
    attrs_free(&m->head);
    memset(m, 0, sizeof *m);
}
