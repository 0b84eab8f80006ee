/*
 * claim: a mark on a pipe: one of these programs writes it, and nobody else's bytes are in it.
 *
 * The writer claims the pipe before its first byte, if the pipe is empty, and drops the claim after its last; the
 * kernel drops it when the last copy of the descriptor is closed. The reader asks before it takes bytes unread: what is
 * in a claimed pipe, the claimant has put there. A cat, ssh or tee(1) between two programs has pipes of its own, which
 * nobody claims. The mark is a shared flock(2), which on a pipe binds nobody; where that does not work nothing is ever
 * claimed. One system call to claim, three to ask.
 */
#ifndef WEIR_BASE_CLAIM_H
#define WEIR_BASE_CLAIM_H

int claim_pipe(int fd); /* 1: claimed; 0: no pipe, not empty, or locked by somebody */
void claim_drop(int fd);
int claim_held(int fd); /* by the other end: 1 or 0; 0 for anything but a pipe */

#endif
