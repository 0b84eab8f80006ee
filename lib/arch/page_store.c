/* page_store: lines of the section store: HFNAME GGUFNAME ROLE, or [DIMS] with or without ROLE, [if GUARD]. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "arch/page_int.h"
#include "base/mem.h"

static void free_node(struct arch_node *n)
{
    for (int i = 0; i < n->kids; i++)
        free_node(&n->kid[i]);
    free(n->kid);
    free(n->text);
    expr_free(n->size);
}

void page_free_store(struct arch_store *s)
{
    for (int i = 0; i < s->dims; i++)
        free_node(&s->dim[i]);
    free(s->dim);
    free(s->name[0]);
    free(s->name[1]);
    free(s->role);
    expr_free(s->guard);
    memset(s, 0, sizeof *s);
}

struct parser {
    const struct arch *a;
    const char *at, *end;
    struct err *e;
};

static void blank(struct parser *p)
{
    while (p->at < p->end && isspace((unsigned char)*p->at))
        p->at++;
}

static int is_name(int c)
{
    return isalnum(c) || c == '_';
}

/* The length of the longest role (with ".bias", too) that stands next; 0: none. */
static size_t role_next(const struct parser *p)
{
    size_t best = 0;

    for (int i = 0; i < p->a->weights; i++) {
        size_t n = strlen(p->a->weight[i].role);

        if ((size_t)(p->end - p->at) < n || strncmp(p->at, p->a->weight[i].role, n) != 0)
            continue;
        if ((size_t)(p->end - p->at) >= n + 5 && strncmp(p->at + n, ".bias", 5) == 0)
            n += 5;
        if (n > best && (p->at + n == p->end || !is_name((unsigned char)p->at[n])))
            best = n;
    }
    return best;
}

static int sum(struct parser *p, struct arch_node *out, int depth);

static int atom(struct parser *p, struct arch_node *out, int depth)
{
    const char *from;
    size_t n;

    blank(p);
    if (p->at < p->end && *p->at == '(') {
        p->at++;
        if (sum(p, out, depth + 1) < 0)
            return -1;
        blank(p);
        if (p->at == p->end || *p->at++ != ')')
            return err_set(p->e, "')' is missing");
        return 0;
    }
    from = p->at;
    if ((n = role_next(p)) > 0) {
        out->kind = NODE_ROLE;
        p->at += n;
    } else {
        out->kind = NODE_SIZE;
        while (p->at < p->end && is_name((unsigned char)*p->at))
            p->at++;
    }
    if (p->at == from)
        return err_set(p->e, "a size or a role is missing");
    out->text = mem_strndup(from, (size_t)(p->at - from));
    return out->kind == NODE_ROLE || (out->size = expr_parse(out->text, strlen(out->text), p->e)) ? 0 : -1;
}

/* One kid alone is no product and no sum. */
static void unwrap(struct arch_node *out)
{
    struct arch_node only;

    if (out->kids != 1)
        return;
    only = out->kid[0];
    free(out->kid);
    *out = only;
}

static int product(struct parser *p, struct arch_node *out, int depth)
{
    out->kind = NODE_PRODUCT;
    do {
        if (atom(p, PAGE_ADD(out->kid, out->kids), depth) < 0)
            return -1;
        blank(p);
    } while (p->at < p->end && *p->at == '.' && p->at++);
    unwrap(out);
    return 0;
}

static int sum(struct parser *p, struct arch_node *out, int depth)
{
    if (depth > 8)
        return err_set(p->e, "too many levels");
    out->kind = NODE_SUM;
    do {
        if (product(p, PAGE_ADD(out->kid, out->kids), depth) < 0)
            return -1;
        blank(p);
    } while (p->at < p->end && *p->at == '+' && p->at++);
    unwrap(out);
    return 0;
}

static int dims(const struct arch *a, struct arch_store *s, struct span text, struct err *e)
{
    struct parser p = {a, text.at, text.at + text.n, e};

    do {
        if (s->dims == 4)
            return err_set(e, "more than four dims");
        if (sum(&p, PAGE_ADD(s->dim, s->dims), 0) < 0)
            return -1;
        blank(&p);
    } while (p.at < p.end && *p.at == ',' && p.at++);
    return p.at == p.end ? 0 : err_set(e, "'%.*s' is left over", (int)(p.end - p.at), p.at);
}

static void name(struct arch_store *s, enum arch_form f, struct span text)
{
    if (span_is(text, "-"))
        return;
    if (f == ARCH_HF && *text.at == '/') {
        s->rooted[f] = 1;
        text.at++, text.n--;
    }
    if (text.n && text.at[text.n - 1] == '!') {
        s->bare[f] = 1;
        text.n--;
    }
    s->name[f] = span_copy(text);
}

/* The same name in an earlier row (of a page that this one is like) is no longer that row's. */
static void take_over(struct arch *a, const struct arch_store *s)
{
    for (int f = 0; f < ARCH_FORMS; f++)
        for (int i = 0; i < a->stores; i++) {
            struct arch_store *old = &a->store[i];

            if (old == s || !s->name[f] || !old->name[f] || strcmp(old->name[f], s->name[f]) != 0 || old->guard)
                continue;
            free(old->name[f]);
            old->name[f] = NULL;
        }
}

int page_store(struct arch *a, struct span line, struct err *e)
{
    struct span hf, gguf, word;
    struct expr *guard;
    struct arch_store *s;

    if (span_guard(&line, &guard, e) < 0)
        return -1;
    s = PAGE_ADD(a->store, a->stores);
    s->guard = guard;
    if (!span_word(&line, &hf) || !span_word(&line, &gguf) || !span_word(&line, &word))
        return err_set(e, "a stored tensor is HFNAME GGUFNAME ROLE, or [DIMS] [ROLE]");
    name(s, ARCH_HF, hf);
    name(s, ARCH_GGUF, gguf);
    take_over(a, s);
    if (*word.at == '[') {
        if (word.at[word.n - 1] != ']' || dims(a, s, (struct span){word.at + 1, word.n - 2}, e) < 0)
            return err_in(e, "%.*s", (int)word.n, word.at);
        if (!span_word(&line, &word))
            return 0;
    }
    s->role = span_copy(word);
    return 0;
}
