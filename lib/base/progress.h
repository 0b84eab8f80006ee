/* progress: one line on stderr, redrawn, only on a terminal and only when the work takes longer than a second. */
#ifndef WEIR_BASE_PROGRESS_H
#define WEIR_BASE_PROGRESS_H

#include <stdint.h>

void progress_quiet(int quiet);                      /* -q */
void progress_total(uint64_t items, uint64_t bytes); /* 0 where not known */
void progress_step(uint64_t items, uint64_t bytes);  /* done since the last call */
void progress_end(void);                             /* wipe the line */

#endif
