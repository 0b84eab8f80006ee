/* lost: files of a work that could not be read whole, and the list of them that --keep-going leaves. */
#ifndef WEIR_RECORD_LOST_H
#define WEIR_RECORD_LOST_H

#include <stdint.h>

#include "base/err.h"

struct lost;
/* path: where the list goes when the work is done, also when it is empty: FILE, records that were taken of it, reason;
 * tab-separated. */
struct lost *lost_open(const char *path, struct err *e);
void lost_add(struct lost *l, const char *file, uint64_t records, const char *reason);
int lost_count(const struct lost *l);
/* Commit the list; frees l. */
int lost_close(struct lost *l, struct err *e);

#endif
