#include "merge/adapter.h"

#include <stdlib.h>
#include <string.h>

#include "ckpt/names.h"
#include "ckpt/to_hf.h"
#include "merge/adapter_config.h"
#include "record/json.h"
#include "tensor/form.h"

#define PEFT "base_model.model."

struct adapter {
    struct operand *from;
    struct json *config;
    char *prefix;    /* of its names, before the module's */
    struct to_hf hf; /* the base's names and rows */
    int tied;        /* the base's embedding is its head */
    int part;        /* the base's tensor at hand is a part of a stored one */
};

static int config_blob(const struct operand *o)
{
    for (int i = 0; i < o->source.blobs; i++)
        if (strcmp(o->source.blob[i].name, ADAPTER_CONFIG) == 0)
            return i;
    return -1;
}

int merge_is_adapter(const struct operand *o)
{
    return !o->in && config_blob(o) >= 0;
}

static struct json *read_config(struct operand *o, struct err *e)
{
    struct buf text = {0};
    struct json *c = NULL;

    if (source_blob(&o->source, config_blob(o), &text, e) == 0)
        c = adapter_config(text.data, text.len, e);
    if (!c)
        err_in(e, "%s/" ADAPTER_CONFIG, o->path);
    buf_free(&text);
    return c;
}

/* "base_model.model.", with the "module." that wrappers of torch put before or behind it. */
static char *prefix_of(const struct operand *o)
{
    const char *name = o->plan.n ? o->plan.step[0].t->name : PEFT;
    const char *at = strncmp(name, "module.", 7) == 0 ? name + 7 : name;

    if (strncmp(at, PEFT, strlen(PEFT)) != 0)
        return mem_strdup(PEFT);
    at += strlen(PEFT);
    return mem_strndup(name, (size_t)((strncmp(at, "module.", 7) == 0 ? at + 7 : at) - name));
}

/* Parts of one stored tensor (attn.q, k and v of a fused one) go by the same tensors of the adapter: one that was given
 * out is given again. */
static void again(struct operand *o, const char *name)
{
    for (size_t i = 0; i < o->plan.n; i++)
        if (o->given[i] && strcmp(o->plan.step[i].t->name, name) == 0)
            o->given[i] = 0;
}

/* The adapter's tensor of that module as it is, in memory: from->b. 1, 0 when there is none, -1. */
static int take(struct adapter *a, const char *module, const char *suffix, struct err *e)
{
    char *name = mem_printf("%s%s%s", a->prefix, module, suffix);
    int got = operand_get(a->from, name, e);

    if (got == 0 && a->part) {
        again(a->from, name);
        got = operand_get(a->from, name, e);
    }
    if (got > 0 && operand_load(a->from, e) < 0)
        got = -1;
    free(name);
    return got;
}

/* A factor of the adapter into *p (its data is the caller's). 1, 0 when there is none of that name, -1. */
static int take_factor(struct adapter *a, const char *module, const char *suffix, struct part *p, struct err *e)
{
    int got = take(a, module, suffix, e);

    if (got > 0) {
        struct part *q = &a->from->b.part[0];

        if (q->shape.rank != 2 || strcmp(a->from->b.term[0].form, "dense") != 0)
            return err_set(e, "%s is no matrix", a->from->b.name);
        *p = *q;
        p->data = mem_new(p->rows * p->row_bytes + 1, 1);
        memcpy(p->data, q->data, p->rows * p->row_bytes);
    }
    return got;
}

static void transpose(struct part *p)
{
    uint64_t rows = p->rows, cols = p->shape.dim[1], width = cols ? p->row_bytes / cols : 0;
    uint8_t *to = mem_new(rows * p->row_bytes + 1, 1);

    for (uint64_t r = 0; r < rows; r++)
        for (uint64_t c = 0; c < cols; c++)
            memcpy(to + (c * rows + r) * width, p->data + (r * cols + c) * width, width);
    free(p->data);
    p->data = to;
    p->shape.dim[0] = p->rows = cols;
    p->shape.dim[1] = rows;
    p->row_bytes = rows * width;
}

/* The row of the stored tensor's outputs that row r of its part is. */
static uint64_t output(const struct hf_place *place, uint64_t cols, uint64_t r)
{
    uint64_t at = view_row(&place->view, r);

    return view_whole_rows(&place->view) ? at / cols : at % (shape_count(&place->stored) / cols);
}

static void put_part(struct bundle *b, int term, const char *name, const struct part *from,
                     const struct hf_place *place)
{
    struct shape shape = from->shape;
    struct part *p;

    if (place)
        shape.dim[0] = b->rows;
    p = bundle_add_part(b, term, name, from->dtype, &shape);

    for (uint64_t r = 0; r < p->rows; r++) {
        uint64_t at = place && place->head_dim ? to_hf_row(r, place->head_dim) : r;

        memcpy(p->data + r * p->row_bytes,
               from->data + (place && place->part ? output(place, b->cols, at) : at) * p->row_bytes, p->row_bytes);
    }
}

static int add_term(struct adapter *a, struct operand *to, const char *module, const struct part *pa,
                    const struct part *pb, struct err *e)
{
    struct bundle *b = &to->b;
    struct hf_place place = {0};
    double scale = 1;
    uint64_t outputs;
    int term;

    if (to_hf_place(&a->hf, b, &place, e) < 0)
        return -1;
    outputs = place.part && b->cols ? shape_count(&place.stored) / b->cols : b->rows;
    if (pa->shape.dim[1] != b->cols || pb->rows != outputs || pb->shape.dim[1] != pa->rows)
        return err_set(e, "lora_A is [%llu, %llu], lora_B [%llu, %llu], the weight [%llu, %llu]",
                       (unsigned long long)pa->rows, (unsigned long long)pa->shape.dim[1], (unsigned long long)pb->rows,
                       (unsigned long long)pb->shape.dim[1], (unsigned long long)outputs, (unsigned long long)b->cols);
    if (adapter_scale(a->config, module, pa->rows, &scale, e) < 0 || operand_load(to, e) < 0)
        return -1;
    term = bundle_add_term(b, "lowrank");
    if (scale != 1)
        attrs_set_f64(&b->term[term].attrs, "scale", scale);
    put_part(b, term, "a", pa, NULL);
    put_part(b, term, "b", pb, &place);
    free(place.name);
    return 0;
}

/* The product of a linear module, or of an embedding: [tokens][width] is what a linear's [outputs][inputs] is,
 * transposed. 1, 0 when there is none, -1. */
static int take_product(struct adapter *a, struct operand *to, const char *module, struct err *e)
{
    struct part pa = {0}, pb = {0};
    int embedding = 0, got = take_factor(a, module, ".lora_A.weight", &pa, e);

    if (got == 0)
        embedding = (got = take_factor(a, module, ".lora_embedding_A", &pb, e)) > 0;
    if (got > 0 && (got = take_factor(a, module, embedding ? ".lora_embedding_B" : ".lora_B.weight",
                                      embedding ? &pa : &pb, e)) == 0)
        got = err_set(e, "%s has its lora_A and no lora_B", a->from->path);
    if (got > 0 && embedding)
        transpose(&pa), transpose(&pb);
    if (got > 0 && add_term(a, to, module, &pa, &pb, e) < 0)
        got = -1;
    free(pa.data);
    free(pb.data);
    return got;
}

/* from->b, a whole tensor, as f32 in the order and the layout of to's. NULL: it has another shape. */
static float *in_order(struct adapter *a, const struct operand *to, struct err *e)
{
    const struct bundle *b = &to->b, *f = &a->from->b;
    struct hf_place place = {0};
    float *raw = mem_new(f->rows * f->cols + 1, sizeof *raw), *v = mem_new(f->rows * f->cols + 1, sizeof *v);
    char bs[200], fs[200];
    int rc = to_hf_place(&a->hf, b, &place, e);
    const struct shape *want = place.part ? &place.stored : &b->shape;

    if (rc == 0 && !shape_equal(want, &f->shape))
        rc = err_set(e, "%s is %s, the base's %s", f->name, shape_text(&f->shape, fs), shape_text(want, bs));
    if (rc == 0)
        rc = bundle_rows(f, 0, f->rows, raw, e);
    for (uint64_t i = 0; rc == 0 && i < b->rows * b->cols; i++) {
        uint64_t r = i / b->cols, c = i % b->cols;

        if (place.head_dim && b->shape.rank > 1)
            r = to_hf_row(r, place.head_dim);
        else if (place.head_dim)
            c = to_hf_row(c, place.head_dim);
        v[i] = raw[place.part ? view_row(&place.view, r) + view_col(&place.view, c) : r * b->cols + c];
    }
    free(place.name);
    free(raw);
    if (rc < 0) {
        free(v);
        return NULL;
    }
    return v;
}

/* from->b against to's tensor: 1 when they are equal, 0, -1. With put, where they differ, it takes its place. */
static int whole(struct adapter *a, struct operand *to, int put, struct err *e)
{
    struct bundle *b = &to->b;
    float *v = in_order(a, to, e), *w = mem_new(b->rows * b->cols + 1, sizeof *w);
    int same = -1;

    if (v && operand_load(to, e) == 0 && bundle_rows(b, 0, b->rows, w, e) == 0) {
        same = memcmp(v, w, b->rows * b->cols * sizeof *v) == 0;
        if (put && !same)
            bundle_set_dense(b, bundle_dense_type(b), v);
    }
    free(v);
    free(w);
    return same;
}

/* The tensor whole, of modules_to_save or of bias; 1 when it has taken the place of the base's, 0 when there is none or
 * it is the base's, -1. */
static int take_whole(struct adapter *a, struct operand *to, const char *module, const char *last, struct err *e)
{
    static const char *const within[] = {"", ".modules_to_save", ".base_layer"};
    int got = 0;

    for (size_t i = 0; got == 0 && i < sizeof within / sizeof *within; i++) {
        int put = i < 2 || strcmp(last, ".bias") == 0; /* the weight of a base_layer is not trained */
        char *suffix = mem_printf("%s%s", within[i], last);

        got = take(a, module, suffix, e);
        free(suffix);
        if (got > 0 && (got = whole(a, to, put, e)) >= 0)
            got = !got;
        if (got > 0 && !put)
            got =
                err_set(e, "%s is not the base's weight: the adapter was trained beside another base", a->from->b.name);
    }
    return got;
}

static int adapt(struct adapter *a, struct operand *to, struct err *e)
{
    char *name = names_hf(attrs_str(&a->hf.model, "arch", NULL), to->b.name), *dot;
    const char *last = ".weight";
    int got, more = 0;

    if (!name)
        name = mem_strdup(to->b.name);
    a->part = name[strcspn(name, ":")] == ':';
    name[strcspn(name, ":")] = '\0';
    dot = strrchr(name, '.');
    if (dot && (strcmp(dot, ".weight") == 0 || strcmp(dot, ".bias") == 0)) {
        last = dot[1] == 'w' ? ".weight" : ".bias";
        *dot = '\0';
    }
    got = take_whole(a, to, name, last, e);
    if (got >= 0 && *last == '.' && last[1] == 'w' && (more = take_product(a, to, name, e)) < 0)
        got = -1;
    free(name);
    if (got >= 0 && (got || more) && a->tied && to->b.role &&
        (strcmp(to->b.role, "embed") == 0 || strcmp(to->b.role, "head") == 0))
        got = err_set(e,
                      "the head is the embedding here (tie_word_embeddings), and the adapter of one would change both");
    return got < 0 ? err_in(e, "%s", to->b.name) : 0;
}

/* What is left over of the adapter, from->b, has no weight: why. */
static int homeless(const struct adapter *a, const struct operand *to, struct err *e)
{
    const char *name = a->from->b.name, *at = strstr(name, PEFT) ? name + strlen(a->prefix) : name;
    char *head = names_hf(attrs_str(&a->hf.model, "arch", NULL), "output.weight");
    size_t n = head ? strlen(head) - strlen("weight") : 0;
    int tied = a->tied && n && strncmp(at, head, n) == 0;

    free(head);
    if (tied)
        return err_set(
            e, "%s: the head is the embedding in %s (tie_word_embeddings), and an adapter of it would change both",
            name, to->path);
    return err_set(e, "%s: is in %s, and no weight of %s is its", name, a->from->path, to->path);
}

/* Does the adapter hold a tensor of the module of that name, or within it? */
static int holds(const struct adapter *a, const char *module)
{
    char *middle = mem_printf(".%s.", module);
    int found = 0;

    for (size_t i = 0; !found && i < a->from->plan.n; i++)
        found = strstr(a->from->plan.step[i].t->name, middle) != NULL;
    free(middle);
    return found;
}

static int check_saved(const struct adapter *a, struct err *e)
{
    const struct json *save = json_get(a->config, "modules_to_save");

    for (const struct json *m = save && save->kind == JSON_ARRAY ? save->first : NULL; m; m = m->next)
        if (m->kind == JSON_STRING && !holds(a, m->s))
            return err_set(e,
                           "%s/" ADAPTER_CONFIG ": modules_to_save names '%.100s', and the adapter holds nothing of it",
                           a->from->path, m->s);
    return 0;
}

int merge_adapter(struct operand *to, struct operand *from, struct writer *out, struct err *e)
{
    struct adapter a = {.from = from, .config = read_config(from, e), .prefix = prefix_of(from)};
    int got = a.config && check_saved(&a, e) == 0 ? 1 : -1;

    to_hf_open(&a.hf, "", &writer_head(out)->model);
    a.tied = (int)attrs_int(&writer_head(out)->model, "tied", 0);
    while (got > 0 && (got = operand_next(to, e)) > 0)
        if (adapt(&a, to, e) < 0 ||
            (to->b.loaded ? bundle_write(out, to->from, &to->b, e) : operand_pass(to, out, e)) < 0)
            got = -1;
    if (got == 0 && (got = operand_rest(from, e)) > 0)
        got = homeless(&a, to, e);
    to_hf_close(&a.hf);
    json_free(a.config);
    free(a.prefix);
    return got;
}
