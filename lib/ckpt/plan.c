#include "ckpt/plan.h"

#include <stdlib.h>
#include <string.h>

#include "arch/config.h"
#include "ckpt/from_gguf.h"
#include "ckpt/make_hf.h"
#include "ckpt/quantized.h"
#include "ckpt/tied.h"
#include "file/value.h"

static int read_config(const struct source *s, int blob, struct attrs *model, struct err *e)
{
    struct buf text = {0};
    struct json *j = NULL;
    int rc = source_blob(s, blob, &text, e);

    if (rc == 0)
        rc = (j = json_parse(text.data, text.len, 64, e)) && config_read(j, model, e) == 0 ? 0 : -1;
    json_free(j);
    buf_free(&text);
    return rc < 0 ? err_in(e, "%s", s->blob[blob].path ? s->blob[blob].path : s->blob[blob].name) : 0;
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

/* A page that lies beside the model. */
static int read_page(const struct source *s, int blob, struct err *e)
{
    const char *name = s->blob[blob].name;
    size_t n = strlen(name);
    const struct arch *a;
    struct buf text = {0};
    int rc = 0;

    if (n > 5 && strcmp(name + n - 5, ".arch") == 0 && !strchr(name, '/'))
        rc =
            source_blob(s, blob, &text, e) < 0 || arch_add((const char *)text.data, text.len, name, &a, e) < 0 ? -1 : 0;
    buf_free(&text);
    return rc;
}

/* head.model: of a GGUF from its keys, else from config.json. */
static int read_model(struct plan *p, struct source *s, struct err *e)
{
    int got = 0;

    for (int i = 0; i < s->blobs && got == 0; i++)
        got = read_page(s, i, e);
    if (got < 0)
        return -1;
    got = from_gguf_source(s, &p->model, &p->note, e);

    if (got < 0)
        return err_in(e, "%s", s->part[0].path);
    for (int i = 0; got == 0 && i < s->blobs; i++)
        if (strcmp(s->blob[i].name, "config.json") == 0)
            got = read_config(s, i, &p->model, e) < 0 ? -1 : 1;
    if (s->interleaved && got >= 0)
        attrs_set_str(&p->model, "rope", "interleaved");
    return got < 0 || from_llama2c(s, attrs_int(&p->model, "vocab", 0), e) < 0 ? -1 : 0;
}

static struct step *add(struct plan *p)
{
    if (p->n == p->cap) {
        p->cap += p->cap / 2 + 16;
        p->step = mem_resize(p->step, p->cap, sizeof *p->step);
    }
    p->step[p->n] = (struct step){.layer = -1, .expert = -1, .order = UINT64_MAX};
    return &p->step[p->n++];
}

static void whole(struct plan *p, const struct file_tensor *t, const struct arch *a, const char *role, int64_t layer,
                  int64_t expert)
{
    struct step *s = add(p);

    s->t = t;
    s->role = role;
    s->layer = layer;
    s->expert = expert;
    s->shape = t->shape;
    s->order = arch_order(a, role, layer, expert);
}

/* Can every part be read where it lies? */
static int readable(const struct file_tensor *t, const struct arch_part *part, int n)
{
    for (int i = 0; i < n; i++)
        if (!part[i].whole && !file_view_fits(t, &part[i].view))
            return 0;
    return 1;
}

/* The parts of a tensor. Quantizers hold a weight with its outputs first, whatever the model's own files do: which of
 * both its page means is what fits. */
static int find_parts(const struct file_tensor *t, const struct model *m, const struct arch_place *at,
                      struct arch_part **part, int *n, struct err *e)
{
    struct shape stored;

    if (!t->value)
        return arch_parts(m, at, &t->shape, part, n, e);
    for (int i = 0; i < 2; i++, t->value->turned = !t->value->turned) {
        stored = value_stored(t);
        if (arch_parts(m, at, &stored, part, n, e) == 0) {
            if (readable(t, *part, *n))
                return 0;
            free(*part);
        }
    }
    return arch_parts(m, at, &t->shape, part, n, e);
}

static int parts(struct plan *p, const struct file_tensor *t, const struct model *m, const struct arch_place *at,
                 struct err *e)
{
    struct arch_part *part;
    int n;

    if (find_parts(t, m, at, &part, &n, e) < 0)
        return err_in(e, "%s", t->name);
    if (!readable(t, part, n)) { /* blocks that lie as [inputs][outputs] flow as they are, without a role */
        free(part);
        whole(p, t, m->arch, NULL, at->layer, -1);
        return 0;
    }
    for (int i = 0; i < n; i++) {
        struct step *s = add(p);

        *s = (struct step){.t = t,
                           .role = part[i].role,
                           .layer = part[i].layer,
                           .expert = part[i].expert,
                           .shape = part[i].shape,
                           .order = arch_order(m->arch, part[i].role, part[i].layer, part[i].expert)};
        if (part[i].whole)
            continue;
        s->name = arch_part_name(t->name, &part[i]);
        s->view = mem_new(1, sizeof *s->view);
        *s->view = part[i].view;
    }
    free(part);
    return 0;
}

/* Of a checkpoint with a configuration: as its page says. */
static int by_page(struct plan *p, const struct file_tensor *t, const struct model *m, struct err *e)
{
    struct arch_place at;

    if (!arch_place(m->arch, m, t->name, &at)) {
        whole(p, t, m->arch, NULL, -1, -1);
        return 0;
    }
    if (arch_is_one(m->arch, &at)) {
        whole(p, t, m->arch, arch_place_role(m->arch, &at), at.layer, at.expert);
        return 0;
    }
    return parts(p, t, m, &at, e);
}

/* The page whose names most tensors have. NULL: none of them is known. */
static const struct arch *guess(const struct source *s)
{
    const struct arch *best = NULL;
    size_t most = 0;

    for (int i = 0; arch_row(i); i++) {
        size_t hits = 0;
        struct arch_place at;

        for (size_t k = 0; k < s->tensors && k < 256; k++)
            hits += (size_t)arch_place(arch_row(i), NULL, s->tensor[k].name, &at);
        if (hits > most) {
            most = hits;
            best = arch_row(i);
        }
    }
    return best;
}

/* Of tensors alone: names that say one weight as it is. A Conv1D cannot be told from a Linear, so nothing is taken
 * apart. */
static void by_name(struct plan *p, const struct file_tensor *t, const struct arch *a)
{
    struct arch_place at;

    if (a && arch_place(a, NULL, t->name, &at) && arch_is_one(a, &at))
        whole(p, t, a, arch_place_role(a, &at), at.layer, at.expert);
    else
        whole(p, t, a, NULL, -1, -1);
}

static int make_steps(struct plan *p, struct source *s, struct err *e)
{
    const struct arch *a = arch_of(&p->model);
    struct model m = {0};
    int rc = 0;

    if (a && model_open(&m, &p->model, e) < 0)
        return -1;
    if (!a && !attrs_find(&p->model, "arch"))
        a = guess(s);
    p->cap = s->tensors; /* one each, as a rule */
    p->step = mem_new(p->cap + 1, sizeof *p->step);
    for (size_t i = 0; i < s->tensors && rc == 0; i++) {
        if (m.arch)
            rc = by_page(p, &s->tensor[i], &m, e);
        else
            by_name(p, &s->tensor[i], attrs_find(&p->model, "arch") ? NULL : a);
    }
    if (m.arch)
        model_close(&m);
    return rc;
}

const char *step_name(const struct step *s)
{
    return s->name ? s->name : s->t->name;
}

uint64_t step_bytes(const struct step *s)
{
    uint64_t all = shape_count(&s->t->shape);

    return !s->view || !all ? s->t->bytes
                            : (uint64_t)((double)s->t->bytes * ((double)shape_count(&s->shape) / (double)all) + 0.5);
}

int step_header(const struct step *s, struct bundle *b, struct err *e)
{
    if (file_header(b, s->t, step_name(s), &s->shape, e) < 0)
        return err_in(e, "%s", step_name(s));
    b->role = s->role ? mem_strdup(s->role) : NULL;
    b->layer = s->layer;
    b->expert = s->expert;
    return 0;
}

static int by_order(const void *a, const void *b)
{
    const struct step *x = a, *y = b;

    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return x->t < y->t ? -1 : x->t > y->t; /* the source's order */
}

static void step_free(struct step *s)
{
    free(s->name);
    free(s->view);
}

/* Keep what is chosen; every header is made once, so that what no bundle can hold is found before anything is sent. */
static int choose(struct plan *p, const struct select *sel, struct err *e)
{
    size_t kept = 0;
    int rc = 0;

    for (size_t i = 0; i < p->n; i++) {
        struct bundle b = {0};

        if (rc == 0)
            rc = step_header(&p->step[i], &b, e);
        if (rc == 0 && select_match(sel, &b))
            p->step[kept++] = p->step[i];
        else
            step_free(&p->step[i]);
        bundle_free(&b);
    }
    p->n = kept;
    return rc;
}

int plan_make(struct plan *p, struct source *s, const struct select *sel, struct err *e)
{
    memset(p, 0, sizeof *p);
    if (read_model(p, s, e) < 0 || quantized_take(s, e) < 0 || make_steps(p, s, e) < 0 || tied_facts(p, s, e) < 0 ||
        choose(p, sel, e) < 0)
        return -1;
    if (p->n) /* a file of vocabulary only has no tensors */
        qsort(p->step, p->n, sizeof *p->step, by_order);
    return 0;
}

void plan_free(struct plan *p)
{
    for (size_t i = 0; i < p->n; i++)
        step_free(&p->step[i]);
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
        h->name[i] = mem_strdup(step_name(&p->step[i]));
        h->shape[i] = p->step[i].shape;
        h->dtype[i] = mem_strdup(file_type_name(p->step[i].t));
        h->bytes += step_bytes(&p->step[i]);
    }
}
