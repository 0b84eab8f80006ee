/*
 * coproc: a shell command with a pipe to it and a pipe from it, fed and read by one thread. Writing never waits for the
 * command: what it does not take yet is kept in memory by a thread of its own, so feeding and reading need no order and
 * cannot lock each other.
 */
#ifndef WEIR_BASE_COPROC_H
#define WEIR_BASE_COPROC_H

#include <stdint.h>

#include "base/err.h"

struct coproc {
    int to, from; /* ours: write and read */
    struct pump *pump;
};

/*
 * Start `sh -c cmd` in a process group of its own; its standard error is ours.
 * patience  seconds: coproc_expect says what for; 0 for ever
 * -1: no pipe, no process, no thread.
 */
int coproc_open(struct coproc *c, const char *cmd, int64_t patience, struct err *e);

/*
 * Say that we now only wait for the command (1), or not (0). While we do, a command that has taken all it was given and
 * uses no processor time for `patience` seconds waits for more, for ever, or a part of it has ended without the others'
 * knowing: its input is closed, and as long again later it gets SIGTERM; coproc_wait says so. Processor time is read
 * from /proc; where that is not there, we wait for ever too.
 */
void coproc_expect(struct coproc *c, int yes);

/* No more comes: the command sees the end of its input when it has taken all. */
void coproc_close(struct coproc *c);

/* Wait for the command's end and let go of everything. 0 when its status was 0, else -1 with how it ended: "exit status
 * 3". Closes from. */
int coproc_wait(struct coproc *c, struct err *e);

#endif
