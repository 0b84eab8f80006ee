/* target: a file or folder that appears under its name only when it is whole. */
#ifndef WEIR_BASE_TARGET_H
#define WEIR_BASE_TARGET_H

#include <stddef.h>

#include "base/err.h"

struct target; /* a file being written under a temporary name beside its own, or standard output */

/* Begin a target. "-" is standard output (refused with a usage error, status 2, when it is a terminal).
 * NULL on error; devices and pipes, and all of /dev and /proc, are no targets. A link stays, what it points to is
 * replaced, or made; a file that is replaced keeps its mode (0600 stays 0600). Where the system has files without a
 * name (O_TMPFILE), nothing is left by a SIGKILL either. */
struct target *target_open(const char *path, struct err *e);
/* As target_open, for lines of text, which a terminal may have. */
struct target *target_open_text(const char *path, struct err *e);
int target_fd(const struct target *t); /* open for reading, writing and seeking, unless it is a pipe */
int target_is_stdout(const struct target *t);

/* Sync, close and rename to the final name; frees t. On error the temporary is removed and nothing stands at path. */
int target_commit(struct target *t, struct err *e);

/* A whole text at once, as a target: reports. "-" is standard output, a terminal too; what is no regular file, or lies
 * in /dev or /proc (/dev/fd/3, a named pipe), is written as it is. 0 or -1. */
int target_put(const char *path, const void *text, size_t n, struct err *e);

/* Begin a folder: its files are made inside target_dir(); commit renames the folder. An existing folder is replaced
 * only where it is empty; else the error names it. */
struct target *target_open_dir(const char *path, struct err *e);
/* Could target_open_dir, and target_commit later, make a folder at path: is nothing there, or an empty folder, and can
 * one be made beside it? -1 and why not. Nothing is changed; what a filter that is given a folder asks before it
 * begins. target_check_file: likewise of target_open. */
int target_check_dir(const char *path, struct err *e);
int target_check_file(const char *path, struct err *e);
int target_check_put(const char *path, struct err *e); /* likewise of target_put */
const char *target_dir(const struct target *t);

/* Remove what is unfinished. die() and fatal signals (INT, TERM, HUP, PIPE, XCPU, XFSZ) call the second. */
void target_abort(struct target *t);
void target_abort_all(void);

#endif
