/* flow: a whole stream through a method, each tensor by its own pattern. */
#ifndef WEIR_PRUNE_FLOW_H
#define WEIR_PRUNE_FLOW_H

#include "prune/pass.h"
#include "tensor/budget.h"
#include "tensor/unseen.h"

struct prune_flow {
    struct prune_pass pass;               /* in: its pattern, sieve and plain are set here */
    prune_scorer *plain;                  /* in: scores of weights that tensor/unseen.h tells of, by which they go */
    int by_inputs;                        /* in: 1: pass.scorer needs what they lack */
    enum scope usual;                     /* in: where scope is NULL */
    const char *sparsity, *block, *scope; /* in: words of the command line (pattern_parse); sparsity NULL: a budget's */
    struct select *sel;                   /* in */

    struct unseen unseen; /* out: those that went by plain */
    uint64_t pruned;      /* out: tensors */

    struct budget *budget; /* the rest is the flow's own */
    struct pattern pattern, plain_pattern;
    struct prune_pass plain_pass;
};

/* The words of the command line, and the choice of tensors. -1: they are at fault. */
int prune_flow_check(struct prune_flow *f, struct err *e);

/* Each tensor's sparsity is its row's in the table of that path. -1: as budget_read, and a word that does not fit. */
int prune_flow_budget(struct prune_flow *f, const char *path, struct err *e);

/* fd as a stream. By scope model it has been read twice, and is a file if it was a pipe. NULL: as reader_open and
 * prune_count_model. */
struct reader *prune_flow_reader(struct prune_flow *f, int fd, struct err *e);

/* All tensors of in. out: NULL: a dry run. report: a line for each tensor pruned, behind titles; or NULL. */
int prune_flow(struct prune_flow *f, struct reader *in, struct writer *out, struct buf *report, struct err *e);
void prune_flow_free(struct prune_flow *f);

#endif
