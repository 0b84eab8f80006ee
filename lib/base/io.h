/* io: bytes in and out of descriptors, whole or with a reason. */
#ifndef WEIR_BASE_IO_H
#define WEIR_BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Read up to n bytes, going on after short reads. Returns the count (less than n only at the end of input) or -1. */
ssize_t io_read(int fd, void *buf, size_t n, struct err *e);

/* Read exactly n bytes at offset. Returns 0, or -1 (an early end of file is an error that names both sizes). */
int io_pread(int fd, void *buf, size_t n, uint64_t offset, struct err *e);

/* Write all n bytes. Returns 0 or -1. SIGPIPE keeps its default, so a closed reader ends the process silently. */
int io_write(int fd, const void *buf, size_t n, struct err *e);
int io_pwrite(int fd, const void *buf, size_t n, uint64_t offset, struct err *e);

/* Copy n bytes from in (at its offset) to out by the fastest way the kernel has. */
int io_copy(int in, int out, uint64_t n, struct err *e);

/* Make a pipe hold 1 MiB where the system allows it; anything else is left as it is. */
void io_enlarge_pipe(int fd);

/* An unlinked temporary file in $TMPDIR (or /tmp), open for reading and writing: gone when closed. -1 on error. */
int io_spool(struct err *e);

/* A descriptor that holds what is left of in and can be read again from *start by lseek: in itself where it can seek,
 * else a spool that all of in was copied to. -1 on error. */
int io_rewindable(int in, off_t *start, struct err *e);

/* All of a file in memory, at most limit bytes. Returns 0 or -1; b is then empty. "-" is standard input. */
struct buf;
int io_slurp(const char *path, uint64_t limit, struct buf *b, struct err *e);

/* "-" was named, for which fd 0 is now read: -1 when that has been so before, since the second reader would find
 * nothing. */
int io_take_stdin(struct err *e);

#endif
