/* unzip: the bytes of a file, decompressed: gzip (any number of members), zstd (any number of frames), or as they are.
 * */
#ifndef WEIR_RECORD_UNZIP_H
#define WEIR_RECORD_UNZIP_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct unzip;
/* "-" is standard input. The first bytes tell the compression. NULL on error. Memory: 64 KiB, and zstd's window of at
 * most 128 MiB. */
struct unzip *unzip_open(const char *path, struct err *e);
const char *unzip_name(const struct unzip *s); /* for messages */
/* lines_read for a struct unzip: 0 at the end; a file cut inside a member or frame, or damaged, is an error. */
ssize_t unzip_read(void *s, void *p, size_t n, struct err *e);
/* Bytes of the file when it is a plain one that can be read from anywhere, else -1. */
int64_t unzip_plain_size(const struct unzip *s);
/* Are these the first bytes as they are stored? */
int unzip_begins(const struct unzip *s, const char *word);
/* Go on at a byte of a plain file. */
int unzip_seek(struct unzip *s, uint64_t at, struct err *e);
void unzip_close(struct unzip *s);

#endif
