/* frame_parts: what frame_in.c, frame_out.c and frame_copy.c share. Private to wire. */
#ifndef WEIR_WIRE_FRAME_PARTS_H
#define WEIR_WIRE_FRAME_PARTS_H

#include "wire/sum.h"

#define FRAME_LEAST ((size_t)32 << 10)      /* bytes left of a payload that are worth a call of their own */
#define FRAME_AHEAD ((size_t)4 << 10)       /* so much is read with the header behind a payload that is not */
#define FRAME_IN_BUFFER ((size_t)256 << 10) /* stays in the second-level cache, where the checksum reads it again */

struct frame_in {
    XXH3_state_t sum, digest; /* first: they want 64-byte alignment */
    int fd;
    char *name;
    char place[400];
    uint8_t *buf;
    size_t pos, len;
    uint64_t frames;          /* records seen, for messages */
    struct frame_sum total;   /* of the segment; digest is made when asked for */
    struct frame_chunk chunk; /* the one being read */
    uint32_t left;            /* of its payload */
    int unread;               /* some of it was handed on or gone past unread: frame_copy.c, frame_skip.c */
    int seeks;                /* is fd a regular file? 0 not asked yet, 1 yes, -1 no */
    size_t ahead;             /* how much one read may bring in while a header is waited for */
    struct frame_out *behind; /* written before a read that would wait, or NULL */
    int pass;                 /* both ends may be pipes: see frame_copy.c */
};

struct frame_out {
    XXH3_state_t sum, digest; /* first: they want 64-byte alignment */
    int fd;
    char *name;
    uint8_t *buf;
    size_t len;
    int claimed; /* base/claim.h */
    struct frame_sum total;
};

/* What of the payload waits in the buffer, at least one byte while some is left (read when need be); taken and summed.
 * */
int frame_in_waiting(struct frame_in *in, const uint8_t **p, size_t *n, struct err *e);

#endif
