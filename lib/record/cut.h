/*
 * cut: which bytes of which files make one shard of n. Plain files of lines lie end to end, compressed ones too, by the
 * size they have on disk; shard i owns the bytes [total (i - 1) / n, total i / n). A line belongs to the shard in which
 * it begins; a file that can only be read from its start (compressed, WET, whole texts), to the shard in which the file
 * begins. What has no size (pipes) is dealt out record by record: record k, counted from 0, to shard k mod n + 1.
 */
#ifndef WEIR_RECORD_CUT_H
#define WEIR_RECORD_CUT_H

#include "record/load.h"
#include "record/unzip.h"

struct cut {
    struct unzip *file; /* open; the caller closes it */
    uint64_t from, to;  /* bytes of a plain file; 0 and UINT64_MAX: all of it */
    uint64_t each, nth; /* each > 1: only the records k with k mod each = nth */
};

struct cuts;
/* from, to: of the one file, when shards is 1; must be plain then. NULL when a file cannot be looked at. */
struct cuts *cuts_open(const char **file, int files, enum load_format f, uint64_t shard, uint64_t shards, uint64_t from,
                       uint64_t to, struct err *e);
/* The next file that this shard has something of: 1, 0, -1. */
int cuts_next(struct cuts *c, struct cut *out, struct err *e);
const char *
cuts_file(const struct cuts
              *c); /* the path that cuts_next looked at last, also when it failed: then it can be called again */
void cuts_close(struct cuts *c);

#endif
