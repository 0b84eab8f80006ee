/* policy_find: which rule holds for a tensor. */
#include <stdlib.h>
#include <string.h>

#include "quant/policy_int.h"
#include "tensor/describe.h"
#include "tensor/select.h"
#include "tensor/unseen.h"

/* What a condition is about. */
struct about {
    struct policy *p;
    const struct attrs *model;
    const struct bundle *b;
};

static int is_number(struct value *v, double number)
{
    *v = (struct value){.kind = VALUE_NUMBER, .number = number};
    return 1;
}

static int is_word(struct value *v, const char *word)
{
    *v = (struct value){.kind = VALUE_WORD, .word = word};
    return 1;
}

static int number_of_some(const struct arch *a, const char *name)
{
    return arch_number(a, name) != NULL;
}

static int gguf_of_some(const struct arch *a, const char *name)
{
    return a->gguf && strcmp(a->gguf, name) == 0;
}

/* The first page that is so; NULL: none. */
static const struct arch *page(int (*is)(const struct arch *a, const char *name), const char *name)
{
    const struct arch *a;
    int i = 0;

    while ((a = arch_row(i)) && !is(a, name))
        i++;
    return a;
}

/* A number of the model's page, 0 where only others have it; or an architecture's name. */
static int of_model(const struct about *a, const char *name, struct value *v, struct err *e)
{
    const struct attr *said = attrs_find(a->model, name);
    const struct arch *like = page(gguf_of_some, name);

    if (a->p->m.arch && arch_number(a->p->m.arch, name)) {
        struct model_at at = {&a->p->m, a->b->layer};
        struct names names = model_names(&at);

        return names.get(names.ctx, name, v, e);
    }
    if (said && said->kind != ATTR_STR && said->kind != ATTR_RAW)
        return is_number(v, attrs_f64(a->model, name, 0));
    if (page(number_of_some, name))
        return is_number(v, 0);
    return like ? is_word(v, like->gguf) : 0;
}

static int get(void *ctx, const char *name, struct value *v, struct err *e)
{
    const struct about *a = ctx;
    const char *gguf = a->p->m.arch ? a->p->m.arch->gguf : NULL;

    if (strcmp(name, "arch") == 0)
        return is_word(v, gguf ? gguf : "");
    if (strcmp(name, "importance") == 0)
        return is_number(v, bundle_part(a->b, -1, "norm2") != NULL || bundle_unseen(a->b));
    if (strcmp(name, "rows") == 0)
        return is_number(v, (double)a->b->rows);
    if (strcmp(name, "cols") == 0)
        return is_number(v, (double)a->b->cols);
    return of_model(a, name, v, e);
}

/* Queries, keys and values that are stored as one tensor. */
static int is_qkv(const struct bundle *b)
{
    return b->role && strchr(b->name, ':') &&
           (strcmp(b->role, "attn.q") == 0 || strcmp(b->role, "attn.k") == 0 || strcmp(b->role, "attn.v") == 0);
}

static int fits_words(struct policy_rule *r, const struct bundle *b)
{
    static char qkv[] = "attn.qkv";
    struct bundle seen = *b;
    int fits = 0;

    seen.role = is_qkv(b) ? qkv : b->role;
    for (int i = 0; i < r->words; i++)
        if (select_word(r->word[i], &seen))
            fits = r->hit[i] = 1;
    return fits;
}

/* 1, 0 or -1. */
static int fits_layers(const struct policy *p, const struct policy_rule *r, const struct bundle *b, struct err *e)
{
    if (r->slices == 0)
        return 1;
    if (b->layer < 0)
        return 0;
    if (!p->m.arch)
        return err_set(e, "it asks for layers, and the stream does not say how many there are");
    for (int i = 0; i < r->slices; i++)
        if (policy_slice_has(&r->slice[i], p->m.layers, b->layer))
            return 1;
    return 0;
}

static int fits(struct policy *p, struct policy_rule *r, const struct attrs *model, const struct bundle *b,
                struct err *e)
{
    struct about about = {p, model, b};
    struct names names = {get, &about};
    double holds = 1;
    int got = fits_words(r, b) ? fits_layers(p, r, b, e) : 0;

    if (got > 0 && r->when)
        got = expr_number(r->when, &names, &holds, e) < 0 ? -1 : holds != 0;
    return got < 0 ? err_in(e, "%s:%d: %s", p->name, r->line, describe_name(b->name)) : got;
}

int policy_find(struct policy *p, const struct attrs *model, const struct bundle *b, const char **type, struct err *e)
{
    int got = 0, hit = -1;

    if (!p->bound && arch_of(model) && model_open(&p->m, model, e) < 0)
        return -1;
    p->bound = 1;
    for (int i = 0; i < p->rules && got >= 0; i++) /* all are asked, so that policy_unused knows */
        if (hit >= 0)
            fits_words(&p->rule[i], b);
        else if ((got = fits(p, &p->rule[i], model, b, e)) > 0)
            hit = i;
    if (got < 0 || hit < 0 || strcmp(p->rule[hit].type, "-") == 0)
        return got < 0 ? -1 : 0;
    *type = p->rule[hit].type;
    return 1;
}

int policy_unused(const struct policy *p, const struct head *h, struct err *e)
{
    const char *first = NULL;
    int n = 0, line = 0;

    for (int i = p && !p->preset && !h->shards ? p->rules - 1 : -1; i >= 0; i--)
        for (int k = p->rule[i].words - 1; k >= 0; k--)
            if (!p->rule[i].hit[k]) {
                first = p->rule[i].word[k];
                line = p->rule[i].line;
                n++;
            }
    if (n)
        err_set(e, "%s: %d %s for no tensor of the stream; the first is line %d, '%s'", p->name, n,
                n == 1 ? "word is" : "words are", line, first);
    return n;
}
