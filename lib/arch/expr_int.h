/* expr_int: what reading an expression (expr.c) and its value (expr_eval.c) share. */
#ifndef WEIR_ARCH_EXPR_INT_H
#define WEIR_ARCH_EXPR_INT_H

#include "arch/expr.h"

#define NODES_MAX 200
#define DEPTH_MAX 32

enum kind {
    NUMBER,
    NAME,
    CALL,
    NEGATE,
    NOT,
    ADD,
    SUB,
    MUL,
    DIV,
    FLOOR,
    MOD,
    POW,
    LESS,
    MORE,
    ATMOST,
    ATLEAST,
    EQUAL,
    UNEQUAL,
    IN,
    NOT_IN,
    AND,
    OR,
    CHOICE
};

struct node {
    enum kind kind;
    double number;
    char name[32];
    int a, b, c; /* kids; of CHOICE: b if a else c; of CALL with one argument b is a */
};

struct expr {
    int root, n;
    struct node node[NODES_MAX];
};

#endif
