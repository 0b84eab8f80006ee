/*
 * twin: the text form of a stream, specified in tshow(1). A line is a keyword and its words; rows of numbers and lines
 * of a payload follow the line they belong to. What twin_put writes, twin_get reads back to an equal stream.
 */
#ifndef WEIR_TENSOR_TWIN_H
#define WEIR_TENSOR_TWIN_H

#include <stdio.h>

#include "tensor/stream.h"

/* Writing. Text waits in memory until there is enough of it, at most 64 KiB and one row or record. */
struct twin_out {
    int fd;
    struct buf text;
};

/* Each returns 0, or -1: the write failed, or the record is of a kind that has no text form. Bundles are loaded. */
int twin_put_head(struct twin_out *o, const struct head *h, struct err *e);
int twin_put_bundle(struct twin_out *o, const struct bundle *b, struct err *e);
int twin_put_item(struct twin_out *o, const struct item *it, const struct buf *payload,
                  struct err *e); /* blob, text, stat */
int twin_put_end(struct twin_out *o, const struct attrs *tail_model, struct err *e);
int twin_flush(struct twin_out *o, struct err *e); /* what waits; at the end. Then buf_free(&o->text) */

/* Reading. */
struct twin;

/* in is read to its end; name is for messages ("standard input"), which all begin "NAME:LINE: ". Free with twin_close.
 * */
struct twin *twin_open(FILE *in, const char *name);
void twin_close(struct twin *t);

/* Is there another segment? Its "weir-text" line is read. 1, 0 at the end of the text, -1: also when the text has none
 * at all. */
int twin_segment(struct twin *t, struct err *e);

/* Then its further lines before the first record, added to h; commands in h's history stay the last. 0 or -1. */
int twin_head(struct twin *t, struct head *h, struct err *e);

/*
 * The next record of the segment: a loaded bundle in it->b; or a blob, text or statistics record whose bytes are put in
 * payload. 1; 0 at the segment's end line, whose corrections of the model's keys are then in it->attrs; -1. it is {0}
 * or from an earlier call (it is freed first). Memory: the record.
 */
int twin_next(struct twin *t, struct item *it, struct buf *payload, struct err *e);

#endif
