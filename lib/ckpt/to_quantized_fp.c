/*
 * to_quantized_fp: fp8 as DeepSeek has it (E4M3 in blocks of 128 by 128 with a float each, weight_scale_inv), and mxfp4
 * as GPT-OSS has its experts (stacks [experts][outputs][blocks of 32]). Sources: transformers,
 * integrations/finegrained_fp8 and mxfp4; the MX specification of the Open Compute Project, 1.0.
 */
#include <stdlib.h>
#include <string.h>

#include "ckpt/to_quantized_int.h"

#define BLOCK 128

static uint64_t blocks(uint64_t n)
{
    return n / BLOCK + (n % BLOCK != 0);
}

/* Rows of one block have the same scales. */
static int fits_blocks(const struct coded *c, struct err *e)
{
    if (!c->together || c->first % BLOCK || (c->first + c->rows != c->stored.dim[0] && c->rows % BLOCK))
        return err_set(e, "it is a part of %s, and its rows are no blocks of 128 there", c->name);
    for (uint64_t r = 1; r < c->rows; r++)
        if (r % BLOCK &&
            memcmp(c->scales + r * c->scale_bytes, c->scales + (r - 1) * c->scale_bytes, (size_t)c->scale_bytes) != 0)
            return err_set(e, "rows %llu and %llu have other scales", (unsigned long long)r - 1, (unsigned long long)r);
    return 0;
}

static int fits_fp8(const struct quantizer *how, const struct coded *c, struct quantized_scheme *s, struct err *e)
{
    (void)how;
    if (c->whole || c->element != DT_F8_E4M3)
        return err_set(e, "no floats of E4M3");
    if (c->divisor != 1 || c->order || c->scale_type != DT_F32)
        return err_set(e, "scales of %s", dtype_info(c->scale_type)->name);
    if (c->groups != blocks(c->cols) || (c->groups > 1 && c->group != BLOCK))
        return err_set(e, "%llu groups in a row of %llu", (unsigned long long)c->groups, (unsigned long long)c->cols);
    s->group = BLOCK;
    for (uint64_t r = 0; r < c->rows; r++)
        if (c->row[r] != c->first + r)
            return err_set(e, "rows of rotary pairs in another order");
    return fits_blocks(c, e);
}

static int put_fp8(struct to_quantized *q, const struct coded *c, const struct quantized_scheme *s, struct err *e)
{
    uint64_t n = blocks(c->rows);
    int64_t item = coded_tensor(q, c, ".weight", DT_F8_E4M3, &(struct shape){2, {c->stored.dim[0], c->cols}}, e),
            to = coded_tensor(q, c, ".weight_scale_inv", DT_F32,
                              &(struct shape){2, {blocks(c->stored.dim[0]), c->groups}}, e);

    (void)s;
    if (item < 0 || to < 0 || coded_put_rows(q, c, item, c->codes, c->cols, e) < 0)
        return -1;
    for (uint64_t b = 0; b < n; b++)
        if (pile_put(q->pile, (size_t)to, (c->first / BLOCK + b) * c->scale_bytes,
                     c->scales + b * BLOCK * c->scale_bytes, c->scale_bytes, e) < 0)
            return -1;
    return 0;
}

static void config_fp8(const struct to_quantized *q, struct buf *out)
{
    buf_puts(out, "{\"quant_method\": \"fp8\", \"fmt\": \"e4m3\", \"activation_scheme\": \"dynamic\", "
                  "\"weight_block_size\": [128, 128], \"modules_to_not_convert\": [");
    quantized_put_names(out, q->left, q->lefts, "");
    buf_puts(out, "]}");
}

static int fits_mxfp4(const struct quantizer *how, const struct coded *c, struct quantized_scheme *s, struct err *e)
{
    (void)how, (void)s;
    if (c->whole || c->element != DT_F4 || c->scale_type != DT_F8_E8M0 || c->divisor != 1 || c->order)
        return err_set(e, "no floats of E2M1 with powers of two");
    if (c->cols % 32 || c->groups != c->cols / 32)
        return err_set(e, "%llu groups in a row of %llu", (unsigned long long)c->groups, (unsigned long long)c->cols);
    return c->stored.rank == 3 ? 0 : err_set(e, "it lies in no stack of experts");
}

static int put_mxfp4(struct to_quantized *q, const struct coded *c, const struct quantized_scheme *s, struct err *e)
{
    const uint64_t *d = c->stored.dim;
    int64_t item = coded_tensor(q, c, "_blocks", DT_U8, &(struct shape){4, {d[0], d[1], c->groups, 16}}, e),
            to = coded_tensor(q, c, "_scales", DT_U8, &(struct shape){3, {d[0], d[1], c->groups}}, e);

    (void)s;
    if (item < 0 || to < 0 || coded_put_rows(q, c, item, c->codes, c->code_bytes, e) < 0)
        return -1;
    return coded_put_rows(q, c, to, c->scales, c->groups, e);
}

static void config_mxfp4(const struct to_quantized *q, struct buf *out)
{
    buf_puts(out, "{\"quant_method\": \"mxfp4\", \"modules_to_not_convert\": [");
    quantized_put_names(out, q->left, q->lefts, "");
    buf_puts(out, "]}");
}

const struct quantizer quantizer_fp8 = {
    .name = "fp8",
    .holds = "linears of fp8 in blocks of 128 by 128 with scales of f32: wquant -t fp8 -g 128 --rows 128 --scales f32 "
             "--only linear",
    .fits = fits_fp8,
    .put = put_fp8,
    .config = config_fp8};
const struct quantizer quantizer_mxfp4 = {
    .name = "mxfp4",
    .holds = "stacks of experts of fp4 in groups of 32 with powers of two: wquant -t fp4 -g 32 --scales f8_e8m0 --only "
             "'moe.gate,moe.up,moe.down'",
    .stacks = 1,
    .fits = fits_mxfp4,
    .put = put_mxfp4,
    .config = config_mxfp4};
