/*
 * to_quantized_gptq: GPTQ, in its first format (zeros less one) and its second, and AWQ's GEMM. Both have the inputs
 * first: words of codes along the inputs (GPTQ) or, eight at a time in an order of their own, along the outputs (AWQ).
 * Sources: AutoGPTQ and GPTQModel, QuantLinear.pack; AutoAWQ, packing_utils.
 */
#include <stdlib.h>
#include <string.h>

#include "ckpt/to_quantized_int.h"

static int fits_words(const struct coded *c, struct err *e)
{
    uint64_t bits = (uint64_t)c->bits;

    if (!c->whole)
        return err_set(e, "floats");
    if (c->scale_type != DT_F16 && c->scale_type != DT_BF16)
        return err_set(e, "scales of %s", dtype_info(c->scale_type)->name);
    if (!c->together)
        return err_set(e, "other weights' rows lie between its own in %s", c->name);
    if (c->cols * bits % 32 || c->rows * bits % 32 || c->first * bits % 32 || c->stored.dim[0] * bits % 32)
        return err_set(e, "%llu inputs and %llu outputs of %d bits do not fill words of 32",
                       (unsigned long long)c->cols, (unsigned long long)c->rows, c->bits);
    return 0;
}

static int fits_gptq(const struct quantizer *how, const struct coded *c, struct quantized_scheme *s, struct err *e)
{
    (void)s;
    if (c->bits != 2 && c->bits != 3 && c->bits != 4 && c->bits != 8)
        return err_set(e, "%d bits", c->bits);
    if (fits_words(c, e) < 0)
        return -1;
    for (uint64_t i = 0; how == &quantizer_gptq && c->zeros && i < c->rows * c->groups; i++)
        if (c->zeros[i] == 0)
            return err_set(e, "a zero of 0, of which readers of the first format make %d or 0: -t gptq_v2 has no such",
                           1 << c->bits);
    return 0;
}

/* Elements of size bytes, [rows][n], to [n][rows] where rows go. */
static uint8_t *turn(const struct coded *c, const uint8_t *from, uint64_t stride, uint64_t n, uint64_t size)
{
    uint8_t *out = mem_new((size_t)(n * c->rows) + 1, (size_t)size);

    for (uint64_t r = 0; r < c->rows; r++)
        for (uint64_t i = 0; i < n; i++)
            memcpy(out + (i * c->rows + c->row[r] - c->first) * size, from + r * stride + i * size, (size_t)size);
    return out;
}

static int put_turned(struct to_quantized *q, const struct coded *c, const char *end, enum dtype t, const uint8_t *from,
                      uint64_t stride, uint64_t n, struct err *e)
{
    uint64_t size = (uint64_t)dtype_info(t)->bits / 8;
    int64_t item = coded_tensor(q, c, end, t, &(struct shape){2, {n, c->stored.dim[0]}}, e);
    uint8_t *data = turn(c, from, stride, n, size);
    int rc = item < 0 ? -1 : coded_put_lines(q, c, item, data, n, 8 * size, e);

    free(data);
    return rc;
}

/* Words of numbers along the outputs, of which `number` gives a row's in a line, and `place` puts it. */
static int put_words(struct to_quantized *q, const struct coded *c, const char *end, uint64_t lines,
                     unsigned (*number)(const struct coded *c, uint64_t line, uint64_t r),
                     void (*place)(uint32_t *words, uint64_t at, int bits, unsigned v), struct err *e)
{
    uint64_t bits = (uint64_t)c->bits, words = c->rows * bits / 32;
    int64_t item = coded_tensor(q, c, end, DT_I32, &(struct shape){2, {lines, c->stored.dim[0] * bits / 32}}, e);
    uint32_t *out = mem_new((size_t)(lines * words) + 1, sizeof *out);
    int rc;

    for (uint64_t r = 0; r < c->rows; r++)
        for (uint64_t i = 0; i < lines; i++)
            place(out + i * words, c->row[r] - c->first, c->bits, number(c, i, r));
    rc = item < 0 ? -1 : coded_put_lines(q, c, item, out, lines, bits, e);
    free(out);
    return rc;
}

static unsigned zero_less(const struct coded *c, uint64_t g, uint64_t r)
{
    return coded_zero(c, r, g) - 1;
}

static unsigned zero_plain(const struct coded *c, uint64_t g, uint64_t r)
{
    return coded_zero(c, r, g);
}

static int put_order(struct to_quantized *q, const struct coded *c, const struct quantized_scheme *s, struct err *e)
{
    size_t had = q->pile->n;
    int64_t item = coded_tensor(q, c, ".g_idx", DT_I32, &(struct shape){1, {c->cols}}, e);
    uint64_t step = c->group ? c->group : s->group && s->group < c->cols ? s->group : c->cols;
    uint32_t *g = mem_new(c->cols + 1, sizeof *g);
    int rc;

    for (uint64_t i = 0; i < c->cols; i++)
        g[i] = c->order ? c->order[i] : (uint32_t)(i / step);
    rc = item < 0            ? -1
         : had == q->pile->n ? 0 /* another weight of the tensor has put it */
                             : pile_put(q->pile, (size_t)item, 0, g, c->cols * 4, e);
    free(g);
    return rc;
}

static int put_gptq(struct to_quantized *q, const struct coded *c, const struct quantized_scheme *s, struct err *e)
{
    if (put_turned(q, c, ".qweight", DT_I32, c->codes, c->code_bytes, c->code_bytes / 4, e) < 0 ||
        put_turned(q, c, ".scales", c->scale_type, c->scales, c->scale_bytes, c->groups, e) < 0 ||
        put_words(q, c, ".qzeros", c->groups, q->how == &quantizer_gptq ? zero_less : zero_plain, coded_place, e) < 0)
        return -1;
    return put_order(q, c, s, e);
}

/* Names as patterns of a regular expression that match nothing else. */
static void put_patterns(struct buf *out, const struct to_quantized *q)
{
    for (size_t i = 0; i < q->lefts; i++) {
        struct buf text = {0};

        buf_puts(&text, "-:^");
        for (const char *s = q->left[i]; *s; s++)
            buf_printf(&text, "%s%c", *s == '.' ? "\\" : "", *s);
        buf_puts(&text, "$");
        buf_puts(out, i ? ", " : "");
        json_put_string(out, buf_str(&text), text.len);
        buf_puts(out, ": {}");
        buf_free(&text);
    }
}

static void config_gptq(const struct to_quantized *q, struct buf *out)
{
    const struct quantized_scheme *s = &q->used[0].of;

    buf_printf(out,
               "{\"quant_method\": \"gptq\", \"bits\": %d, \"group_size\": %lld, \"desc_act\": %s, \"sym\": %s, "
               "\"lm_head\": false, \"checkpoint_format\": \"%s\", \"pack_dtype\": \"int32\", \"dynamic\": {",
               s->bits, s->group ? (long long)s->group : -1, q->reordered ? "true" : "false", q->sym ? "true" : "false",
               q->how->name);
    put_patterns(out, q);
    buf_puts(out, "}}");
}

static int fits_awq(const struct quantizer *how, const struct coded *c, struct quantized_scheme *s, struct err *e)
{
    (void)how, (void)s;
    if (c->bits != 4)
        return err_set(e, "%d bits", c->bits);
    if (c->order)
        return err_set(e, "groups that are no runs of columns");
    if (c->group && c->cols % c->group)
        return err_set(e, "groups of %llu columns that do not fill a row of %llu", (unsigned long long)c->group,
                       (unsigned long long)c->cols);
    return fits_words(c, e);
}

static unsigned awq_code(const struct coded *c, uint64_t i, uint64_t r)
{
    return c->codes[r * c->code_bytes + i / 2] >> i % 2 * 4 & 15;
}

static void place_awq(uint32_t *words, uint64_t at, int bits, unsigned v)
{
    static const uint8_t nibble[8] = {0, 4, 1, 5, 2, 6, 3, 7};

    (void)bits;
    words[at / 8] |= (uint32_t)v << 4 * nibble[at % 8];
}

static int put_awq(struct to_quantized *q, const struct coded *c, const struct quantized_scheme *s, struct err *e)
{
    (void)s;
    if (put_words(q, c, ".qweight", c->cols, awq_code, place_awq, e) < 0 ||
        put_words(q, c, ".qzeros", c->groups, zero_plain, place_awq, e) < 0)
        return -1;
    return put_turned(q, c, ".scales", c->scale_type, c->scales, c->scale_bytes, c->groups, e);
}

static void config_awq(const struct to_quantized *q, struct buf *out)
{
    const struct quantized_scheme *s = &q->used[0].of;

    buf_printf(out,
               "{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": %lld, \"zero_point\": true, \"version\": "
               "\"gemm\", \"modules_to_not_convert\": [",
               s->group ? (long long)s->group : -1);
    quantized_put_names(out, q->left, q->lefts, "");
    buf_puts(out, "]}");
}

#define GPTQ_HOLDS                                                                                                     \
    "linears of one of int2, int3, int4 and int8 in groups of one size, zeros whole or none, scales of f16 or bf16: "  \
    "wquant -t int4 -g 128 -m gptq --only linear"

#define GPTQ(word)                                                                                                     \
    {                                                                                                                  \
        .name = word, .holds = GPTQ_HOLDS, .one = 1, .converts = 1, .fits = fits_gptq, .put = put_gptq,                \
        .config = config_gptq                                                                                          \
    }
const struct quantizer quantizer_gptq = GPTQ("gptq"), quantizer_gptq_v2 = GPTQ("gptq_v2"); /* they differ by zeros */
const struct quantizer quantizer_awq = {
    .name = "awq",
    .holds = "linears of int4 in groups of one size, zeros whole or none, scales of f16 or bf16: wquant -t int4 -g 128 "
             "--only linear, with -m rtn, gptq or awq",
    .one = 1,
    .converts = 1,
    .fits = fits_awq,
    .put = put_awq,
    .config = config_awq};
