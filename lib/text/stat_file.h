/* stat_file: records of kind stat of one name, and lines of JSON that stand for them, out of a file. */
#ifndef WEIR_TEXT_STAT_FILE_H
#define WEIR_TEXT_STAT_FILE_H

#include "tensor/stream.h"

struct stat_kind {
    const char *name;
    int (*stat)(void *ctx, struct reader *in, struct item *it, struct err *e);
    int (*line)(void *ctx, char *line, size_t n, struct err *e); /* which may be changed */
};

/*
 * Call for everything of that name in a file: a stream, or several of them, or lines when its first byte is no
 * stream's. "-" is standard input. What stands before a line's `{` is passed over: a key of Hadoop's, and its tab.
 * Lines of all kinds are given. -1 also when there is nothing in it. Memory: one line, of 1 GiB at most.
 */
int stat_file_read(const struct stat_kind *k, void *ctx, const char *path, struct err *e);

#endif
