/*
 * quantized_gptq: GPTQ (words along the inputs; zeros less one in its first format; act-order) and AWQ's GEMM (words
 * along the outputs, interleaved). Both hold a weight as [inputs][outputs]; here its codes are put by outputs. Values
 * are those of arithmetic in the scales' type. Sources: GPTQModel, dequantize_weight; AutoAWQ, packing_utils.
 */
#include <stdlib.h>
#include <string.h>

#include "ckpt/quantized_int.h"

static uint64_t words(uint64_t codes, uint64_t bits)
{
    return codes * bits / 32 + (codes * bits % 32 != 0);
}

struct weight {
    struct file_tensor *zeros, *scales, *order;
    uint64_t inputs, outputs, groups, group; /* group: inputs of one */
    int bits;
};

/* Scales [groups][outputs] of a float type, and zeros of as many groups. group: as the configuration says, -1 or 0:
 * all. */
static int check_groups(const struct quantized *q, struct weight *w, struct err *e)
{
    int64_t group = json_int(q->config, "group_size", json_int(q->config, "q_group_size", -1));
    const struct shape *s = w->scales ? &w->scales->shape : NULL, *z = w->zeros ? &w->zeros->shape : NULL;
    char a[200], b[200];

    if (!s || !z)
        return err_set(e, "its %s are missing", s ? "qzeros" : "scales");
    if (s->rank != 2 || z->rank != 2 || s->dim[1] != w->outputs || z->dim[0] != s->dim[0] ||
        z->dim[1] != words(w->outputs, (uint64_t)w->bits) || s->dim[0] == 0 || s->dim[0] > w->inputs ||
        w->zeros->dtype != DT_I32)
        return err_set(e, "scales %s and qzeros %s do not go with %llu inputs and %llu outputs of %d bits",
                       shape_text(s, a), shape_text(z, b), (unsigned long long)w->inputs,
                       (unsigned long long)w->outputs, w->bits);
    if (w->scales->dtype != DT_F16 && w->scales->dtype != DT_BF16 && w->scales->dtype != DT_F32)
        return err_set(e, "scales are of type %s", dtype_info(w->scales->dtype)->name);
    w->groups = s->dim[0];
    w->group = group > 0 ? (uint64_t)group : w->inputs;
    if (w->inputs / w->group + (w->inputs % w->group != 0) == w->groups)
        return 0;
    if (w->inputs % w->groups)
        return err_set(e, "%llu groups of %llu inputs", (unsigned long long)w->groups, (unsigned long long)w->inputs);
    w->group = w->inputs / w->groups;
    return 0;
}

static struct value_part *add_part(struct file_value *v, const char *name, enum dtype t, const struct weight *w,
                                   uint64_t cols, const struct file_tensor *from, value_reader *read)
{
    struct value_part *p = value_add(v, name, t, w->outputs, cols);

    p->from = *from;
    p->read = read;
    p->bits = w->bits;
    return p;
}

static int finish(struct quantized *q, struct file_tensor *t, size_t n, const struct weight *w, struct file_value *v,
                  struct err *e)
{
    uint64_t size = (uint64_t)dtype_info(w->scales->dtype)->bits / 8;
    char *name = mem_printf("%.*s.weight", (int)n, t->name);

    add_part(v, "scales", w->scales->dtype, w, w->groups, w->scales, read_columns)->stride = size;
    attrs_set_int(&v->attrs, "bits", w->bits);
    attrs_set_int(&v->attrs, "group", (int64_t)w->group);
    quantized_round(v, w->scales->dtype);
    if (quantized_order(q, v, w->order, w->inputs, w->group, w->groups, e) < 0) {
        free(name);
        value_free(v);
        return -1;
    }
    quantized_give(t, name, &(struct shape){2, {w->outputs, w->inputs}}, w->scales->dtype, v);
    return 1;
}

/* The bits of a code such that `inputs` of them are n words: the configuration's, else the only ones of those that GPTQ
 * has. 0: none. */
static int bits_of(const struct quantized *q, uint64_t inputs, uint64_t n)
{
    static const int known[] = {2, 3, 4, 8};
    int64_t own = json_int(q->config, "bits", 0);

    for (int i = 0; i < 4; i++)
        if (known[i] == own && words(inputs, (uint64_t)own) == n)
            return known[i];
    for (int i = 0; i < 4; i++)
        if (words(inputs, (uint64_t)known[i]) == n)
            return known[i];
    return 0;
}

/* 1 where zeros are stored less one, 0 where as they are, -1: a format that is not read. */
static int zero_less(const struct quantized *q, struct err *e)
{
    const char *format = json_str(q->config, "checkpoint_format", "gptq");

    if (json_bool(q->config, "is_marlin_format", 0))
        format = "marlin";
    if (strcmp(format, "gptq") == 0)
        return 1;
    return strcmp(format, "gptq_v2") == 0 ? 0
                                          : err_set(e, "GPTQ's format '%s' is not read, gptq and gptq_v2 are", format);
}

int quantized_gptq(struct quantized *q, struct file_tensor *t, struct err *e)
{
    size_t n = quantized_base(t->name, ".qweight");
    struct weight w = {0};
    struct file_value *v;
    struct value_part *p;
    uint64_t own = (uint64_t)json_int(q->config, "bits", 4);
    int less;

    if (!n)
        return 0;
    if (t->dtype != DT_I32 || t->shape.rank != 2 || quantized_count(t) == 0)
        return err_set(e, "words of type %s and rank %d", dtype_info(t->dtype)->name, t->shape.rank);
    if ((less = zero_less(q, e)) < 0)
        return -1;
    w.zeros = quantized_beside(q, t->name, n, ".qzeros");
    w.scales = quantized_beside(q, t->name, n, ".scales");
    w.order = quantized_beside(q, t->name, n, ".g_idx");
    w.inputs = w.order ? quantized_count(w.order) : own >= 1 && own <= 8 ? t->shape.dim[0] * 32 / own : 0;
    w.outputs = t->shape.dim[1];
    w.bits = bits_of(q, w.inputs, t->shape.dim[0]);
    if (!w.bits)
        return err_set(e, "%llu words for %llu inputs are codes of none of 2, 3, 4 and 8 bits",
                       (unsigned long long)t->shape.dim[0], (unsigned long long)w.inputs);
    if (check_groups(q, &w, e) < 0)
        return -1;
    v = value_new("affine");
    add_part(v, "codes", DT_U8, &w, w.inputs / 8 * (uint64_t)w.bits + (w.inputs % 8 * (uint64_t)w.bits + 7) / 8, t,
             read_columns)
        ->stride = 4;
    p = add_part(v, "zeros", DT_U8, &w, w.groups, w.zeros, read_zeros);
    p->stride = w.zeros->shape.dim[1] * 4;
    p->add = (unsigned)less;
    return finish(q, t, n, &w, v, e);
}

int quantized_awq(struct quantized *q, struct file_tensor *t, struct err *e)
{
    size_t n = quantized_base(t->name, ".qweight");
    const char *version = json_str(q->config, "version", "gemm");
    struct weight w = {.bits = 4};
    struct file_value *v;
    struct value_part *p;

    if (!n)
        return 0;
    if ((strcmp(version, "gemm") != 0 && strcmp(version, "GEMM") != 0) ||
        json_int(q->config, "bits", json_int(q->config, "w_bit", 4)) != 4)
        return err_set(e, "AWQ's version '%s' of %lld bits is not read, gemm of 4 is", version,
                       (long long)json_int(q->config, "bits", json_int(q->config, "w_bit", 4)));
    if (t->dtype != DT_I32 || t->shape.rank != 2 || quantized_count(t) == 0 || t->shape.dim[1] >= UINT64_C(1) << 40)
        return err_set(e, "words of type %s and rank %d", dtype_info(t->dtype)->name, t->shape.rank);
    w.zeros = quantized_beside(q, t->name, n, ".qzeros");
    w.scales = quantized_beside(q, t->name, n, ".scales");
    w.inputs = t->shape.dim[0];
    w.outputs = t->shape.dim[1] * 8;
    if (check_groups(q, &w, e) < 0)
        return -1;
    v = value_new("affine");
    p = add_part(v, "codes", DT_U8, &w, w.inputs / 2 + w.inputs % 2, t, read_awq);
    p->stride = t->shape.dim[1] * 4;
    p = add_part(v, "zeros", DT_U8, &w, w.groups, w.zeros, read_awq_zeros);
    p->stride = w.zeros->shape.dim[1] * 4;
    return finish(q, t, n, &w, v, e);
}
