/* want: what tensors are to become, as a command line says it: one type, or each tensor's own by a table. */
#ifndef WEIR_QUANT_WANT_H
#define WEIR_QUANT_WANT_H

#include "quant/plan.h"
#include "quant/policy.h"
#include "tensor/budget.h"
#include "tensor/select.h"

/* What int types leave open. */
struct quant_ints {
    const char *method, *scales;
    uint64_t group;
    int sym;
};
#define QUANT_INTS                                                                                                     \
    {                                                                                                                  \
        .method = "rtn", .scales = "f16", .group = 128                                                                 \
    }

/* Option rows for a filter's table. */
#define QUANT_INT_OPTS(x)                                                                                              \
    {                                                                                                                  \
        'g',     "group",    "N",                                                                                      \
        OPT_U64, &(x).group, "int types, floats: columns that share a scale (default 128; 0: the row)",                \
        0},                                                                                                            \
        {0, "sym", 0, OPT_FLAG, &(x).sym, "int types: a fixed zero in the middle of the codes", 0},                    \
    {                                                                                                                  \
        0, "scales", "TYPE", OPT_STRING, &(x).scales,                                                                  \
            "scales (int types: and zeros) in f16 (default), bf16, f32; floats: f8_e8m0, f8_e4m3", 0                   \
    }

struct quant_want {
    struct quant_ints ints;
    uint64_t tall;                                /* quant_plan_tall's, of tables of floats */
    const char *type, *budget_path, *policy_name; /* one of these, */
    int64_t bits;                                 /* or this: intN */
    int residual, clip, no_clip;
    struct select *sel;
    const struct attrs *model; /* the head's: before quant_want_choose */

    struct quant_plan plan; /* out */
    struct budget *budget;
    struct policy *policy;
};

/* Do the options go together? They are made a plan; select_check too. -1: a wrong command line. */
int quant_want_check(struct quant_want *w, struct err *e);

/* Behind that: read the budget or policy. */
int quant_want_tables(struct quant_want *w, struct err *e);

/* Is b (header read) to be quantized? 1: *p is how; 0: it passes; -1: a policy that cannot be followed. */
int quant_want_choose(struct quant_want *w, const struct bundle *b, struct quant_plan *p, struct err *e);

/* Must layers be read whole, because the method changes them before it rounds? */
int quant_want_layers(const struct quant_want *w);

/* Rows of the table that held for no tensor: how many; the sentence names the first. */
int quant_want_unused(const struct quant_want *w, const struct head *h, struct err *e);
void quant_want_free(struct quant_want *w);

#endif
