/*
 * budget: a table that says what each tensor is to become. walloc(1) writes such tables, people too; wprune, wquant and
 * lrfactor read them.
 *
 * TSV. The first line has titles: tensor, then one of those that the filter reads (sparsity; type or bits; rank or
 * keep), and any of the others, which it leaves to other filters; weights, bytes and loss are notes. Every further line
 * is a row; empty lines and those that begin with '#' are none. tensor is a name, or a glob over names (base/glob.h);
 * the first row that fits a tensor holds for it. A cell "-" leaves the tensor as it is, as no row does.
 */
#ifndef WEIR_TENSOR_BUDGET_H
#define WEIR_TENSOR_BUDGET_H

#include "tensor/stream.h"

struct budget;

/* Is word what the filter could be told by the option of that name? 0, or -1 and a clause that quotes it. */
typedef int budget_check(void *ctx, const char *column, const char *word, struct err *e);

/*
 * Read a table, at most 64 MiB, and check every cell of the column that is read.
 * columns  in: titles, NULL-terminated; the table has exactly one of them
 * NULL: unreadable, no titles, an unknown title or one that stands twice, a row with too many or too few cells, a name
 * on two rows, a cell that check refuses. The sentence begins "FILE: line 7: ". The history (opt_say) gets --budget
 * FILE:DIGEST, FILE without its folder, "-" where it is no regular file, DIGEST the XXH3-64 of its bytes: what the
 * table said is an argument, not what it is called.
 */
struct budget *budget_read(const char *path, const char *const *columns, budget_check *check, void *ctx, struct err *e);
void budget_free(struct budget *t);

const char *budget_column(const struct budget *t); /* which of columns it has */

/* The cell for a tensor, or NULL: leave it as it is. To be asked for every tensor of the stream, so that budget_unused
 * knows. */
const char *budget_find(struct budget *t, const char *name);

/* How many rows held for no tensor that was asked for; the sentence names the first: a typo must not pass in silence.
 * h: the stream's head; a shard lacks tensors rightly, and has 0. So has a t of NULL. */
int budget_unused(const struct budget *t, const struct head *h, struct err *e);

#endif
