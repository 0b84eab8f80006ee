#include "quant/plan.h"

#include <float.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/table.h"
#include "quant/table.h"
#include "tensor/quantizable.h"
#include "tensor/unseen.h"

int quant_scales_find(const char *name)
{
    static const enum dtype types[] = {DT_F32, DT_F16, DT_BF16};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcasecmp(name, dtype_info(types[i])->name) == 0)
            return types[i];
    return -1;
}

void quant_list(struct buf *out)
{
    for (const struct quant_block *const *b = quant_blocks; *b; b++) {
        const struct ggml_type *t = ggml_find((*b)->type);

        buf_printf(out, "type\t%s\t%g bits, blocks of %u\n", t->name, 8.0 * t->bytes / t->block, t->block);
    }
    buf_puts(out, "type\tint2 to int8\tcodes with a scale for each group of columns, by a method\n");
    for (int i = 0; quant_table_row(i); i++)
        buf_printf(out, "type\t%s\t%s, with a scale for each group of columns\n", quant_table_row(i)->name,
                   quant_table_row(i)->brief);
    buf_puts(out, "type\tf32 f16 bf16\tplain\n");
}

struct word {
    const char *name;
};

/* Beside quant_blocks, for table_unknown. */
static const struct word *const other_types[] = {&(const struct word){"f16"},  &(const struct word){"bf16"},
                                                 &(const struct word){"f32"},  &(const struct word){"int4"},
                                                 &(const struct word){"int8"}, NULL};

static int type_unknown(const char *type, struct err *e)
{
    if (strncasecmp(type, "int", 3) == 0 && type[3] && strspn(type + 3, "0123456789") == strlen(type + 3))
        return err_set(e, "type '%s' is not known; int2 to int8 are", type);
    return table_unknown("type", quant_blocks, other_types, type, e);
}

int quant_plan_parse(struct quant_plan *p, const char *type, struct err *e)
{
    int plain = quant_scales_find(type); /* the plain types are the same */

    if (plain >= 0) {
        p->kind = QUANT_DENSE;
        p->dtype = (enum dtype)plain;
        return 0;
    }
    if (strncasecmp(type, "int", 3) == 0 && type[3] >= '2' && type[3] <= '8' && type[4] == 0) {
        p->kind = QUANT_AFFINE;
        p->affine.bits = type[3] - '0';
        p->affine.table = NULL;
        return 0;
    }
    p->affine.table = quant_table_find(type);
    if (p->affine.table) {
        p->kind = QUANT_AFFINE;
        p->affine.bits = p->affine.table->bits;
        return 0;
    }
    p->kind = QUANT_BLOCKS;
    p->block = quant_block_find(type);
    p->ggml = p->block ? ggml_find(type) : NULL;
    return p->ggml ? 0 : type_unknown(type, e);
}

/* Does the method go into the block type? */
static int sweeps(const struct quant_plan *p)
{
    return p->kind == QUANT_BLOCKS && p->block->levels && p->method->needs & QUANT_SWEEP;
}

static int scales_of(const struct quant_plan *p, const char *name)
{
    int type = quant_scales_find(name);

    if (type < 0 && p->kind == QUANT_AFFINE && p->affine.table)
        type = strcasecmp(name, "f8_e8m0") == 0 ? DT_F8_E8M0 : strcasecmp(name, "f8_e4m3") == 0 ? DT_F8_E4M3 : -1;
    return type;
}

int quant_plan_options(struct quant_plan *p, const char *method, const char *scales, uint64_t group, int sym,
                       struct err *e)
{
    int type = scales_of(p, scales);

    p->method = quant_method_find(method);
    if (!p->method)
        return table_unknown("method", quant_methods, NULL, method, e);
    if (type < 0)
        return err_set(e, "--scales '%s': f16, bf16 or f32%s", scales,
                       p->kind == QUANT_AFFINE && p->affine.table ? ", f8_e8m0, f8_e4m3" : "");
    if (p->kind == QUANT_AFFINE && p->affine.table && (sym || !p->method->takes_table))
        return err_set(e, "%s '%s' belongs to int2 to int8: %s has no zero to place",
                       sym ? "--sym, not method" : "method", method, p->affine.table->name);
    if (p->kind != QUANT_AFFINE && sym)
        return err_set(e, "--sym belongs to int2 to int8; the codes of other types are fixed");
    if (p->kind != QUANT_AFFINE && strcmp(method, "rtn") != 0 && !sweeps(p))
        return err_set(e, "method '%s' belongs to int2 to int8%s; the codes of other types are fixed", method,
                       p->method->needs & QUANT_SWEEP ? ", q2_K to q6_K and q4_0 to q8_0" : "");
    if (sym && !p->method->takes_sym)
        return err_set(e, "--sym fixes the zero, which method '%s' moves", method);
    if (group > INT64_MAX)
        return err_set(e, "-g %llu: more columns than a tensor has", (unsigned long long)group);
    p->affine = (struct quant_affine){.bits = p->affine.bits,
                                      .group = group,
                                      .sym = sym || p->affine.table,
                                      .scales = (enum dtype)type,
                                      .table = p->affine.table,
                                      .divisor = 1};
    p->gram = p->method->gram ? *p->method->gram : (struct quant_gram_args){0};
    return 0;
}

int quant_plan_tall(struct quant_plan *p, uint64_t rows, struct err *e)
{
    if (rows <= 1)
        return 0;
    if (p->kind != QUANT_AFFINE || !p->affine.table || p->method->needs & QUANT_SWEEP)
        return err_set(e, "--rows belongs to types of floats (fp8, fp4, nf4) by -m rtn");
    if (rows > 512 || rows & (rows - 1))
        return err_set(e, "--rows %llu: 2, 4, 8 ... 512", (unsigned long long)rows);
    p->affine.tall = rows;
    return 0;
}

int quant_plan_list(struct quant_plan *plan, const char **name, int most, const char *list, const char *method,
                    const char *scales, uint64_t group, int sym, struct err *e)
{
    char *rest = mem_strdup(list);
    int n = 0;

    for (; (name[n] = strsep(&rest, ",")); n++) {
        struct quant_plan *p = &plan[n];
        int affine;

        if (n == most - 1)
            return err_set(e, "more than %d types", most - 1);
        if (quant_plan_parse(p, name[n], e) < 0)
            return -1;
        affine = p->kind == QUANT_AFFINE;
        if (quant_plan_options(p, affine ? method : "rtn", scales, group, affine && sym, e) < 0)
            return -1;
        if (affine && p->method->needs & QUANT_LAYER)
            return err_set(e, "method '%s' changes whole layers; a tensor alone says nothing of it", method);
    }
    return n;
}

int quant_takes(const struct bundle *b, int named)
{
    const struct part *dense = bundle_part(b, 0, "dense");

    if (b->shape.rank < 2 || b->rows * b->cols == 0 || (dense && !dtype_info(dense->dtype)->is_float))
        return 0;
    return named || bundle_quantizable(b);
}

int quant_falls_out(const struct quant_plan *p, const struct bundle *b)
{
    return !b->role && p->kind != QUANT_DENSE && quant_plan_fit(p, b->cols).kind == QUANT_DENSE;
}

uint64_t quant_value_bytes(const struct bundle *b)
{
    uint64_t n = 0;

    for (int i = 0; i < b->parts; i++)
        if (b->part[i].term >= 0)
            n += b->part[i].rows * b->part[i].row_bytes;
    return n;
}

int quant_dense_beside(const struct bundle *b)
{
    static const char *const stay[] = {"sparse", "lowrank", "monarch"};
    int dense = -1;

    for (int t = 0; t < b->terms; t++) {
        int stays = 0;

        for (size_t i = 0; i < sizeof stay / sizeof *stay; i++)
            stays |= strcmp(b->term[t].form, stay[i]) == 0;
        if (stays)
            continue;
        if (dense >= 0 || strcmp(b->term[t].form, "dense") != 0)
            return -1;
        dense = t;
    }
    return b->terms > 1 ? dense : -1;
}

uint64_t quant_kept_bytes(const struct bundle *b)
{
    int dense = quant_dense_beside(b);
    uint64_t n = 0;

    for (int i = 0; dense >= 0 && i < b->parts; i++)
        if (b->part[i].term >= 0 && b->part[i].term != dense)
            n += b->part[i].rows * b->part[i].row_bytes;
    return n;
}

struct quant_plan quant_plan_fit(const struct quant_plan *p, uint64_t cols)
{
    struct quant_plan fit = *p;
    struct err e;

    while (fit.kind == QUANT_BLOCKS && cols % fit.ggml->block != 0)
        if (fit.block->fallback[0] == 0 || quant_plan_parse(&fit, fit.block->fallback, &e) < 0) {
            fit.kind = QUANT_DENSE;
            fit.dtype = DT_F16;
        }
    return fit;
}

int quant_plan_allows(const struct quant_plan *p, const struct bundle *b, int importance, struct err *e)
{
    int norm2 = importance && bundle_part(b, -1, "norm2");

    if (bundle_unseen(b))
        return 0;
    if (p->clip == QUANT_CLIP_YES && !norm2 && !bundle_part(b, -1, "gram"))
        return err_set(e, "%s: --clip goes by the companion gram, or norm2; run mcalib first", b->name);
    if (p->kind != QUANT_BLOCKS || !p->block->without || norm2)
        return 0;
    return err_set(e, "%s: type %s needs importance, and %s", b->name, p->ggml->name,
                   importance ? "the companion norm2 is missing; run mcalib first" : "it is not to be used");
}

/* The embedding, or a head: what may have no statistics. */
static int no_linear(const struct bundle *b)
{
    return b->role && (strcmp(b->role, "embed") == 0 || strcmp(b->role, "head") == 0);
}

/* q and k: their errors meet in a product, and Lin et al. leave them alone. */
static int meets(const struct bundle *b)
{
    return b->role &&
           (strcmp(b->role, "attn.q") == 0 || strcmp(b->role, "attn.k") == 0 || strcmp(b->role, "attn.qkv") == 0);
}

int quant_plan_clips(const struct quant_plan *p)
{
    return p->kind == QUANT_BLOCKS ? p->block->levels != NULL : p->kind == QUANT_AFFINE && p->method->whole_zeros;
}

static enum quant_clip decide_clip(const struct quant_plan *p, const struct bundle *b)
{
    int gram = bundle_part(b, -1, "gram") != NULL, norm2 = bundle_part(b, -1, "norm2") != NULL, few;

    if (!quant_plan_clips(p) || (!gram && !norm2 && no_linear(b)) || bundle_unseen(b))
        return QUANT_CLIP_NO;
    if (p->method->needs & QUANT_LAYER)
        return p->clip == QUANT_CLIP_NO || meets(b) ? QUANT_CLIP_NO : QUANT_CLIP_YES;
    few = p->kind == QUANT_AFFINE && p->affine.bits <= 4;
    if (p->clip == QUANT_CLIP_DEFAULT)
        return gram && (few || sweeps(p)) ? QUANT_CLIP_YES : QUANT_CLIP_NO;
    return p->clip;
}

struct quant_plan quant_plan_for(const struct quant_plan *p, const struct bundle *b)
{
    struct quant_plan fit = quant_plan_fit(p, b->cols);
    struct err e;

    if (fit.kind != QUANT_DENSE && fit.method && fit.method->needs & QUANT_GRAM &&
        ((no_linear(b) && !bundle_part(b, -1, "gram")) || bundle_unseen(b)))
        fit.method = quant_method_find("rtn");
    if (fit.kind == QUANT_BLOCKS && fit.block->without && no_linear(b) && !bundle_part(b, -1, "norm2"))
        quant_plan_parse(&fit, fit.block->without, &e);
    fit.clip = decide_clip(&fit, b);
    return fit;
}

const char *quant_plan_name(const struct quant_plan *p, char buf[32])
{
    if (p->kind == QUANT_AFFINE && p->affine.table)
        snprintf(buf, 32, "%s", p->affine.table->name);
    else if (p->kind == QUANT_AFFINE)
        snprintf(buf, 32, "int%d", p->affine.bits);
    else
        snprintf(buf, 32, "%s", p->kind == QUANT_BLOCKS ? p->ggml->name : dtype_info(p->dtype)->name);
    return buf;
}

uint64_t quant_plan_bytes(const struct quant_plan *p, uint64_t rows, uint64_t cols)
{
    uint64_t row = 0, zeros = 0;

    if (p->residual) {
        struct quant_plan first = *p;

        first.residual = 0;
        return quant_plan_bytes(&first, rows, cols) + rows * cols * sizeof(float);
    }
    if (p->kind == QUANT_BLOCKS)
        return rows * ggml_row_bytes(p->ggml, cols);
    if (p->kind == QUANT_DENSE)
        return dtype_bytes(p->dtype, cols, &row) < 0 ? 0 : rows * row;
    dtype_bytes(p->affine.scales, quant_groups(&p->affine, cols), &row);
    if (!p->affine.sym)
        dtype_bytes(quant_zeros_type(p->method, &p->affine), quant_groups(&p->affine, cols), &zeros);
    return rows * (quant_code_bytes(&p->affine, cols) + row + zeros) +
           (p->affine.table ? quant_table_bytes(p->affine.table) : 0);
}

float quant_plan_limit(const struct quant_plan *p)
{
    int half = p->kind == QUANT_BLOCKS || (p->kind == QUANT_DENSE && p->dtype == DT_F16) ||
               (p->kind == QUANT_AFFINE && p->affine.scales == DT_F16);

    return half ? 65504.0f : FLT_MAX;
}

/* The table comes with its data. */
static void declare_table(const struct quant_affine *a, struct bundle *b, int t)
{
    struct shape s = {1, {(uint64_t)1 << a->bits}};
    struct part *p = bundle_declare_part(b, t, "table", a->table->stored, &s);

    p->data = mem_new((size_t)quant_table_bytes(a->table), 1);
    quant_table_put(a->table, p->data);
    if (a->divisor != 1)
        attrs_set_f64(&b->term[t].attrs, "divisor", (double)a->divisor);
}

static void declare_affine(const struct quant_plan *p, struct bundle *b, int t)
{
    struct shape s = {2, {b->rows, quant_code_bytes(&p->affine, b->cols)}};

    attrs_set_int(&b->term[t].attrs, "bits", p->affine.bits);
    attrs_set_int(&b->term[t].attrs, "group", (int64_t)p->affine.group);
    if (p->affine.table)
        declare_table(&p->affine, b, t);
    else
        attrs_set_bool(&b->term[t].attrs, "sym", p->affine.sym);
    bundle_declare_part(b, t, "codes", DT_U8, &s);
    s.dim[1] = quant_groups(&p->affine, b->cols);
    bundle_declare_part(b, t, "scales", p->affine.scales, &s);
    if (!p->affine.sym)
        bundle_declare_part(b, t, "zeros", quant_zeros_type(p->method, &p->affine), &s);
}

void quant_plan_declare(const struct quant_plan *p, struct bundle *b)
{
    struct shape s = {2, {b->rows, 0}};
    int t;

    bundle_clear_value(b);
    t = bundle_add_term(b, p->kind == QUANT_BLOCKS                      ? "ggml"
                           : p->kind == QUANT_AFFINE && p->affine.table ? "table"
                           : p->kind == QUANT_AFFINE                    ? "affine"
                                                                        : "dense");
    if (p->kind == QUANT_DENSE) {
        bundle_declare_part(b, t, "dense", p->dtype, &b->shape);
    } else if (p->kind == QUANT_BLOCKS) {
        attrs_set_str(&b->term[t].attrs, "type", p->ggml->name);
        s.dim[1] = ggml_row_bytes(p->ggml, b->cols);
        bundle_declare_part(b, t, "blocks", DT_U8, &s);
    } else {
        declare_affine(p, b, t);
    }
    if (p->residual)
        bundle_declare_part(b, bundle_add_term(b, "dense"), "dense", DT_F32, &b->shape);
}
