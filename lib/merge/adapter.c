#include "merge/adapter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckpt/to_hf.h"
#include "record/json.h"

#define CONFIG "adapter_config.json"

static int config_blob(const struct operand *o)
{
    for (int i = 0; i < o->source.blobs; i++)
        if (strcmp(o->source.blob[i].name, CONFIG) == 0)
            return i;
    return -1;
}

int merge_is_adapter(const struct operand *o)
{
    return !o->in && config_blob(o) >= 0;
}

/* What the configuration asks for beyond B A, or NULL. */
static const char *beyond(const struct json *c)
{
    const struct json *save = json_get(c, "modules_to_save");

    if (strcmp(json_str(c, "peft_type", ""), "LORA") != 0)
        return "a peft_type other than LORA";
    if (json_bool(c, "use_dora", 0))
        return "DoRA (use_dora)";
    if (strcmp(json_str(c, "bias", "none"), "none") != 0 || json_bool(c, "lora_bias", 0))
        return "trained biases (bias)";
    if (save && save->kind == JSON_ARRAY && save->len)
        return "whole modules beside the products (modules_to_save)";
    return json_num(c, "r", 0) < 1 ? "a rank below 1 (r)" : NULL;
}

static struct json *read_config(struct operand *o, struct err *e)
{
    struct buf text = {0};
    struct json *c = NULL;

    if (source_blob(&o->source, config_blob(o), &text, e) == 0)
        c = json_parse(text.data, text.len, 16, e);
    if (!c)
        err_in(e, "%s/" CONFIG, o->path);
    buf_free(&text);
    if (c && beyond(c)) {
        err_set(e, "%s/" CONFIG ": asks for %s, which is no product beside a weight", o->path, beyond(c));
        json_free(c);
        return NULL;
    }
    return c;
}

/* The number of the first key of a pattern that is the module's name or its end behind a dot. */
static double by_pattern(const struct json *pattern, const char *module, double otherwise)
{
    for (const struct json *m = pattern && pattern->kind == JSON_OBJECT ? pattern->first : NULL; m; m = m->next) {
        size_t n = strlen(module), k = strlen(m->key);

        if (k <= n && strcmp(module + n - k, m->key) == 0 && (k == n || module[n - k - 1] == '.'))
            return m->num;
    }
    return otherwise;
}

/* lora_alpha / r, r being the rows of lora_A, which must be the configuration's. */
static int scale_of(const struct json *c, const char *module, uint64_t rank, double *scale, struct err *e)
{
    double r = by_pattern(json_get(c, "rank_pattern"), module, json_num(c, "r", 0));
    double alpha = by_pattern(json_get(c, "alpha_pattern"), module, json_num(c, "lora_alpha", 8));

    if (r != (double)rank)
        return err_set(e, "lora_A has %llu rows, " CONFIG " says rank %g", (unsigned long long)rank, r);
    *scale = alpha / (json_bool(c, "use_rslora", 0) ? sqrt(r) : r);
    return 0;
}

/* A factor of the adapter into *p (its data is the caller's). 1, 0 when there is none of that name, -1. */
static int take_factor(struct operand *from, const char *module, const char *which, struct part *p, struct err *e)
{
    char *name = mem_printf("base_model.model.%s.lora_%s.weight", module, which);
    int got = operand_get(from, name, e);

    if (got > 0) {
        *p = from->b.part[0];
        p->data = mem_resize(NULL, p->rows * p->row_bytes + 1, 1);
        if (p->shape.rank != 2 || strcmp(p->name, "dense") != 0)
            got = err_set(e, "%s is no dense matrix", name);
        else if (source_part(&from->source, from->step->t, from->step->view, p, 0, p->rows, p->data, e) < 0)
            got = -1;
    }
    free(name);
    return got;
}

static void put_part(struct bundle *b, int term, const char *name, const struct part *from, uint64_t head_dim)
{
    struct part *p = bundle_add_part(b, term, name, from->dtype, &from->shape);

    for (uint64_t r = 0; r < p->rows; r++)
        memcpy(p->data + r * p->row_bytes, from->data + (head_dim ? to_hf_row(r, head_dim) : r) * p->row_bytes, p->row_bytes);
}

static int add_term(struct operand *to, const struct json *c, const struct to_hf *hf, const char *module, const struct part *pa,
                    const struct part *pb, struct err *e)
{
    struct bundle *b = &to->b;
    struct hf_place place = {0};
    double scale = 1;
    int term;

    if (pa->shape.dim[1] != b->cols || pb->rows != b->rows || pb->shape.dim[1] != pa->rows)
        return err_set(e, "lora_A is [%llu, %llu], lora_B [%llu, %llu], the weight [%llu, %llu]", (unsigned long long)pa->rows,
                       (unsigned long long)pa->shape.dim[1], (unsigned long long)pb->rows, (unsigned long long)pb->shape.dim[1],
                       (unsigned long long)b->rows, (unsigned long long)b->cols);
    if (scale_of(c, module, pa->rows, &scale, e) < 0 || to_hf_place(hf, b, &place, e) < 0 || operand_load(to, e) < 0)
        return -1;
    term = bundle_add_term(b, "lowrank");
    if (scale != 1)
        attrs_set_f64(&b->term[term].attrs, "scale", scale);
    put_part(b, term, "a", pa, 0);
    put_part(b, term, "b", pb, place.head_dim);
    free(place.name);
    return 0;
}

static int adapt(struct operand *to, struct operand *from, const struct json *c, const struct to_hf *hf, struct err *e)
{
    char *module = hf_module(&hf->model, &to->b);
    struct part pa = {0}, pb = {0};
    int got = take_factor(from, module, "A", &pa, e);

    if (got > 0 && (got = take_factor(from, module, "B", &pb, e)) == 0)
        got = err_set(e, "%s has its lora_A and no lora_B", from->path);
    if (got > 0)
        got = add_term(to, c, hf, module, &pa, &pb, e);
    free(pa.data);
    free(pb.data);
    free(module);
    return got < 0 ? err_in(e, "%s", to->b.name) : 0;
}

int merge_adapter(struct operand *to, struct operand *from, struct writer *out, struct err *e)
{
    struct json *c = read_config(from, e);
    struct to_hf hf;
    int got = c ? 1 : -1;

    to_hf_open(&hf, "", &writer_head(out)->model);
    while (got > 0 && (got = operand_next(to, e)) > 0)
        if (adapt(to, from, c, &hf, e) < 0 || (to->b.loaded ? bundle_write(out, to->from, &to->b, e) : operand_pass(to, out, e)) < 0)
            got = -1;
    if (got == 0 && (got = operand_rest(from, e)) > 0)
        got = err_set(e, "%s: is in %s, and no weight of %s is its", from->b.name, from->path, to->path);
    to_hf_close(&hf);
    json_free(c);
    return got;
}
