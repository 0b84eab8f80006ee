#include "ckpt/plan.h"

#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "ckpt/from_gguf.h"
#include "ckpt/make_hf.h"
#include "ckpt/quantized.h"
#include "record/json.h"

static int read_config(const struct source *s, int blob, struct attrs *model, struct err *e)
{
    struct buf text = {0};
    struct json *j = NULL;
    int rc = source_blob(s, blob, &text, e);

    if (rc == 0)
        rc = (j = json_parse(text.data, text.len, 64, e)) && arch_from_config(j, model, e) == 0 ? 0 : -1;
    json_free(j);
    buf_free(&text);
    return rc < 0 ? err_in(e, "%s", s->blob[blob].path ? s->blob[blob].path : s->blob[blob].name) : 0;
}

static int describe(struct step *s, struct file_tensor *t, const char *arch, struct err *e)
{
    const char *role;
    int64_t layer;

    s->t = t;
    if (arch_turned(arch, t->name) && !t->turned && file_turn(t, e) < 0)
        return -1;
    if (file_header(&s->b, t, e) < 0)
        return err_in(e, "%s", t->name);
    if (arch_role(arch, t->name, &role, &layer)) {
        s->b.role = mem_strdup(role);
        s->b.layer = layer;
    }
    s->order = arch_order(s->b.role, s->b.layer);
    return 0;
}

static int by_order(const void *a, const void *b)
{
    const struct step *x = a, *y = b;

    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return x->t < y->t ? -1 : x->t > y->t; /* the source's order */
}

/* tokenizer.bin of llama2.c becomes the files of a folder. */
static int from_llama2c(struct source *s, int64_t vocab, struct err *e)
{
    struct file_blob *b = NULL;
    struct tok *t;
    struct buf data;

    for (int i = 0; i < s->blobs && !b; i++)
        b = strcmp(s->blob[i].name, LLAMA2C_TOKENIZER) == 0 && !s->blob[i].path ? &s->blob[i] : NULL;
    if (!b)
        return 0;
    if (!(t = tok_open_llama2c(b->data.data, b->data.len, (uint32_t)vocab, e)))
        return err_in(e, "%s", LLAMA2C_TOKENIZER);
    data = b->data;
    free(b->name);
    *b = (struct file_blob){.name = mem_strdup("tokenizer.json")};
    buf_free(&data);
    make_hf_tokenizer(t, &b->data);
    make_hf_sentencepiece(t, &source_add_blob(s, "tokenizer.model")->data);
    make_hf_tokenizer_config(t, NULL, 0, &source_add_blob(s, "tokenizer_config.json")->data);
    tok_close(t);
    return 0;
}

/* head.model: of a GGUF from its keys, else from config.json. */
static int read_model(struct plan *p, struct source *s, struct err *e)
{
    int got = from_gguf_source(s, &p->model, &p->note, e);

    if (got < 0)
        return err_in(e, "%s", s->part[0].path);
    for (int i = 0; got == 0 && i < s->blobs; i++)
        if (strcmp(s->blob[i].name, "config.json") == 0)
            got = read_config(s, i, &p->model, e) < 0 ? -1 : 1;
    if (s->interleaved && got >= 0)
        attrs_set_str(&p->model, "rope", "interleaved");
    return got < 0 || from_llama2c(s, attrs_int(&p->model, "vocab", 0), e) < 0 ? -1 : 0;
}

int plan_make(struct plan *p, struct source *s, const struct select *sel, struct err *e)
{
    memset(p, 0, sizeof *p);
    if (read_model(p, s, e) < 0 || quantized_take(s, e) < 0)
        return -1;
    p->step = mem_new(s->tensors + 1, sizeof *p->step);
    for (size_t i = 0; i < s->tensors; i++) {
        struct step *step = &p->step[p->n];

        if (describe(step, &s->tensor[i], attrs_str(&p->model, "arch", NULL), e) < 0)
            return -1;
        if (select_match(sel, &step->b))
            p->n++;
        else
            bundle_free(&step->b);
    }
    qsort(p->step, p->n, sizeof *p->step, by_order);
    return 0;
}

void plan_free(struct plan *p)
{
    for (size_t i = 0; i < p->n; i++)
        bundle_free(&p->step[i].b);
    free(p->step);
    attrs_free(&p->model);
    memset(p, 0, sizeof *p);
}

void plan_head(const struct plan *p, const struct source *s, struct head *h)
{
    attrs_copy(&h->model, &p->model);
    attrs_copy(&h->meta, &s->meta);
    h->tensors = p->n;
    h->names = (int)p->n;
    h->name = mem_new(p->n + 1, sizeof *h->name);
    h->shape = mem_new(p->n + 1, sizeof *h->shape);
    h->dtype = mem_new(p->n + 1, sizeof *h->dtype);
    for (size_t i = 0; i < p->n; i++) {
        h->name[i] = mem_strdup(p->step[i].t->name);
        h->shape[i] = p->step[i].t->shape;
        h->dtype[i] = mem_strdup(file_type_name(p->step[i].t));
        h->bytes += p->step[i].t->bytes;
    }
}
