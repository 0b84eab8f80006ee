/*
 * to_quantized_ct: compressed-tensors' containers: pack-quantized (words of codes along the inputs), int-quantized and
 * float-quantized (8 bits a number, a scale each output; readers quantize inputs to 8 bits as they come, token by
 * token), nvfp4 and mxfp4 (floats of 4 bits in groups of 16 or 32). Several schemes of weights are groups of their own.
 * Source: compressed-tensors, compressors and quantization.
 */
#include <stdlib.h>
#include <string.h>

#include "ckpt/to_quantized_int.h"

enum { PACK, INT, FLOAT, NVFP4, MXFP4, CONTAINERS };
static const char *const containers[CONTAINERS] = {"pack-quantized", "int-quantized", "float-quantized",
                                                   "nvfp4-pack-quantized", "mxfp4-pack-quantized"};

/* The container of c among those allowed, or -1. */
static int container_of(const struct coded *c, unsigned kinds)
{
    uint64_t group = c->group ? c->group : c->cols;
    int k = CONTAINERS;

    if (c->whole)
        k = kinds & 1u << PACK ? PACK : INT;
    else if (c->element == DT_F8_E4M3)
        k = FLOAT;
    else if (c->element == DT_F4 && group == 16 && c->scale_type == DT_F8_E4M3)
        k = NVFP4;
    else if (c->element == DT_F4 && group == 32 && c->scale_type == DT_F8_E8M0)
        k = MXFP4;
    return k < CONTAINERS && kinds & 1u << k ? k : -1;
}

static int fits_groups(const struct coded *c, int kind, struct err *e)
{
    if (c->order)
        return err_set(e, "groups that are no runs of columns");
    if ((kind == INT || kind == FLOAT) && (c->bits != 8 || !coded_one_group(c)))
        return err_set(e, "%d bits and %llu groups a row", c->bits, (unsigned long long)c->groups);
    if (c->group && c->cols % c->group)
        return err_set(e, "groups of %llu columns that do not fill a row of %llu", (unsigned long long)c->group,
                       (unsigned long long)c->cols);
    if (kind != NVFP4 && c->divisor != 1)
        return err_set(e, "a divisor of scales");
    return 0;
}

static int fits(const struct quantizer *how, const struct coded *c, struct quantized_scheme *s, struct err *e)
{
    int kind = container_of(c, how->kinds),
        real = c->scale_type == DT_F32 || c->scale_type == DT_F16 || c->scale_type == DT_BF16;
    uint64_t bits = (uint64_t)c->bits;

    if (kind < 0)
        return err_set(e, "%s of %d bits in %s of %llu, scales of %s", c->whole ? "whole numbers" : "floats", c->bits,
                       c->group ? "groups" : "rows", (unsigned long long)(c->group ? c->group : c->cols),
                       dtype_info(c->scale_type)->name);
    if (fits_groups(c, kind, e) < 0)
        return -1;
    if (kind <= FLOAT && !real)
        return err_set(e, "scales of %s", dtype_info(c->scale_type)->name);
    if (kind == PACK && c->zeros && c->rows != c->stored.dim[0] &&
        (!c->together || c->rows * bits % 32 || c->first * bits % 32))
        return err_set(e, "its %llu zeros of %d bits are a part of %s, and do not fill words of 32 there",
                       (unsigned long long)c->rows, c->bits, c->name);
    s->kind = kind;
    if (kind == NVFP4 || kind == MXFP4)
        s->group = c->group ? c->group : c->cols;
    return 0;
}

/* Packed rows, each filled up to whole words of 32. */
static int put_packed(struct to_quantized *q, const struct coded *c, struct err *e)
{
    uint64_t words = (c->code_bytes + 3) / 4;
    int64_t item = coded_tensor(q, c, ".weight_packed", DT_I32, &(struct shape){2, {c->stored.dim[0], words}}, e),
            shape = coded_tensor(q, c, ".weight_shape", DT_I64, &(struct shape){1, {2}}, e);
    int64_t dims[2] = {(int64_t)c->stored.dim[0], (int64_t)c->cols};
    uint8_t *data = mem_new((size_t)(c->rows * words) + 1, 4);
    int rc = item < 0 || shape < 0 ? -1 : 0;

    for (uint64_t r = 0; r < c->rows; r++)
        memcpy(data + r * words * 4, c->codes + r * c->code_bytes, (size_t)c->code_bytes);
    if (rc == 0 && q->pile->item[shape].done == 0)
        rc = pile_put(q->pile, (size_t)shape, 0, dims, sizeof dims, e);
    if (rc == 0)
        rc = coded_put_rows(q, c, item, data, words * 4, e);
    free(data);
    return rc;
}

/* Zeros of packed codes: words along the outputs, [words][groups]. */
static int put_packed_zeros(struct to_quantized *q, const struct coded *c, struct err *e)
{
    uint64_t bits = (uint64_t)c->bits, words = (c->rows * bits + 31) / 32, all = (c->stored.dim[0] * bits + 31) / 32;
    int64_t item = coded_tensor(q, c, ".weight_zero_point", DT_I32, &(struct shape){2, {all, c->groups}}, e);
    uint32_t *line = mem_new((size_t)words + 1, sizeof *line), *out = mem_new((size_t)(words * c->groups) + 1, 4);
    int rc;

    for (uint64_t g = 0; g < c->groups; g++) {
        memset(line, 0, (size_t)words * sizeof *line);
        for (uint64_t r = 0; r < c->rows; r++)
            coded_place(line, c->row[r] - c->first, c->bits, coded_zero(c, r, g));
        for (uint64_t w = 0; w < words; w++)
            out[w * c->groups + g] = line[w];
    }
    rc = item < 0
             ? -1
             : pile_put(q->pile, (size_t)item, c->first * bits / 32 * c->groups * 4, out, words * c->groups * 4, e);
    free(line);
    free(out);
    return rc;
}

/* Bytes that stand for numbers less 128. */
static int put_less(struct to_quantized *q, const struct coded *c, const char *end, const uint8_t *from, uint64_t n,
                    struct err *e)
{
    int64_t item = coded_tensor(q, c, end, DT_I8, &(struct shape){2, {c->stored.dim[0], n}}, e);
    uint8_t *data = mem_new((size_t)(c->rows * n) + 1, 1);
    int rc;

    for (uint64_t i = 0; i < c->rows * n; i++)
        data[i] = from[i] ^ 0x80;
    rc = item < 0 ? -1 : coded_put_rows(q, c, item, data, n, e);
    free(data);
    return rc;
}

static int put_as(struct to_quantized *q, const struct coded *c, const char *end, enum dtype t, const uint8_t *from,
                  uint64_t n, struct err *e)
{
    uint64_t bytes = n * (uint64_t)dtype_info(t)->bits / 8;
    int64_t item = coded_tensor(q, c, end, t, &(struct shape){2, {c->stored.dim[0], n}}, e);

    return item < 0 ? -1 : coded_put_rows(q, c, item, from, bytes, e);
}

/* One number for all of a tensor, which its parts share. */
static int put_divisor(struct to_quantized *q, const struct coded *c, struct err *e)
{
    int64_t item = coded_tensor(q, c, ".weight_global_scale", DT_F32, &(struct shape){1, {1}}, e);
    float had = c->divisor;

    if (item < 0)
        return -1;
    if (q->pile->item[item].done == 0)
        return pile_put(q->pile, (size_t)item, 0, &c->divisor, 4, e);
    if (pile_peek(q->pile, (size_t)item, 0, &had, 4, e) < 0)
        return -1;
    return had == c->divisor ? 0
                             : err_set(e,
                                       "its scales are divided by %g, those of another weight in %s by %g: they have "
                                       "one number there",
                                       (double)c->divisor, c->name, (double)had);
}

static int put_codes(struct to_quantized *q, const struct coded *c, int kind, struct err *e)
{
    switch (kind) {
    case PACK:
        return put_packed(q, c, e) < 0 ? -1 : c->zeros ? put_packed_zeros(q, c, e) : 0;
    case INT:
        if (put_less(q, c, ".weight", c->codes, c->cols, e) < 0)
            return -1;
        return c->zeros ? put_less(q, c, ".weight_zero_point", c->zeros, c->groups, e) : 0;
    case FLOAT:
        return put_as(q, c, ".weight", c->element, c->codes, c->cols, e);
    case NVFP4:
        return put_as(q, c, ".weight_packed", DT_U8, c->codes, c->code_bytes, e) < 0 ? -1 : put_divisor(q, c, e);
    default:
        return put_as(q, c, ".weight_packed", DT_U8, c->codes, c->code_bytes, e);
    }
}

static int put(struct to_quantized *q, const struct coded *c, const struct quantized_scheme *s, struct err *e)
{
    enum dtype t = c->scale_type == DT_F8_E8M0 ? DT_U8 : c->scale_type;

    return put_codes(q, c, s->kind, e) < 0 ? -1 : put_as(q, c, ".weight_scale", t, c->scales, c->groups, e);
}

static void put_weights(struct buf *out, const struct quantized_scheme *s)
{
    static const char *const strategy[CONTAINERS] = {"group", "channel", "channel", "tensor_group", "group"};

    buf_printf(out, "{\"num_bits\": %d, \"type\": \"%s\", \"symmetric\": %s, \"strategy\": \"%s\", \"group_size\": ",
               s->bits, s->kind == PACK || s->kind == INT ? "int" : "float",
               s->sym || s->kind >= FLOAT ? "true" : "false", s->group ? strategy[s->kind] : "channel");
    if (s->group)
        buf_printf(out, "%llu", (unsigned long long)s->group);
    else
        buf_puts(out, "null");
    buf_printf(out, ", \"dynamic\": false%s}", s->kind == MXFP4 ? ", \"scale_dtype\": \"torch.uint8\"" : "");
}

/* Of numbers of 8 bits a server multiplies inputs of 8 bits by them, which it quantizes as they come. */
static void put_inputs(struct buf *out, const struct quantized_scheme *s)
{
    if (s->kind == INT || s->kind == FLOAT)
        buf_printf(
            out, "{\"num_bits\": 8, \"type\": \"%s\", \"symmetric\": true, \"strategy\": \"token\", \"dynamic\": true}",
            s->kind == INT ? "int" : "float");
    else
        buf_puts(out, "null");
}

static const char *whole_format(const struct to_quantized *q)
{
    for (int i = 1; i < q->schemes; i++)
        if (q->used[i].of.kind != q->used[0].of.kind)
            return "mixed-precision";
    return containers[q->used[0].of.kind];
}

static void config(const struct to_quantized *q, struct buf *out)
{
    buf_printf(out,
               "{\"quant_method\": \"compressed-tensors\", \"format\": \"%s\", \"quantization_status\": "
               "\"compressed\", \"kv_cache_scheme\": null, \"config_groups\": {",
               whole_format(q));
    for (int i = 0; i < q->schemes; i++) {
        const struct quantized_used *u = &q->used[i];

        buf_printf(out, "%s\"group_%d\": {\"targets\": [", i ? ", " : "", i);
        if (q->schemes == 1)
            buf_puts(out, "\"Linear\"");
        else
            quantized_put_names(out, u->module, u->modules, "");
        buf_puts(out, "], \"weights\": ");
        put_weights(out, &u->of);
        buf_puts(out, ", \"input_activations\": ");
        put_inputs(out, &u->of);
        buf_printf(out, ", \"output_activations\": null, \"format\": \"%s\"}", containers[u->of.kind]);
    }
    buf_puts(out, "}, \"ignore\": [");
    quantized_put_names(out, q->left, q->lefts, "");
    buf_puts(out, "]}");
}

#define ROW(symbol, called, which, what)                                                                               \
    const struct quantizer quantizer_##symbol = {.name = called,                                                       \
                                                 .holds = what,                                                        \
                                                 .head = 1,                                                            \
                                                 .converts = (which) != 1u << MXFP4 && (which) != 1u << NVFP4,         \
                                                 .kinds = which,                                                       \
                                                 .fits = fits,                                                         \
                                                 .put = put,                                                           \
                                                 .config = config}

ROW(ct_pack, "pack-quantized", 1u << PACK,
    "linears of int2 to int8, zeros whole or none: wquant -t int4 -g 128 --only linear");
ROW(ct_int, "int-quantized", 1u << INT, "linears of int8, a scale each row: wquant -t int8 -g 0 --sym --only linear");
ROW(ct_float, "float-quantized", 1u << FLOAT, "linears of fp8, a scale each row: wquant -t fp8 -g 0 --only linear");
ROW(ct_nvfp4, "nvfp4-pack-quantized", 1u << NVFP4,
    "linears of fp4 in groups of 16 with scales of f8_e4m3: wquant -t fp4 -g 16 --scales f8_e4m3 --only linear");
ROW(ct_mxfp4, "mxfp4-pack-quantized", 1u << MXFP4,
    "linears of fp4 in groups of 32 with powers of two: wquant -t fp4 -g 32 --scales f8_e8m0 --only linear");
ROW(ct, "compressed-tensors", 1u << PACK | 1u << FLOAT | 1u << NVFP4 | 1u << MXFP4,
    "linears of int2 to int8, fp8 with a scale each row, fp4 in groups of 16 or 32: see wquant --list");
