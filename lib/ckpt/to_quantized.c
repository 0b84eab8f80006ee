#include "ckpt/to_quantized.h"

#include <stdlib.h>
#include <string.h>

#include "ckpt/to_quantized_int.h"
#include "arch/config.h"
#include "tensor/describe.h"

void to_quantized_open(struct to_quantized *q, const struct quantizer *how, struct pile *pile, const struct to_hf *hf)
{
    memset(q, 0, sizeof *q);
    q->how = how;
    q->pile = pile;
    q->hf = hf;
    q->sym = 1;
}

static void free_names(char **name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(name[i]);
    free(name);
}

void to_quantized_close(struct to_quantized *q)
{
    for (int i = 0; i < q->schemes; i++)
        free_names(q->used[i].module, q->used[i].modules);
    free(q->used);
    free_names(q->left, q->lefts);
    free(q->scales_of);
    memset(q, 0, sizeof *q);
}

void quantized_put_names(struct buf *out, char *const *name, size_t n, const char *before)
{
    for (size_t i = 0; i < n; i++) {
        char *text = mem_printf("%s%s", before, name[i]);

        buf_puts(out, i ? ", " : "");
        json_put_string(out, text, strlen(text));
        free(text);
    }
}

static void add_name(char ***list, size_t *n, char *name)
{
    *list = mem_resize(*list, *n + 1, sizeof **list);
    (*list)[(*n)++] = name;
}

/* The module of a tensor of the files, as transformers calls it. */
static char *module_of(const struct to_quantized *q, const struct bundle *b, const struct hf_place *place)
{
    struct bundle named = *b;

    named.name = place->name ? place->name : b->name;
    return hf_module(&q->hf->model, &named);
}

static int is_head(const struct bundle *b)
{
    return b->role && strcmp(b->role, "head") == 0;
}

/* A matrix that stays: quantizers would take it for a linear if they were not told. */
static void note_left(struct to_quantized *q, const struct bundle *b, const struct hf_place *place)
{
    char *name;

    q->head |= is_head(b);
    if (b->shape.rank != 2 || (b->role && strncmp(b->role, "embed", 5) == 0))
        return;
    name = module_of(q, b, place);
    if (q->lefts && strcmp(q->left[q->lefts - 1], name) == 0)
        free(name); /* parts of one tensor */
    else
        add_name(&q->left, &q->lefts, name);
}

static int same_scheme(const struct quantized_scheme *a, const struct quantized_scheme *b)
{
    return a->kind == b->kind && a->bits == b->bits && a->sym == b->sym && a->group == b->group;
}

/* Formats that have one size of groups: a row of one group is of any that is no smaller. */
static int join_one(struct to_quantized *q, const struct coded *c, struct quantized_scheme *s, struct err *e)
{
    struct quantized_scheme *had = q->schemes ? &q->used[0].of : s;
    uint64_t widest = q->widest;

    if (coded_one_group(c) && c->cols > q->widest)
        q->widest = c->cols;
    if (had->bits != s->bits)
        return err_set(e, "%d bits, where the weights before it have %d: all have the same", s->bits, had->bits);
    if (had->group && s->group && had->group != s->group)
        return err_set(e, "groups of %llu columns, where the weights before it have %llu: all have the same",
                       (unsigned long long)s->group, (unsigned long long)had->group);
    if (!had->group && s->group && s->group < widest)
        return err_set(e, "groups of %llu columns, where a weight before it has %llu in one: all have the same",
                       (unsigned long long)s->group, (unsigned long long)widest);
    if (had->group && coded_one_group(c) && c->cols > had->group)
        return err_set(e, "one group of %llu columns, where the weights before it have groups of %llu",
                       (unsigned long long)c->cols, (unsigned long long)had->group);
    had->group = had->group ? had->group : s->group;
    *s = *had;
    return 0;
}

static void note_used(struct to_quantized *q, const struct quantized_scheme *s, char *module)
{
    int i = 0;

    while (i < q->schemes && !same_scheme(&q->used[i].of, s))
        i++;
    if (i == q->schemes) {
        q->used = mem_resize(q->used, (size_t)q->schemes + 1, sizeof *q->used);
        q->used[q->schemes++] = (struct quantized_used){*s, NULL, 0};
    }
    if (q->used[i].modules && strcmp(q->used[i].module[q->used[i].modules - 1], module) == 0)
        free(module);
    else
        add_name(&q->used[i].module, &q->used[i].modules, module);
}

/* The model's type is known when all is read; what must fit it is kept until then. */
static void note_scales(struct to_quantized *q, const struct coded *c)
{
    if (!q->how->converts || q->scales_of)
        return;
    q->scales = c->scale_type;
    q->scales_of = mem_strdup(c->name);
}

static int allowed(struct to_quantized *q, const struct coded *c, const struct bundle *b, struct quantized_scheme *s,
                   struct err *e)
{
    size_t n = strlen(c->name);
    int named = n > 7 && strcmp(c->name + n - 7, ".weight") == 0;

    if (named == q->how->stacks)
        return err_set(e, named ? "no expert of a stack" : "no linear's weight");
    if (b->role && strncmp(b->role, "embed", 5) == 0)
        return err_set(e, "an embedding");
    if (is_head(b) && !q->how->head)
        return err_set(e, "the head");
    if (q->scales_of && q->scales != c->scale_type)
        return err_set(e, "scales of %s, where %s has %s", dtype_info(c->scale_type)->name, q->scales_of,
                       dtype_info(q->scales)->name);
    *s = (struct quantized_scheme){.bits = c->bits, .sym = c->whole && !c->zeros, .group = c->group};
    if (q->how->fits(q->how, c, s, e) < 0)
        return -1;
    return q->how->one ? join_one(q, c, s, e) : 0;
}

static int refuse(const struct to_quantized *q, const struct bundle *b, struct err *e)
{
    struct buf form = {0};
    struct err why = *e;

    describe_type(&form, b);
    err_set(e, "%s: %s (%s) is not held by %s: it takes %s", b->name, buf_str(&form), why.msg, q->how->name,
            q->how->holds);
    buf_free(&form);
    return -1;
}

/* GPTQ writes the zeros of symmetric weights, too. */
static int is_symmetric(const struct coded *c)
{
    for (uint64_t i = 0; c->zeros && i < c->rows * c->groups; i++)
        if (c->zeros[i] != 1u << (c->bits - 1))
            return 0;
    return c->whole;
}

static int take(struct to_quantized *q, struct coded *c, const struct bundle *b, const struct hf_place *place,
                struct quantized_scheme *s, struct err *e)
{
    if (q->how->put(q, c, s, e) < 0)
        return err_in(e, "%s", b->name);
    note_used(q, s, module_of(q, b, place));
    note_scales(q, c);
    q->sym &= is_symmetric(c);
    q->reordered |= c->order != NULL;
    q->head |= is_head(b);
    return 1;
}

int to_quantized_take(struct to_quantized *q, struct reader *in, struct bundle *b, const struct hf_place *place,
                      int dense, struct err *e)
{
    struct quantized_scheme s;
    struct coded c = {0};
    int rc;

    if (!q->how)
        return 0;
    if (!coded_is(b)) {
        note_left(q, b, place);
        return 0;
    }
    if (!q->hf->has_config)
        return err_set(e, "%s: no config.json came with the stream, where %s says how it is quantized", b->name,
                       q->how->name);
    if (!b->loaded && bundle_load(in, b, e) < 0)
        return -1;
    rc = coded_make(&c, b, place, e);
    if (rc > 0 && allowed(q, &c, b, &s, e) < 0)
        rc = -1;
    if (rc > 0)
        rc = take(q, &c, b, place, &s, e);
    else if (rc < 0)
        rc = dense ? 0 : refuse(q, b, e);
    if (rc == 0)
        note_left(q, b, place);
    coded_free(&c);
    return rc;
}

/* config.json's type, to which readers convert scales; F32 where it says none, as they take it. */
static enum dtype model_type(const struct buf *config)
{
    struct err e;
    struct json *j = json_parse(config->data, config->len, 64, &e);
    const struct json *text = json_get(j, "text_config");
    const char *t = json_str(j, "dtype", json_str(j, "torch_dtype", ""));
    int is;

    t = *t || !text ? t : json_str(text, "dtype", json_str(text, "torch_dtype", ""));
    is = strcmp(t, "bfloat16") == 0 ? DT_BF16 : strcmp(t, "float16") == 0 ? DT_F16 : DT_F32;
    json_free(j);
    return (enum dtype)is;
}

static int check_scales(const struct to_quantized *q, const struct buf *config, struct err *e)
{
    enum dtype t = model_type(config);
    const char *name = dtype_info(t)->name;

    if (!q->scales_of || q->scales == t || t == DT_F32)
        return 0;
    return err_set(e, "%s has scales of %s, which readers round to the model's %s (config.json): wquant --scales %s",
                   q->scales_of, dtype_info(q->scales)->name, name, t == DT_F16 ? "f16" : "bf16");
}

/* The head of a tied model is a linear without a tensor of its own. */
static char *tied_head(const struct to_quantized *q)
{
    char *name = q->hf->ready ? arch_name_in(q->hf->m.arch, ARCH_HF, "head", -1, -1) : NULL;
    size_t n = name ? strlen(name) : 0;

    if (n > 7 && strcmp(name + n - 7, ".weight") == 0)
        name[n - 7] = '\0';
    return name;
}

int to_quantized_config(const struct to_quantized *q, struct buf *config, struct err *e)
{
    struct to_quantized all = *q;
    const char *path = "quantization_config";
    struct buf out = {0};
    size_t from, to;
    char *head = q->head ? NULL : tied_head(q);
    int there;

    if (!q->how)
        return 0;
    if (q->schemes == 0)
        return err_set(e, "no weight of the stream is quantized in a form that %s holds: %s", q->how->name,
                       q->how->holds);
    if (check_scales(q, config, e) < 0)
        return -1;
    all.left = mem_new(q->lefts + 1, sizeof *all.left);
    for (size_t i = 0; i < q->lefts; i++)
        all.left[i] = q->left[i];
    if (head)
        all.left[all.lefts++] = head;
    there = config_span(config, &path, &from, &to);
    buf_add(&out, config->data, from);
    buf_puts(&out, there ? "" : "\n  \"quantization_config\": ");
    q->how->config(&all, &out);
    buf_puts(&out, there ? "" : ",");
    buf_add(&out, config->data + to, config->len - to);
    buf_free(config);
    *config = out;
    free(all.left);
    free(head);
    return 0;
}
