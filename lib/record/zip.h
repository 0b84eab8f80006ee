/* zip: bytes out to a descriptor, as they are or compressed. */
#ifndef WEIR_RECORD_ZIP_H
#define WEIR_RECORD_ZIP_H

#include <stddef.h>

#include "base/err.h"

enum zip_how { ZIP_PLAIN, ZIP_ZSTD, ZIP_GZIP };
struct zip;
/* level: 1 to 22 of zstd, 1 to 9 of gzip; one thread, no date in the header: the same bytes for the same input and
 * library. */
struct zip *zip_open(int fd, enum zip_how how, int level, struct err *e);
int zip_put(struct zip *z, const void *p, size_t n, struct err *e);
/* Write what is left and free z; the descriptor stays open. */
int zip_close(struct zip *z, struct err *e);

#endif
