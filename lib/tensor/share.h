/* share: a stream into files of shards. Their join: unshard.h. */
#ifndef WEIR_TENSOR_SHARE_H
#define WEIR_TENSOR_SHARE_H

#include <stddef.h>

#include "tensor/stream.h"

/*
 * A new file FOLDER/shard-00003-of-00007.weir, to be written as a stream; *path (out, the caller's to free) names it.
 * Returns its descriptor, or -1.
 */
int share_create(const char *folder, int64_t i, int64_t n, char **path, struct err *e);
int share_close(int fd, const char *path, struct err *e); /* written to the disk, then closed; 0 or -1 */

/*
 * Deal the records of a stream out to n shard files in folder. Each is a stream with the head of the whole (the
 * manifest too), the mark "shard i of n" and the history as it is; joined they are the stream byte for byte.
 * shard[count]: 1 to n, ascending: where each tensor goes. Records that are no tensors go with what comes before them,
 * those at the beginning to shard 1, the tail's corrections to shard n. Shards without tensors are written too.
 * The stream is whole, no shard (cut_stream looks). -1: it is more than one segment, has another number of tensors, or
 * a file cannot be written. Nothing is decoded. Memory: as a relay.
 */
int share_stream(struct reader *in, const int64_t *shard, size_t count, int64_t n, const char *folder, struct err *e);

#endif
