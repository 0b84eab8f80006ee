/*
 * quantized_mxfp4: floats of 4 bits in blocks of 32 with a power of two each, as GPT-OSS has its experts: NAME_blocks
 * [experts][rows][blocks][16] and NAME_scales [experts][rows][blocks]. They become one stack NAME
 * [experts][rows][columns], with the outputs first; the model's own files, where it is not quantized, have the inputs
 * first. Source: transformers, integrations/mxfp4; the MX specification of the Open Compute Project, 1.0.
 */
#include <stdlib.h>
#include <string.h>

#include "ckpt/quantized_int.h"

int quantized_mxfp4(struct quantized *q, struct file_tensor *t, struct err *e)
{
    size_t n = quantized_base(t->name, "_blocks");
    const struct file_tensor *scales = n ? quantized_beside(q, t->name, n, "_scales") : NULL;
    struct shape shape = t->shape;
    struct file_value *v;
    struct value_part *p;
    uint64_t rows;
    int r = t->shape.rank;

    if (!scales)
        return 0;
    if (t->dtype != DT_U8 || scales->dtype != DT_U8 || (r != 3 && r != 4) || shape.dim[r - 1] != 16 ||
        scales->shape.rank != r - 1 || memcmp(shape.dim, scales->shape.dim, (size_t)(r - 1) * sizeof *shape.dim) != 0 ||
        quantized_count(t) == 0)
        return err_set(e, "blocks of another shape than [..., 16], or scales that do not go with them");
    shape.rank = r - 1;
    shape.dim[r - 2] *= 32;
    rows = shape.dim[0] * (r == 4 ? shape.dim[1] : 1);
    v = value_new("table");
    p = value_add(v, "codes", DT_U8, rows, shape.dim[r - 2] / 2);
    p->from = *t;
    p->stride = p->row_bytes;
    p->read = read_rows;
    p = value_add(v, "scales", DT_F8_E8M0, rows, shape.dim[r - 2] / 32);
    p->from = *scales;
    p->stride = p->row_bytes;
    p->read = read_rows;
    attrs_set_int(&v->attrs, "bits", 4);
    attrs_set_int(&v->attrs, "group", 32);
    quantized_table(v, DT_F4);
    quantized_round(v, DT_BF16);
    quantized_give(t, mem_strndup(t->name, n), &shape, DT_BF16, v);
    v->turned = 1;
    return 1;
}
