/*
 * frame: records and chunks on a descriptor, with checksums, counts and limits. weir(5), FRAMES.
 *
 *   record   94  c4 08 89 w e i r 0d 0a 1a  kind  body (bin)  checksum
 *   chunk    95  part  first-row  codec  checksum  payload (bin)
 *
 * What a body or a payload means is not known here. Memory grows with the bytes that arrive.
 */
#ifndef WEIR_WIRE_FRAME_H
#define WEIR_WIRE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

#define FRAME_MAGIC "\x89weir\r\n\x1a" /* 8 bytes */
#define FRAME_KIND_MAX 64              /* bytes of a kind's name */
#define FRAME_BODY_MAX (16u << 20)     /* bytes of a body */
#define FRAME_CHUNK_MAX (64u << 20)    /* bytes of a payload as stored */

/* What has passed since the last head: that head's bytes and checksum count, the record itself does not. */
struct frame_sum {
    uint64_t records, chunks, bytes, digest;
};

struct frame_record {
    char kind[FRAME_KIND_MAX + 1];
    struct buf body;
    uint64_t checksum;
    struct frame_sum before; /* of the segment, up to the first byte of this record */
};

struct frame_chunk {
    uint32_t part;
    uint64_t row;
    uint8_t codec;
    uint32_t stored; /* bytes of the payload */
    uint64_t checksum;
};

enum frame_next { FRAME_END, FRAME_RECORD, FRAME_CHUNK };

struct frame_in;
struct frame_out;

/* name is for messages. Nothing is read yet. */
struct frame_in *frame_in_open(int fd, const char *name);
void frame_in_close(struct frame_in *in); /* the descriptor stays open */

/*
 * Before in would wait for input, what waits in out is written (NULL: nothing is). So a filter holds nothing back while
 * its input pauses, and a chain of filters can answer each record before the next one comes. out must outlive in, or be
 * unlinked first.
 */
void frame_in_link(struct frame_in *in, struct frame_out *out);

/* What comes next: FRAME_END at the end of input, or -1. The payload of an unfinished chunk must have been read or
 * skipped. */
int frame_in_next(struct frame_in *in, struct err *e);

/* Say what is being read, for messages: "record 12 (tensor a.weight)". */
void frame_in_place(struct frame_in *in, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Put "NAME: PLACE: " before what e says; returns -1. For faults that the reader of a body finds. */
int frame_in_fail(const struct frame_in *in, struct err *e);

/* The error of input that ends where a tail was still to come; returns -1. inside: within the place, else after it. */
int frame_in_fail_end(const struct frame_in *in, int inside, struct err *e);

/* Read a whole record (after FRAME_RECORD). The checksum holds when this returns 0; r->body is reused, free it at the
 * end. */
int frame_in_record(struct frame_in *in, struct frame_record *r, struct err *e);

/* Read the header of a chunk (after FRAME_CHUNK). Its payload then waits: */
int frame_in_chunk(struct frame_in *in, struct frame_chunk *c, struct err *e);
/* its first min(want, stored) bytes, want <= 64, without taking them; */
int frame_in_peek(struct frame_in *in, const uint8_t **p, size_t want, struct err *e);
/* its next n bytes, n at most what is left; */
int frame_in_bytes(struct frame_in *in, void *dst, size_t n, struct err *e);
/* all that is left of it, appended to b; */
int frame_in_rest(struct frame_in *in, struct buf *b, struct err *e);
/* skip what is left and check the sum. Only then is what was read known to be right. */
int frame_in_chunk_end(struct frame_in *in, struct err *e);
/* or go past it: of a regular file unread, and then unchecked; else as frame_in_chunk_end. The chunk's own checksum
 * counts towards the tail's all the same. */
int frame_in_chunk_skip(struct frame_in *in, struct err *e);
/* or pass all of it to out as it is, payload and all, checking on the way (but what another program of ours has put
 * into the pipe: frame_copy.c). */
int frame_in_chunk_copy(struct frame_in *in, struct frame_out *out, struct err *e);

/* Bytes written wait in a buffer until it is full or flushed. */
struct frame_out *frame_out_open(int fd, const char *name);
void frame_out_close(struct frame_out *out); /* what waits is dropped; the descriptor stays open */
int frame_out_record(struct frame_out *out, const char *kind, const void *body, size_t n, struct err *e);
int frame_out_chunk(struct frame_out *out, uint32_t part, uint64_t row, int codec, const void *payload, size_t n,
                    struct err *e);
int frame_out_flush(struct frame_out *out, struct err *e);
struct frame_sum frame_out_sum(const struct frame_out *out); /* since the last head */

/* A chunk in pieces, for relays: the header with its checksum as it came, then exactly c->stored bytes. */
int frame_out_header(struct frame_out *out, const struct frame_chunk *c, struct err *e);
int frame_out_bytes(struct frame_out *out, const void *p, size_t n, struct err *e);

#endif
