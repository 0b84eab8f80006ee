/* stream_parts: what reader*.c and writer*.c share. Private to tensor. Read stream.h first. */
#ifndef WEIR_TENSOR_STREAM_PARTS_H
#define WEIR_TENSOR_STREAM_PARTS_H

#include "tensor/head.h"
#include "tensor/keep.h"
#include "tensor/order.h"
#include "tensor/stream.h"
#include "wire/codec.h"
#include "wire/frame.h"

/* Bytes of a part that are gathered until its last row is here. */
struct gather {
    uint8_t *data;
    uint64_t cap;
};

/* Rows that wait until every part has them (bundle_next_rows). */
struct slab {
    struct buf bytes;
    size_t from; /* bytes of it that are used up */
};

struct reader {
    struct frame_in *frames;
    int own_fd; /* closed with the reader; 0: the caller's */
    struct head head;
    struct tail tail; /* of the last segment that has ended */
    struct writer *link;
    int partial;
    enum reader_skips skips;
    int piece, headless, held; /* reader_open_piece; no head was there; the first record waits in rec */
    uint64_t segment;          /* counted from 1 */
    int in_segment;            /* between a head and its tail */
    int64_t *shard, shards;    /* marks seen; n of "i of n" */
    uint64_t segments_marked;

    struct frame_record rec; /* the current record */
    uint64_t record;         /* its number */
    enum item_kind kind;
    int open;                 /* chunks of it may wait */
    int consumed;             /* some were loaded */
    uint64_t flat, flat_size; /* records but tensors: bytes of payload passed; announced, or UINT64_MAX */

    char *tensor; /* name as read: shared companions are known by it */
    struct order order;
    struct part proto[PARTS_MAX]; /* of each part as read: name (order's), dtype, shape: what keep_add needs */
    struct gather gather[PARTS_MAX];
    struct lent *lent[PARTS_MAX]; /* shared parts that are whole, and what `same` parts refer to */
    struct keep keep;
    struct buf stored; /* a payload as it came */
    struct buf planes; /* of codec_decode */

    struct slab slab[PARTS_MAX];
    int digests;
    struct hasher *digest[PARTS_MAX]; /* or NULL */
    uint64_t next_row;
    float *rows;
    uint64_t rows_cap;
};

/* The next chunk of the current tensor: its header, its rows and decoded size; checked against the order. 1, 0 when the
 * record is whole (and a further chunk is refused), -1. Its payload waits. */
int reader_chunk(struct reader *in, struct frame_chunk *c, uint64_t *rows, uint64_t *size, struct err *e);

/* The payload of c, decoded to dst (size bytes), and its checksum seen to. keep_stored: in->stored holds it as it came,
 * too. */
int reader_payload(struct reader *in, const struct frame_chunk *c, uint8_t *dst, uint64_t size, int keep_stored,
                   struct err *e);

/* Room in the gather of part w for what has passed, the place of the last size bytes. */
uint8_t *gather_room(struct reader *in, uint32_t w, uint64_t size);

/* Call when part w has become whole: gives its bytes to b (NULL: to nobody), keeps them when shared. */
void reader_part_whole(struct reader *in, struct bundle *b, uint32_t w);

/* The payload that waits is not wanted: read and checked, or gone past where that may be. 0 or -1. */
int reader_pass_over(struct reader *in, struct err *e);

/* Give b its parts that have no chunks: what it refers to, and those of no bytes. */
void reader_give_chunkless(struct reader *in, struct bundle *b, int companions_only);

/* Take the next chunk into memory (or skip what neither b nor a later bundle wants). As reader_chunk. */
int reader_load_chunk(struct reader *in, struct bundle *b, struct err *e);

/* Begin a tensor record whose header b is; forget it. */
int reader_tensor_begin(struct reader *in, struct bundle *b, struct err *e);
void reader_tensor_end(struct reader *in);

/* Skip what is left of the current record, checking it. */
int reader_skip(struct reader *in, struct err *e);
/* The header of a record that is no tensor, as *it; before the first chunk. */
int reader_flat_begin(struct reader *in, struct item *it, struct err *e);
/* The next chunk of a record that is no tensor; *size is its decoded size (kinds known only). As reader_chunk. */
int reader_flat_chunk(struct reader *in, struct frame_chunk *c, uint64_t *size, struct err *e);
/* After the last: is the payload as long as announced? */
int reader_flat_end(struct reader *in, struct err *e);

/* item_copy; payload, or NULL: the decoded bytes of a blob, text or statistic are appended to it. */
int item_pass(struct reader *in, struct item *it, struct writer *out, struct buf *payload, struct err *e);

/* Is b the record that in stands at? 0, or -1. */
int reader_owns(const struct reader *in, const struct bundle *b, struct err *e);
struct part *part_on_wire(struct bundle *b, uint32_t w); /* the part that came as number w, or NULL */

struct job { /* a chunk that waits to be stored by a thread */
    uint32_t part;
    uint64_t row;
    int width, codec;
    struct buf raw, stored;
};

struct segment {
    struct head head;
    struct tail tail;
};

struct writer {
    struct frame_out *frames;
    struct reader *in;
    struct segment now;
    struct segment *next; /* read already, not begun */
    int nexts;
    uint64_t segment;
    int begun; /* the head is written */
    int no_manifest;
    int codec, level, recode;
    void (*each_head)(struct head *, void *);
    void *each_ctx;
    struct keep keep; /* shared companions written in this layer */
    struct buf body;

    struct job *job; /* chunks staged for compression */
    int jobs, staged;

    struct order order; /* bundle_begin .. bundle_end */
    struct buf pend[PARTS_MAX];
    uint64_t put[PARTS_MAX]; /* rows given so far */
    uint64_t slab_rows;
};

/* The reader has met a new segment; its tail. Called for a linked writer. */
void writer_next_segment(struct writer *out, const struct head *h);
void writer_take_tail(struct writer *out, const struct tail *t);

/* See that a record of that segment (0: the current one) can be written: tails and heads before it, staged chunks. */
int writer_ready(struct writer *out, uint64_t segment, struct err *e);

/* One chunk of at most CODEC_DECODED_MAX bytes; data is copied where it has to wait. */
int writer_chunk(struct writer *out, uint32_t part, uint64_t row, int width, const void *data, size_t n, struct err *e);
int writer_settle(struct writer *out, struct err *e); /* write what is staged */

/* Pass the waiting chunk c (its payload decodes to size bytes) of in to out as part number `part`. dst, or NULL:
 * decoded bytes too. */
int writer_pass(struct writer *out, struct reader *in, const struct frame_chunk *c, uint32_t part, int width,
                uint64_t size, uint8_t *dst, struct err *e);

#endif
