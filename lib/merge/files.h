/* files: operands by their paths, through a method or an attachment, into one stream. */
#ifndef WEIR_MERGE_FILES_H
#define WEIR_MERGE_FILES_H

#include "merge/pass.h"

/*
 * Open the operands, agree on names, heads and vocabulary, begin the stream, merge, end it.
 * p      inout: method (NULL: companions of the second operand go to the first's tensors), args, sel, type, zeros.keep;
 *        operands are set and freed here
 * vocab  in: "first", "union", or NULL: all vocabularies are one
 * fd     in: of a stream that path names in messages
 * tell   in: is told before the work of rows of embedding and head that stand for other texts
 * -1: as operand_open, merge_same_shard, merge_heads, merge_vocab_make, merge_all, merge_attach, select_end.
 */
int merge_files(struct merge_pass *p, char **paths, int n, const char *vocab, int fd, const char *path,
                void (*tell)(const char *line), struct err *e);

#endif
