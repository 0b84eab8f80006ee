/* select: which tensors a filter acts on: --only, --skip (globs or roles), --layers; and whether there were any. */
#ifndef WEIR_TENSOR_SELECT_H
#define WEIR_TENSOR_SELECT_H

#include "base/opt.h"
#include "tensor/bundle.h"

struct chosen_words;

struct select {
    struct opt_list only, skip; /* each item: comma-separated globs over names, or roles ("attn.q", "mlp", "linear") */
    const char *layers;         /* "0:8", "3", "0:2,6:" or NULL */
    int linears;                /* the default choice when nothing is given: linears of attention and MLP only */
    int by_table;               /* 1: a budget chooses among them: for select_end's reasons */
    int allow_none;             /* select_end finds no fault */
    struct chosen_words *words; /* of only and skip, and what has matched: select_check makes it */
};

/* Option rows for a filter's table: SELECT_OPTS(sel) where sel is a static struct select. */
#define SELECT_OPTS(sel)                                                                                               \
    {0, "only", "GLOB|ROLE", OPT_LIST, &(sel).only, "act only on these tensors (repeatable, comma-separated)", 0},     \
        {0, "skip", "GLOB|ROLE", OPT_LIST, &(sel).skip, "leave these tensors alone", 0},                               \
        {0, "layers", "RANGE", OPT_STRING, &(sel).layers, "act only on these layers: 3, 0:8, 4:", 0},                  \
    {                                                                                                                  \
        0, "allow-none", 0, OPT_FLAG | OPT_UNSAID, &(sel).allow_none,                                                  \
            "status 0 also where no tensor is chosen: for shards", 0                                                   \
    }

/* Check the texts once after parsing. */
int select_check(struct select *s, struct err *e);
void select_free(struct select *s);

/* 1 when something narrows the choice. */
int select_given(const struct select *s);

/* 1 when the bundle is chosen. A role word matches the role itself and its parents: "mlp" matches "mlp.up"; "linear"
 * matches what select_linear says. A glob matches the name, and of a part of a stored tensor ("NAME:role") the stored
 * tensor's, too. Bundles without a role are chosen only by globs, or when linears is 0 and only is empty.
 * Ask it of every tensor, and before other conditions, so that select_end knows. */
int select_match(const struct select *s, const struct bundle *b);

/* Does one word, a role or a glob as above or "linear", choose b? */
int select_word(const char *word, const struct bundle *b);

/*
 * After the last tensor, before the tail: nothing is silent.
 * model  in: the head's keys
 * done   in: how many tensors were changed (or scored, or shared out to); SELECT_CHOSEN, of filters that copy or show
 *        what is chosen: those that were
 * why    in: a clause that says why of chosen tensors none was; or NULL
 * -1: no tensor was; or a word of --only matches none, whatever the others did. The clause is the reason. With
 * SELECT_CHOSEN it is no fault when nothing was asked for, and with allow_none there is none at all.
 */
#define SELECT_CHOSEN UINT64_MAX
int select_end(const struct select *s, const struct attrs *model, uint64_t done, const char *why, struct err *e);

/* Is it the weight of a linear layer: a matrix with a role that does not begin with embed, pos, type, head, norm, conv,
 * rel or state, and is no router? */
int select_linear(const struct bundle *b);

#endif
