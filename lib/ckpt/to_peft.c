#include "ckpt/to_peft.h"

#include <stdlib.h>
#include <string.h>

#include "record/json.h"

/* What path will be, from the root: its folder is there, it need not be. NULL: it is not. */
static char *from_root(const char *path, struct err *e)
{
    char *dir = mem_strdup(path), *real = realpath(path, NULL), *slash, *full;
    size_t n = strlen(dir);

    while (n > 1 && dir[n - 1] == '/')
        dir[--n] = '\0';
    slash = strrchr(dir, '/');
    if (slash)
        *slash = '\0';
    full = real ? mem_strdup(real) : NULL;
    if (!full && (real = realpath(!slash ? "." : *dir ? dir : "/", NULL)))
        full = mem_printf("%s/%s", strcmp(real, "/") == 0 ? "" : real, slash ? slash + 1 : dir);
    if (!full)
        (void)err_errno(e, "%s: its folder cannot be found", path);
    free(real);
    free(dir);
    return full;
}

int to_peft_open(struct to_peft *t, const char *folder, const char *path, const struct attrs *model, struct err *e)
{
    char *beside = mem_printf("%s/adapter", folder);
    int rc;

    *t = (struct to_peft){.pile.fd = -1};
    to_hf_open(&t->files, folder, model);
    rc = pile_open(&t->pile, beside, e);
    free(beside);
    if (rc == 0 && !(beside = from_root(path, e)))
        rc = -1;
    if (rc == 0) {
        t->base = mem_printf("%s/base", beside);
        free(beside);
    }
    return rc;
}

static void fused_free(struct peft_fused *f)
{
    free(f->name);
    free(f->a);
    free(f->b);
    memset(f, 0, sizeof *f);
}

void to_peft_close(struct to_peft *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->module[i].name);
    free(t->module);
    free(t->base);
    fused_free(&t->fused);
    pile_close(&t->pile);
    to_hf_close(&t->files);
    *t = (struct to_peft){.pile.fd = -1};
}

/* Parts of one matrix are one module. */
static struct peft_module *add_module(struct to_peft *t, const struct bundle *b)
{
    char *name = hf_module(&t->files.model, b);

    if (t->n && strcmp(t->module[t->n - 1].name, name) == 0) {
        free(name);
        return &t->module[t->n - 1];
    }
    t->module = mem_resize(t->module, t->n + 1, sizeof *t->module);
    t->module[t->n] = (struct peft_module){.name = name};
    return &t->module[t->n++];
}

/* A factor into the pile; where head_dim is not 0 its rows move. */
static int put_factor(struct to_peft *t, const char *module, const char *which, const struct part *p, uint64_t head_dim,
                      struct err *e)
{
    char *name = mem_printf("base_model.model.%s.lora_%s.weight", module, which);
    int rc = pile_add(&t->pile, name, &p->shape, p->dtype, NULL, e);

    for (uint64_t r = 0; rc == 0 && r < p->rows; r++)
        rc = pile_put(&t->pile, t->pile.n - 1, (head_dim ? to_hf_row(r, head_dim) : r) * p->row_bytes,
                      p->data + r * p->row_bytes, p->row_bytes, e);
    free(name);
    return rc;
}

static int put_matrix(struct to_peft *t, const char *which, uint64_t rows, uint64_t cols, const float *v, struct err *e)
{
    char *name = mem_printf("base_model.model.%s.lora_%s.weight", t->fused.name, which);
    struct shape s = {2, {rows, cols}};
    int rc = pile_add(&t->pile, name, &s, DT_F32, NULL, e);

    free(name);
    return rc < 0 ? -1 : pile_put(&t->pile, t->pile.n - 1, 0, v, rows * cols * sizeof *v, e);
}

/* All parts of the fused matrix have come. */
static int flush(struct to_peft *t, struct err *e)
{
    struct peft_fused *f = &t->fused;
    int rc = 0;

    if (f->name)
        rc = put_matrix(t, "A", f->rank, f->cols, f->a, e) < 0 || put_matrix(t, "B", f->outputs, f->rank, f->b, e) < 0
                 ? -1
                 : 0;
    fused_free(f);
    return rc;
}

/* The stored matrix's output that row r of a part is. */
static uint64_t output(const struct hf_place *place, uint64_t cols, uint64_t r)
{
    uint64_t at = view_row(&place->view, place->head_dim ? to_hf_row(r, place->head_dim) : r);

    return view_whole_rows(&place->view) ? at / cols : at % (shape_count(&place->stored) / cols);
}

/* One more part's factors, f32: pa[rank][cols], pb[rows][rank]. */
static void fuse(struct peft_fused *f, const struct hf_place *place, uint64_t rows, uint64_t rank, const float *pa,
                 const float *pb, double scale)
{
    uint64_t all = f->rank + rank;
    float *b = mem_new((size_t)(f->outputs * all) + 1, sizeof *b);

    f->a = mem_resize(f->a, (size_t)(all * f->cols) + 1, sizeof *f->a);
    memcpy(f->a + f->rank * f->cols, pa, (size_t)(rank * f->cols) * sizeof *pa);
    for (uint64_t r = 0; r < f->outputs && f->rank; r++)
        memcpy(b + r * all, f->b + r * f->rank, (size_t)f->rank * sizeof *b);
    for (uint64_t r = 0; r < rows; r++)
        for (uint64_t k = 0; k < rank; k++)
            b[output(place, f->cols, r) * all + f->rank + k] = (float)((double)pb[r * rank + k] * (scale / f->scale));
    free(f->b);
    f->b = b;
    f->rank = all;
}

static int take_fused(struct to_peft *t, struct bundle *b, const struct hf_place *place, const struct part *pa,
                      const struct part *pb, double scale, struct err *e)
{
    struct peft_fused *f = &t->fused;
    struct peft_module *m = add_module(t, b);
    float *a = mem_new((size_t)(pa->rows * b->cols) + 1, sizeof *a),
          *rows = mem_new((size_t)(b->rows * pa->rows) + 1, sizeof *rows);
    int rc = 0;

    if (!f->name || strcmp(f->name, m->name) != 0) {
        rc = flush(t, e);
        *f = (struct peft_fused){.name = mem_strdup(m->name),
                                 .outputs = shape_count(&place->stored) / b->cols,
                                 .cols = b->cols,
                                 .scale = scale};
    }
    if (rc == 0) {
        dtype_to_f32(pa->dtype, pa->data, a, (size_t)(pa->rows * b->cols));
        dtype_to_f32(pb->dtype, pb->data, rows, (size_t)(b->rows * pa->rows));
        fuse(f, place, b->rows, pa->rows, a, rows, scale);
        m->rank = f->rank;
        m->scale = f->scale;
    }
    free(a);
    free(rows);
    return rc;
}

static int take_term(struct to_peft *t, struct bundle *b, int term, struct err *e)
{
    const struct part *pa = bundle_part(b, term, "a"), *pb = bundle_part(b, term, "b");
    double scale = attrs_f64(&b->term[term].attrs, "scale", 1);
    struct hf_place place = {0};
    struct peft_module *m;
    int rc;

    if (to_hf_place(&t->files, b, &place, e) < 0)
        return -1;
    t->turned |= place.part && !view_whole_rows(&place.view);
    if (place.part && shape_count(&place.stored) != b->rows * b->cols) {
        rc = b->expert >= 0 ? err_set(e, "it is one of the experts that lie in one tensor, of which peft has no "
                                         "adapter; tcat --dense folds it")
                            : take_fused(t, b, &place, pa, pb, scale, e);
        free(place.name);
        return rc;
    }
    m = add_module(t, b);
    m->rank = pa->rows;
    m->scale = scale;
    rc = put_factor(t, m->name, "A", pa, 0, e);
    if (rc == 0)
        rc = put_factor(t, m->name, "B", pb, place.head_dim, e);
    free(place.name);
    return rc;
}

int to_peft_take(struct to_peft *t, struct reader *in, struct bundle *b, struct err *e)
{
    int last = b->terms - 1;

    if (b->shape.rank != 2)
        return 0;
    if (last < 0 || strcmp(b->term[last].form, "lowrank") != 0) {
        add_module(t, b);
        return 0;
    }
    if (last == 0)
        return err_set(e,
                       "%s: its value is the product alone, with no base to stand beside: tcat --dense folds it, "
                       "lrfactor -m pissa splits",
                       b->name);
    if (b->role && (strcmp(b->role, "embed") == 0 || strcmp(b->role, "pos") == 0))
        return err_set(e, "%s: adapters of embeddings are not written; tcat --dense folds them", b->name);
    if (bundle_load(in, b, e) < 0)
        return -1;
    if (take_term(t, b, last, e) < 0)
        return err_in(e, "%s", b->name);
    bundle_drop_term(b, last);
    return 0;
}

static double alpha_of(const struct peft_module *m)
{
    return m->scale * (double)m->rank;
}

static int alike(const struct peft_module *a, const struct peft_module *b)
{
    return a->rank == b->rank && alpha_of(a) == alpha_of(b);
}

/* The module whose rank and alpha are the most frequent, the first such; NULL: no module has an adapter. */
static const struct peft_module *usual(const struct to_peft *t)
{
    const struct peft_module *best = NULL;
    size_t most = 0;

    for (size_t i = 0; i < t->n; i++) {
        size_t same = 0;

        for (size_t k = i; k < t->n; k++)
            same += alike(&t->module[i], &t->module[k]);
        if (t->module[i].rank && same > most) {
            best = &t->module[i];
            most = same;
        }
    }
    return best;
}

static const char *last_name(const char *module)
{
    const char *dot = strrchr(module, '.');

    return dot ? dot + 1 : module;
}

/* What names module i in target_modules; NULL when an earlier one has named it. */
static const char *target_name(const struct to_peft *t, size_t i)
{
    const char *last = last_name(t->module[i].name);
    int first = 1;

    for (size_t k = 0; k < t->n; k++)
        if (strcmp(last_name(t->module[k].name), last) == 0) {
            if (!t->module[k].rank)
                return t->module[i].name;
            first &= k >= i;
        }
    return first ? last : NULL;
}

static void put_key(struct buf *out, int *more, const char *key)
{
    buf_puts(out, *more ? ",\n    " : "\n    ");
    json_put_string(out, key, strlen(key));
    *more = 1;
}

static void put_pattern(struct buf *out, const struct to_peft *t, const struct peft_module *u, int alpha)
{
    int more = 0;

    for (size_t i = 0; i < t->n; i++) {
        const struct peft_module *m = &t->module[i];

        if (!m->rank || (alpha ? alpha_of(m) == alpha_of(u) : m->rank == u->rank))
            continue;
        put_key(out, &more, m->name);
        if (alpha)
            buf_printf(out, ": %.17g", alpha_of(m));
        else
            buf_printf(out, ": %llu", (unsigned long long)m->rank);
    }
    buf_puts(out, more ? "\n  }" : "}");
}

static void put_config(struct buf *out, const struct to_peft *t, const struct peft_module *u)
{
    int more = 0;

    buf_printf(out, "{\n  \"peft_type\": \"LORA\",\n  \"task_type\": \"CAUSAL_LM\",\n  \"base_model_name_or_path\": ");
    json_put_string(out, t->base, strlen(t->base));
    buf_printf(out, ",\n  \"r\": %llu,\n  \"lora_alpha\": %.17g,\n  \"alpha_pattern\": {", (unsigned long long)u->rank,
               alpha_of(u));
    put_pattern(out, t, u, 1);
    buf_puts(out, ",\n  \"rank_pattern\": {");
    put_pattern(out, t, u, 0);
    buf_puts(out, ",\n  \"target_modules\": [");
    for (size_t i = 0; i < t->n; i++) {
        const char *name = t->module[i].rank ? target_name(t, i) : NULL;

        if (name)
            put_key(out, &more, name);
    }
    buf_printf(
        out,
        "\n  ],\n  \"fan_in_fan_out\": %s,\n  \"use_rslora\": false,\n  \"lora_dropout\": 0.0,\n  \"bias\": \"none\",\n"
        "  \"modules_to_save\": null,\n  \"inference_mode\": true\n}\n",
        t->turned ? "true" : "false");
}

int to_peft_finish(struct to_peft *t, struct err *e)
{
    const struct peft_module *u = usual(t);
    struct attrs meta = {0};
    struct buf config = {0};
    int rc;

    if (flush(t, e) < 0)
        return -1;
    if (!u)
        return err_set(e, "no value has a low-rank term beside another: lrfactor -m pissa or -m eva makes adapters");
    put_config(&config, t, u);
    attrs_set_str(&meta, "format", "pt");
    rc = to_hf_file(&t->files, "adapter_config.json", config.data, config.len, e);
    if (rc == 0)
        rc = to_hf_weights(&t->files, "adapter_model.safetensors", &t->pile, &meta, e);
    attrs_free(&meta);
    buf_free(&config);
    return rc;
}
