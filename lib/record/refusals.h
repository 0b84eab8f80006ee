/* refusals: what dload leaves out: counted by reason, and kept in a file with its place. */
#ifndef WEIR_RECORD_REFUSALS_H
#define WEIR_RECORD_REFUSALS_H

#include "record/load.h"

struct refusals;
/* path: where each goes as a JSON object a line, or NULL. NULL when it cannot be written. */
struct refusals *refusals_open(const char *path, struct err *e);
/* One more. -1 when it cannot be written. */
int refusals_add(struct refusals *r, const char *file, const struct load_bad *bad, struct err *e);
uint64_t refusals_count(const struct refusals *r);
/* "3 lines were refused in all: 2 x, 1 y", the most frequent reason first. Columns and bytes are left out of a reason.
 * */
void refusals_tell(const struct refusals *r, struct buf *out);
/* Commit the file; frees r. */
int refusals_close(struct refusals *r, struct err *e);

#endif
