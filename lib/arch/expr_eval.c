/* expr_eval: the value of an expression. */
#include <math.h>
#include <string.h>

#include "arch/expr_int.h"
#include "base/real.h"

static int eval(const struct expr *x, int at, const struct names *names, struct value *out, struct err *e);

static int numeric(const struct expr *x, int at, const struct names *names, double *v, struct err *e)
{
    struct value got;

    if (eval(x, at, names, &got, e) < 0)
        return -1;
    if (got.kind != VALUE_NUMBER)
        return err_set(e, "%s is %s, a number is needed", x->node[at].kind == NAME ? x->node[at].name : "a part of it",
                       got.kind == VALUE_WORD ? got.word : "a list");
    *v = got.number;
    return 0;
}

static int lookup(const struct expr *x, const char *name, const struct names *names, struct value *out, struct err *e)
{
    int got;

    if (strcmp(name, "[]") == 0) {
        *out = (struct value){.kind = VALUE_LIST};
        return 0;
    }
    if ((got = names->get(names->ctx, name, out, e)) != 0)
        return got < 0 ? -1 : 0;
    if (x->n > 1)
        return err_set(e, "there is no number '%s'", name);
    *out = (struct value){.kind = VALUE_WORD, .word = name};
    return 0;
}

static int called(const struct node *o, const struct expr *x, const struct names *names, double *v, struct err *e)
{
    struct value list;
    double a, b;

    if (strcmp(o->name, "len") == 0) {
        if (eval(x, o->a, names, &list, e) < 0)
            return -1;
        *v = list.n;
        return list.kind == VALUE_LIST ? 0 : err_set(e, "len is of no list");
    }
    if (numeric(x, o->a, names, &a, e) < 0 || numeric(x, o->b, names, &b, e) < 0)
        return -1;
    if (strcmp(o->name, "int") == 0)
        *v = trunc(a);
    else if (strcmp(o->name, "sqrt") == 0)
        *v = sqrt(a);
    else if (strcmp(o->name, "log") == 0)
        *v = real_log(a);
    else if (strcmp(o->name, "min") == 0)
        *v = a < b ? a : b;
    else if (strcmp(o->name, "max") == 0)
        *v = a > b ? a : b;
    else
        return err_set(e, "there is no function '%s'", o->name);
    return 0;
}

static int listed(const struct node *o, const struct expr *x, const struct names *names, double *v, struct err *e)
{
    struct value list;
    double a;

    if (numeric(x, o->a, names, &a, e) < 0 || eval(x, o->b, names, &list, e) < 0)
        return -1;
    if (list.kind != VALUE_LIST)
        return err_set(e, "'in' is followed by no list");
    *v = 0;
    for (int i = 0; i < list.n; i++)
        if (list.list[i] == a)
            *v = 1;
    return 0;
}

/* Words compare as words, all else as numbers. */
static int compare(const struct node *o, const struct expr *x, const struct names *names, double *v, struct err *e)
{
    const char *right = x->node[o->b].kind == NAME ? x->node[o->b].name : NULL;
    struct value a;
    double b;

    if (eval(x, o->a, names, &a, e) < 0)
        return -1;
    if (a.kind == VALUE_WORD && right) {
        *v = strcmp(a.word, right) == 0;
        return 0;
    }
    if (a.kind != VALUE_NUMBER)
        return err_set(e, "a list or a word is compared with a number");
    if (numeric(x, o->b, names, &b, e) < 0)
        return -1;
    *v = a.number == b;
    return 0;
}

static double binary(enum kind k, double a, double b)
{
    switch (k) {
    case ADD:
        return a + b;
    case SUB:
        return a - b;
    case MUL:
        return a * b;
    case DIV:
        return a / b;
    case FLOOR:
        return floor(a / b);
    case MOD:
        return a - floor(a / b) * b;
    case POW:
        return b == 0.5 ? sqrt(a) : b == -0.5 ? 1 / sqrt(a) : b == 2 ? a * a : real_pow(a, b);
    case LESS:
        return a < b;
    case MORE:
        return a > b;
    case ATMOST:
        return a <= b;
    default:
        return a >= b;
    }
}

/* and, or, a choice: only what is needed is looked at. */
static int chosen(const struct node *o, const struct expr *x, const struct names *names, struct value *out,
                  struct err *e)
{
    double a;

    if (numeric(x, o->a, names, &a, e) < 0)
        return -1;
    if (o->kind == CHOICE)
        return eval(x, a != 0 ? o->b : o->c, names, out, e);
    if ((a != 0) == (o->kind == AND) && numeric(x, o->b, names, &a, e) < 0)
        return -1;
    out->number = a != 0;
    return 0;
}

static int eval(const struct expr *x, int at, const struct names *names, struct value *out, struct err *e)
{
    const struct node *o = &x->node[at];
    double a = 0, b = 0;

    *out = (struct value){.kind = VALUE_NUMBER};
    switch (o->kind) {
    case NUMBER:
        out->number = o->number;
        return 0;
    case NAME:
        return lookup(x, o->name, names, out, e);
    case CALL:
        return called(o, x, names, &out->number, e);
    case AND:
    case OR:
    case CHOICE:
        return chosen(o, x, names, out, e);
    case EQUAL:
    case UNEQUAL:
        if (compare(o, x, names, &out->number, e) < 0)
            return -1;
        out->number = out->number == (o->kind == EQUAL);
        return 0;
    case IN:
    case NOT_IN:
        if (listed(o, x, names, &out->number, e) < 0)
            return -1;
        out->number = out->number == (o->kind == IN);
        return 0;
    case NEGATE:
    case NOT:
        if (numeric(x, o->a, names, &a, e) < 0)
            return -1;
        out->number = o->kind == NOT ? a == 0 : -a;
        return 0;
    default:
        if (numeric(x, o->a, names, &a, e) < 0 || numeric(x, o->b, names, &b, e) < 0)
            return -1;
        if (b == 0 && (o->kind == DIV || o->kind == FLOOR || o->kind == MOD))
            return err_set(e, "it divides %g by 0", a);
        out->number = binary(o->kind, a, b);
        return isfinite(out->number) ? 0 : err_set(e, "it is not finite");
    }
}

int expr_eval(const struct expr *x, const struct names *names, struct value *out, struct err *e)
{
    return eval(x, x->root, names, out, e);
}

int expr_number(const struct expr *x, const struct names *names, double *out, struct err *e)
{
    return numeric(x, x->root, names, out, e);
}
