/* ppl_table: what mppl says of texts: a line of titles, a line each. */
#ifndef WEIR_RUN_PPL_TABLE_H
#define WEIR_RUN_PPL_TABLE_H

#include "run/ppl.h"
#include "run/texts.h"

struct ppl_table {
    int64_t context;
    enum protocol protocol;
    int against; /* 1: also the divergence from a reference */
};

/* Append titles and lines. texts: cut into the windows that token is of. */
void ppl_table(const struct ppl_table *how, const struct texts *texts, const struct ppl_token *token, struct buf *out);

#endif
