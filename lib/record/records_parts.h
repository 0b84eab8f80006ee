/* records_parts: what records.c and records_out.c know of each other. */
#ifndef WEIR_RECORD_RECORDS_PARTS_H
#define WEIR_RECORD_RECORDS_PARTS_H

#include "record/text.h"

struct records_out {
    char *name;
    int fd;
    struct records_opts how;
    struct writer *writer; /* of a stream */
    struct buf block;      /* waits until it is RECORD_BLOCK_BYTES */
    uint64_t n;            /* records in it */
    struct records *in;    /* linked, or NULL */
};

int records_flush(struct records_out *out, struct err *e); /* what waits, as a block */
void records_link(struct records *in, struct records_out *out);
void records_unlink(struct records *in);

#endif
