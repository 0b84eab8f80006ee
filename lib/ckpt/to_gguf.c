#include "ckpt/to_gguf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void to_gguf_open(struct to_gguf *g, const struct attrs *model, const char *name)
{
    memset(g, 0, sizeof *g);
    attrs_copy(&g->model, model);
    g->name = name ? mem_strdup(name) : NULL;
}

static int64_t id(const struct to_gguf *g, const char *key)
{
    return attrs_int(&g->model, key, -1);
}

int to_gguf_ready(struct to_gguf *g, struct err *e)
{
    const struct arch *a = arch_of(&g->model);

    if (g->ready || (g->has_from && !a))
        return 0;
    if (a && !a->gguf)
        return err_set(e, "architecture '%s' has no GGUF: llama.cpp does not run it", a->name);
    if (model_open(&g->m, &g->model, e) < 0)
        return err_in(e, "a GGUF cannot be made");
    g->p.vocab = model_int(&g->m, "vocab", 0);
    g->p.bos = id(g, "bos");
    g->p.eos = id(g, "eos");
    g->p.unk = id(g, "unk");
    g->p.pad = id(g, "pad");
    g->ready = 1;
    return 0;
}

void to_gguf_close(struct to_gguf *g)
{
    if (g->ready)
        model_close(&g->m);
    attrs_free(&g->model);
    attrs_free(&g->noted);
    free(g->name);
    tok_files_free(&g->tok);
    buf_free(&g->template);
    gguf_close(&g->from);
    memset(g, 0, sizeof *g);
}

int to_gguf_blob(struct to_gguf *g, const char *name, const void *data, size_t n, struct err *e)
{
    struct buf *to = tok_file(&g->tok, name);
    int chat = strcmp(name, "chat_template.jinja") == 0;

    if (chat)
        to = &g->template;
    if (chat || to) {
        to->len = 0;
        buf_add(to, data, n);
    }
    if (strcmp(name, GGUF_BLOB) != 0)
        return 0;
    if (g->ready || g->has_from)
        return err_set(e, "%s comes after tensors, or twice", name);
    g->has_from = 1;
    return gguf_open_memory(&g->from, data, n, e) < 0 ? err_in(e, "%s", name) : 0;
}

/* The type of a value of one dense or ggml term, by the name that sources give it; "" of others. */
static const char *type_now(const struct bundle *b)
{
    const struct part *p = b->terms == 1 ? bundle_part(b, 0, "dense") : NULL;

    return p ? dtype_info(p->dtype)->name : b->terms == 1 ? attrs_str(&b->term[0].attrs, "type", "") : "";
}

static int set_name(struct gguf_place *place, const char *name, struct err *e)
{
    if (strlen(name) > GGUF_NAME_MAX)
        return err_set(e, "%s: name of %zu bytes, GGUF takes %d", name, strlen(name), GGUF_NAME_MAX);
    strcpy(place->name, name);
    return 0;
}

static void lie(struct gguf_place *place, const struct arch_target *t)
{
    place->part = !t->whole;
    place->view = t->view;
    place->stored = t->stored;
}

/* What came from a GGUF keeps its name and place. */
static int place_as_is(struct to_gguf *g, const struct bundle *b, struct gguf_place *place, struct err *e)
{
    struct arch_target t = {0};
    int known = g->ready && b->role ? arch_target(&g->m, ARCH_GGUF, b->name, b->role, b->layer, b->expert, &t, e) : 0,
        retyped, rc;

    if (known > 0)
        lie(place, &t);
    retyped = strcmp(attrs_str(&b->more, "dtype", ""), type_now(b)) != 0;
    if (known > 0 && retyped) /* llama.cpp runs vectors and what a page marks f32 in F32 only */
        place->to_f32 = t.weight->f32 || t.bias || b->shape.rank < 2;
    g->retyped |= retyped;
    rc = known < 0 ? -1 : set_name(place, known ? t.name : b->name, e);
    free(t.name);
    return rc;
}

static int place_new(const struct to_gguf *g, const struct bundle *b, const char *role, int64_t layer, int64_t expert,
                     struct gguf_place *place, struct err *e)
{
    const struct model *m = &g->m;
    struct arch_target t;
    int got = arch_target(m, ARCH_GGUF, b->name, role, layer, expert, &t, e), rc;

    if (got <= 0)
        return got < 0
                   ? -1
                   : err_set(e, "%s: role %s has no place in a GGUF of architecture %s", b->name, role, m->arch->gguf);
    lie(place, &t);
    rc = set_name(place, t.name, e);
    free(t.name);
    place->skip = strcmp(role, "head") == 0 && attrs_int(&m->head, "tied", 0);
    place->to_f32 = t.weight->f32 || t.bias || b->shape.rank < 2;
    place->add = t.weight->plus1 && t.from == ARCH_HF ? 1 : 0;
    if (t.weight->rope && m->arch->gguf_pair && strcmp(attrs_str(&m->head, "rope", "half"), "half") == 0)
        place->head_dim = (uint64_t)model_int(m, "head_dim", 0);
    if (rc == 0 && place->head_dim && (b->shape.rank < 2 ? b->cols : b->rows) % place->head_dim)
        return err_set(e, "%s: %llu rows are no whole number of heads of %llu", b->name,
                       (unsigned long long)(b->shape.rank < 2 ? b->cols : b->rows),
                       (unsigned long long)place->head_dim);
    return rc;
}

int to_gguf_place(struct to_gguf *g, const struct bundle *b, struct gguf_place *place, struct err *e)
{
    const char *role = b->role;
    int64_t layer = b->layer, expert = b->expert;

    memset(place, 0, sizeof *place);
    if (to_gguf_ready(g, e) < 0)
        return -1;
    if (g->has_from)
        return place_as_is(g, b, place, e);
    if (strstr(b->name, "rotary_emb.inv_freq") || arch_buffer(g->m.arch, b->name)) { /* computed by every reader */
        place->skip = 1;
        return 0;
    }
    if (!role && !arch_role(g->m.arch->name, b->name, &role, &layer, &expert))
        return err_set(e, "%s has no place in a GGUF of architecture %s; leave it out with tcat --skip", b->name,
                       g->m.arch->name);
    return place_new(g, b, role, layer, expert, place, e);
}

uint64_t to_gguf_row(uint64_t r, uint64_t head_dim)
{
    uint64_t in = r % head_dim, half = head_dim / 2;

    return r - in + (in < half ? 2 * in : 2 * (in - half) + 1);
}

/* One weight of a layer (or none), or its bias: is it there, as the hyper-parameters say? */
static int check_tensor(const struct to_gguf *g, const struct pile *pile, const struct arch_weight *w, int bias,
                        int64_t layer, struct err *e)
{
    struct arch_target t;
    char is[200], must[200];
    int got = arch_target(&g->m, ARCH_GGUF, "", bias ? w->bias_role : w->role, layer, w->axes == 3 ? 0 : -1, &t, e),
        rc = 0;
    int64_t item = got > 0 ? pile_find(pile, t.name) : -1;

    if (got <= 0)
        return got;
    if (item < 0 && !(w->tied && g->has_from) && !(w->tied && attrs_int(&g->m.head, "tied", 0)))
        rc = err_set(e, "%s is missing; llama.cpp would not load the file", t.name);
    else if (item >= 0 && !shape_equal(&pile->item[item].shape, &t.stored))
        rc = err_set(e, "%s is %s, the hyper-parameters say %s", t.name, shape_text(&pile->item[item].shape, is),
                     shape_text(&t.stored, must));
    free(t.name);
    return rc;
}

/* Everything llama.cpp asks for, in the shape it will expect; no layer beyond the last. */
int to_gguf_check(const struct to_gguf *g, const struct pile *pile, struct err *e)
{
    const struct arch *a = g->m.arch;

    for (int i = 0; i < a->weights; i++) {
        const struct arch_weight *w = &a->weight[i];
        int64_t from = w->section == 1 ? 0 : -1, to = w->section == 1 ? g->m.layers : 0;

        for (int64_t layer = from; layer < to; layer++)
            for (int bias = 0; bias < 2; bias++)
                if (model_has(&g->m, w, bias, layer) && (!bias || !w->bias_if) &&
                    check_tensor(g, pile, w, bias, layer, e) < 0)
                    return -1;
    }
    for (size_t i = 0; i < pile->n; i++) {
        const char *name = pile->item[i].name;

        if (strncmp(name, "blk.", 4) == 0 && strtoll(name + 4, NULL, 10) >= g->m.layers)
            return err_set(e, "%s: the hyper-parameters say %lld layers", name, (long long)g->m.layers);
    }
    return 0;
}

/* The layer that a tensor's name says, -1: none. */
static long long layer_of(const char *name)
{
    return strncmp(name, "blk.", 4) == 0 ? strtoll(name + 4, NULL, 10) : -1;
}

static int by_layer(const void *a, const void *b)
{
    const struct pile_item *x = a, *y = b;
    long long i = layer_of(x->name), k = layer_of(y->name);

    return i != k ? (i > k) - (i < k) : strcmp(x->name, y->name);
}

void to_gguf_sort(struct pile *pile)
{
    qsort(pile->item, pile->n, sizeof *pile->item, by_layer);
}
