/*
 * policy: a mix of types as text: which type each tensor gets. Presets are lib/quant/policy/NAME.policy.
 *
 * A line is a rule: WHAT[, LAYERS] [if CONDITION] TYPE. The first rule that fits a tensor holds for it; "-" leaves it
 * as it is, as no rule does. Empty lines and those that begin with '#' are none.
 *
 *   WHAT       roles ("mlp", "attn.v") and globs over names, as --only takes them, with '|' between several. The
 *              parts of a stored tensor of queries, keys and values together have the role attn.qkv here, for they get
 *              one type.
 *   LAYERS     slices, with blanks between several: "3", "0:4", "7/8:", "1/8+2:7/8:3". A bound is a number or a share
 *              of all layers, rounded down, with a number added or taken off; behind the second ':' is the step.
 *   CONDITION  an expression (arch/expr.h) over the numbers of the model's page (layers, heads, experts ...: 0 where
 *              this page has none of a name that another has), arch (as general.architecture of a GGUF: "arch ==
 *              falcon"), importance (1 where the tensor has norm2, or is an expert that no token went to), and its rows
 *              and cols.
 *   TYPE       as the caller's check takes it.
 *
 * One more line may be there: "file_type N", which general.file_type of a GGUF then says.
 */
#ifndef WEIR_QUANT_POLICY_H
#define WEIR_QUANT_POLICY_H

#include "tensor/stream.h"

struct policy;

/* Is word a type? 0, or -1 and a clause that quotes it. */
typedef int policy_check(void *ctx, const char *word, struct err *e);

/* The text of a preset, any case, ended by a NUL; NULL: none of that name. policy_names: all, "Q2_K, Q2_K_S ...". */
const char *policy_text(const char *name);
const char *policy_names(void);

/*
 * A preset's name, or a file's. NULL: neither, no rules, or a line that is no rule ("FILE:LINE: sentence"). The history
 * (opt_say) gets --policy NAME, or FILE:DIGEST as of a budget (tensor/budget.h). At most 1 MiB.
 */
struct policy *policy_read(const char *name, policy_check *check, void *ctx, struct err *e);
void policy_free(struct policy *p);

int policy_file_type(const struct policy *p); /* -1: the text does not say */

/*
 * The type for b (header read), to be asked for every tensor of the stream; model: the head's.
 * 1 and *type; 0: no rule, or "-"; -1: a rule asks for layers or a number that this model does not say.
 */
int policy_find(struct policy *p, const struct attrs *model, const struct bundle *b, const char **type, struct err *e);

/* How many words of a file's rules matched no tensor; the sentence names the first: a typo must not pass in silence. Of
 * presets, which have rules for many architectures, and of shards: 0. So has NULL. */
int policy_unused(const struct policy *p, const struct head *h, struct err *e);

#endif
