/* select: which tensors a filter acts on: --only, --skip (globs or roles), --layers. */
#ifndef WEIR_TENSOR_SELECT_H
#define WEIR_TENSOR_SELECT_H

#include "base/opt.h"
#include "tensor/bundle.h"

struct select {
    struct opt_list only, skip;  /* each item: comma-separated globs over names, or roles ("attn.q", "mlp", "linear") */
    const char *layers;          /* "0:8", "3", "0:2,6:" or NULL */
    int linears;                 /* the default choice when nothing is given: linears of attention and MLP only */
};

/* Option rows for a filter's table: SELECT_OPTS(sel) where sel is a static struct select. */
#define SELECT_OPTS(sel) \
    {0, "only", "GLOB|ROLE", OPT_LIST, &(sel).only, "act only on these tensors (repeatable, comma-separated)", 0}, \
    {0, "skip", "GLOB|ROLE", OPT_LIST, &(sel).skip, "leave these tensors alone", 0}, \
    {0, "layers", "RANGE", OPT_STRING, &(sel).layers, "act only on these layers: 3, 0:8, 4:", 0}

/* Check the texts once after parsing. */
int select_check(const struct select *s, struct err *e);

/* 1 when the bundle is chosen. A role word matches the role itself and its parents: "mlp" matches "mlp.up"; "linear" matches what select_linear says.
 * A glob matches the name, and of a part of a stored tensor ("NAME:role") the stored tensor's, too. Bundles without a role are chosen only by globs,
 * or when linears is 0 and only is empty. */
int select_match(const struct select *s, const struct bundle *b);

/* Is it the weight of a linear layer: a matrix with a role that does not begin with embed, pos, type, head, norm, conv, rel or state, and is no router? */
int select_linear(const struct bundle *b);

#endif
