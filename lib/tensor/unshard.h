/* unshard: the shards of one stream as the stream they were cut from. */
#ifndef WEIR_TENSOR_UNSHARD_H
#define WEIR_TENSOR_UNSHARD_H

#include "tensor/stream.h"

/*
 * Join shards. A shard is a run of the whole stream's records with that stream's own head (the whole manifest and
 * totals) and the mark "shard i of n".
 * path   in: n files in any order, "-" is standard input; one may hold several shards, in ascending order
 * fd     the stream that was cut, byte for byte: the marks are gone, nothing is added to the history
 * Blobs that every shard carries are written once; they must be equal. Corrections in the tails are put together.
 * -1: a shard is missing or comes twice, heads tell of different commands or different n, tensors are not those of the
 * manifest, or a blob or correction differs: both are named. Nothing is decoded. Memory: 1 MiB, a blob, the heads.
 */
int unshard(char **path, int n, int fd, const char *to, struct err *e);

#endif
