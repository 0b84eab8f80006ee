/* send: a checkpoint into a stream, piece by piece. */
#ifndef WEIR_CKPT_SEND_H
#define WEIR_CKPT_SEND_H

#include "base/shard.h"
#include "ckpt/plan.h"

/* All files beside the weights, as blobs. 0 or -1; the clause names the file. Memory: the largest of them. */
int send_blobs(const struct source *s, struct writer *out, struct err *e);

/* A planned tensor, read from where it lies in chunks of about 2 MiB (or one row, where that is more). 0 or -1; the
 * clause names it. */
int send_tensor(const struct source *s, const struct step *step, struct writer *out, struct err *e);

/*
 * A stream of the whole (which: 0 of 0; shard may be NULL), or of shard which.i of which.n: the steps k with shard[k]
 * == which.i. Its head tells of the whole: the manifest and the totals of all shards; files travel in the first. name:
 * head.name, or NULL. to: for messages.
 */
int send_all(const struct source *s, struct plan *p, const int64_t *shard, struct shard which, const char *name, int fd,
             const char *to, struct err *e);

/* All shards, 1 to n, as files of folder (tensor/share.h). */
int send_shares(const struct source *s, struct plan *p, const int64_t *shard, int64_t n, const char *name,
                const char *folder, struct err *e);

/* Tell the progress line what is to come: of shard i, or of all (i is 0). */
void send_announce(const struct plan *p, const int64_t *shard, int64_t i);

#endif
