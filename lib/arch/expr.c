/* expr: expressions of pages, read. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "arch/expr_int.h"
#include "base/mem.h"

struct parser {
    const char *text, *at, *end;
    struct expr *x;
    int depth;
    struct err *e;
};

static int fail(struct parser *p, const char *what)
{
    return err_set(p->e, "'%.*s': %s at character %d", (int)(p->end - p->text > 120 ? 120 : p->end - p->text), p->text,
                   what, (int)(p->at - p->text) + 1);
}

static void blank(struct parser *p)
{
    while (p->at < p->end && isspace((unsigned char)*p->at))
        p->at++;
}

static int is_word(int c)
{
    return isalnum(c) || c == '_';
}

/* Take the token where it stands next; a word only where no longer word begins so. */
static int take(struct parser *p, const char *token)
{
    size_t n = strlen(token);

    blank(p);
    if ((size_t)(p->end - p->at) < n || strncmp(p->at, token, n) != 0)
        return 0;
    if (is_word((unsigned char)*token) && p->at + n < p->end && is_word((unsigned char)p->at[n]))
        return 0;
    p->at += n;
    return 1;
}

static int add(struct parser *p, enum kind kind, int a, int b, int c)
{
    if (a < 0 || b < 0 || c < 0)
        return -1;
    if (p->x->n == NODES_MAX)
        return fail(p, "too long an expression");
    p->x->node[p->x->n] = (struct node){.kind = kind, .a = a, .b = b, .c = c};
    return p->x->n++;
}

static int choice(struct parser *p);
static int unary(struct parser *p);

static int number(struct parser *p)
{
    char digits[64], *stop;
    size_t n = (size_t)(p->end - p->at) < 63 ? (size_t)(p->end - p->at) : 63;
    int at;

    memcpy(digits, p->at, n);
    digits[n] = '\0';
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
        return fail(p, "no number");
    if ((at = add(p, NUMBER, 0, 0, 0)) < 0)
        return -1;
    p->x->node[at].number = strtod(digits, &stop);
    p->at += stop - digits;
    return at;
}

static int call(struct parser *p, int at)
{
    int a = choice(p), b = a >= 0 && take(p, ",") ? choice(p) : a;

    if (a < 0 || b < 0)
        return -1;
    if (!take(p, ")"))
        return fail(p, "')' is missing");
    p->x->node[at].kind = CALL;
    p->x->node[at].a = a;
    p->x->node[at].b = b;
    return at;
}

static int name(struct parser *p)
{
    const char *from = p->at;
    int at;

    while (p->at < p->end && is_word((unsigned char)*p->at))
        p->at++;
    if (p->at - from > 31)
        return fail(p, "too long a name");
    if ((at = add(p, NAME, 0, 0, 0)) < 0)
        return -1;
    memcpy(p->x->node[at].name, from, (size_t)(p->at - from));
    return take(p, "(") ? call(p, at) : at;
}

static int primary(struct parser *p)
{
    int at;

    blank(p);
    if (p->at == p->end)
        return fail(p, "something is missing");
    if (take(p, "(")) {
        if ((at = choice(p)) < 0)
            return -1;
        return take(p, ")") ? at : fail(p, "')' is missing");
    }
    if (take(p, "[")) /* the empty list only */
        return take(p, "]") ? ((at = add(p, NAME, 0, 0, 0)) < 0 ? -1 : (strcpy(p->x->node[at].name, "[]"), at))
                            : fail(p, "']' is missing");
    if (isdigit((unsigned char)*p->at) || *p->at == '.')
        return number(p);
    return isalpha((unsigned char)*p->at) || *p->at == '_' ? name(p) : fail(p, "no number and no name");
}

static int power(struct parser *p)
{
    int a = primary(p);

    return a >= 0 && take(p, "**") ? add(p, POW, a, unary(p), 0) : a;
}

static int unary(struct parser *p)
{
    int a;

    if (++p->depth > DEPTH_MAX)
        return fail(p, "too many levels");
    a = take(p, "-") ? add(p, NEGATE, unary(p), 0, 0) : power(p);
    p->depth--;
    return a;
}

struct level {
    const char *token;
    enum kind kind;
};

/* The operator of a level that stands next, or NULL; "*" is not the beginning of "**", "!" none of "!=". */
static const struct level *operator_of(struct parser *p, const struct level *l)
{
    for (; l->token; l++) {
        const char *was = p->at;

        if (!take(p, l->token))
            continue;
        if (strcmp(l->token, "*") == 0 && p->at < p->end && *p->at == '*') {
            p->at = was;
            continue;
        }
        return l;
    }
    return NULL;
}

static int products(struct parser *p)
{
    static const struct level ops[] = {{"//", FLOOR}, {"*", MUL}, {"/", DIV}, {"%", MOD}, {0}};
    const struct level *l;
    int a = unary(p);

    while (a >= 0 && (l = operator_of(p, ops)))
        a = add(p, l->kind, a, unary(p), 0);
    return a;
}

static int sums(struct parser *p)
{
    static const struct level ops[] = {{"+", ADD}, {"-", SUB}, {0}};
    const struct level *l;
    int a = products(p);

    while (a >= 0 && (l = operator_of(p, ops)))
        a = add(p, l->kind, a, products(p), 0);
    return a;
}

static int compared(struct parser *p)
{
    static const struct level ops[] = {{"<=", ATMOST}, {">=", ATLEAST}, {"==", EQUAL}, {"!=", UNEQUAL},
                                       {"<", LESS},    {">", MORE},     {"in", IN},    {0}};
    const struct level *l;
    int a = sums(p);

    if (a >= 0 && take(p, "not"))
        return take(p, "in") ? add(p, NOT_IN, a, sums(p), 0) : fail(p, "'in' is missing");
    return a >= 0 && (l = operator_of(p, ops)) ? add(p, l->kind, a, sums(p), 0) : a;
}

static int negated(struct parser *p)
{
    int a;

    if (++p->depth > DEPTH_MAX)
        return fail(p, "too many levels");
    blank(p);
    if (take(p, "not") ||
        (p->end - p->at > 0 && *p->at == '!' && (p->end - p->at == 1 || p->at[1] != '=') && take(p, "!")))
        a = add(p, NOT, negated(p), 0, 0);
    else
        a = compared(p);
    p->depth--;
    return a;
}

static int both(struct parser *p)
{
    int a = negated(p);

    while (a >= 0 && take(p, "and"))
        a = add(p, AND, a, negated(p), 0);
    return a;
}

static int either(struct parser *p)
{
    int a = both(p);

    while (a >= 0 && take(p, "or"))
        a = add(p, OR, a, both(p), 0);
    return a;
}

static int choice(struct parser *p)
{
    int a, c;

    if (++p->depth > DEPTH_MAX)
        return fail(p, "too many levels");
    a = either(p);
    if (a >= 0 && take(p, "if")) {
        c = either(p);
        if (c >= 0 && !take(p, "else"))
            return fail(p, "'else' is missing");
        a = c < 0 ? -1 : add(p, CHOICE, c, a, choice(p));
    }
    p->depth--;
    return a;
}

struct expr *expr_parse(const char *text, size_t n, struct err *e)
{
    struct expr *x = mem_new(1, sizeof *x);
    struct parser p = {text, text, text + n, x, 0, e};
    int root = choice(&p);

    blank(&p);
    if (root >= 0 && p.at < p.end)
        root = fail(&p, "more than one expression");
    if (root < 0) {
        free(x);
        return NULL;
    }
    x->root = root;
    return mem_resize(x, 1, offsetof(struct expr, node) + (size_t)x->n * sizeof *x->node);
}

void expr_free(struct expr *x)
{
    free(x);
}

const char *expr_name(const struct expr *x)
{
    return x && x->node[x->root].kind == NAME && x->n == 1 ? x->node[x->root].name : NULL;
}

void expr_names(const struct expr *x, void (*see)(void *ctx, const char *name), void *ctx)
{
    for (int i = 0; x && i < x->n; i++)
        if (x->node[i].kind == NAME)
            see(ctx, x->node[i].name);
}
