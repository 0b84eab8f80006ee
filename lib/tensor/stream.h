/*
 * stream: records in and out. Format: weir(5).
 *
 * A map filter is: reader_open, writer_open, then while (bundle_read) { maybe bundle_load and change; bundle_write },
 * then writer_finish. Records that are not tensors, and bundles not loaded or touched, are relayed without decoding.
 */
#ifndef WEIR_TENSOR_STREAM_H
#define WEIR_TENSOR_STREAM_H

#include "tensor/bundle.h"

struct reader;
struct writer;

/* The first record of a segment. */
struct head {
    int64_t shard, shards;   /* i of n counted from 1; 0 of 0 when whole */
    struct attrs model;      /* hyper-parameters under canonical keys (lib/arch/arch.h) */
    struct attrs meta;       /* the source's own metadata (safetensors __metadata__, strings) */
    uint64_t tensors, bytes; /* announced totals, 0 unknown; for progress */
    char **name;             /* manifest: names announced, in order, or NULL */
    struct shape *shape;     /* their shapes */
    char **dtype;            /* their types' names as stored at the source, or NULL */
    int names;
    char ***history; /* history[i] is a NULL-terminated argument vector, the version is its last word "@0.1.0" */
    int histories;
    struct attrs more; /* further keys */
};

enum item_kind { ITEM_TENSOR, ITEM_BLOB, ITEM_TEXT, ITEM_STAT, ITEM_OTHER };
struct item {
    enum item_kind kind;
    const char *kind_name;
    struct bundle b; /* ITEM_TENSOR: header parsed, nothing loaded */
    char *
        name; /* ITEM_BLOB: a path from the model's folder; ITEM_STAT: a file name without folder; by file_name_check */
    uint64_t size;      /* ITEM_BLOB: bytes; ITEM_TEXT: number of text records */
    struct attrs attrs; /* ITEM_TEXT, ITEM_STAT, ITEM_OTHER: all keys of the body */
};
void item_free(struct item *it);

#define BLOB_NAME_MAX 255 /* bytes of a blob's name */

/* Is it a name that a file in a new folder may get: not empty, not "." or ".."; with folders, several of them with '/'
 * between, so that it stays in that folder? 0, -1. */
int file_name_check(const char *name, int folders, struct err *e);

/* Open and read the head. name is for messages ("standard input", a path). NULL on error. Refuses a terminal as stdin:
 * status 2. */
struct reader *reader_open(int fd, const char *name, struct err *e);
struct reader *reader_stdin(struct err *e);
/* Is the operand a stream rather than a checkpoint? "-" and pipes are taken for streams, a regular file by its first
 * bytes, a folder or what is not there is none. 1, 0, or -1: it cannot be read. */
int reader_is_stream(const char *path, struct err *e);
struct reader *reader_file(const char *path, struct err *e); /* "-" is standard input; an operand of a filter */
/* A piece of a stream, cut between records (weir(5), PIECES): its head or its tail may be missing, and what the tail of
 * a piece without its head counts is not held against what came. */
struct reader *reader_open_piece(int fd, const char *name, struct err *e);
struct reader *reader_file_piece(const char *path, struct err *e);
uint64_t
reader_segment(const struct reader *in); /* that of the last record, or of the head before it; counted from 1 */
const struct head *reader_head(const struct reader *in);
const struct attrs *reader_tail_model(const struct reader *in); /* corrections, of the last segment that has ended */
void reader_close(struct reader *in);                           /* the descriptor is not closed */

/*
 * May shards be missing at the end? A map filter runs on one shard of many, and its output carries the mark on, so
 * writer_open says yes for the reader it links. Programs that need the whole (joins, packers) leave it at no, or say 0
 * after writer_open; those that only look (tshow, tstat) say 1. A shard that comes twice is refused in any case.
 */
void reader_allow_partial(struct reader *in, int yes);

/*
 * May what the program does not ask for go by unread and unchecked where the input is a regular file? SKIP_UNASKED:
 * payloads of tensors and companions that nobody loads. SKIP_ALL: every payload, those of shared companions too;
 * nothing can be loaded then. doc/decisions/0019-skipping.md.
 */
enum reader_skips { SKIP_NOTHING, SKIP_UNASKED, SKIP_ALL };
void reader_skips(struct reader *in, enum reader_skips what);

/* The next record of the stream. 1, 0 at the end (all segments have tails, no shard missing), -1. What was not read of
 * the previous record is skipped, still checked. */
int stream_next(struct reader *in, struct item *it, struct err *e);
int item_load(struct reader *in, struct item *it, struct buf *payload,
              struct err *e); /* blob, text, other: chunks joined */
int item_copy(struct reader *in, struct item *it, struct writer *out,
              struct err *e); /* relay the current record, any kind */

/* The next tensor; other records on the way are relayed to the writer linked by writer_open (or dropped). The header is
 * parsed, nothing is loaded. 1, 0 at the end, -1. b must be {0} or from an earlier call (it is freed first). */
int bundle_read(struct reader *in, struct bundle *b, struct err *e);
int bundle_load(struct reader *in, struct bundle *b,
                struct err *e); /* all parts into memory; shared companions are lent */
int bundle_load_companions(struct reader *in, struct bundle *b, struct err *e); /* only what comes before the value */

/* Rows as they arrive, for filters that hold a slab: after bundle_load_companions, call until 0. *row0, *n: which rows;
 * *w: float[n][cols], valid until the next call. About 1 MiB of f32 or one row, whichever is more. */
int bundle_next_rows(struct reader *in, struct bundle *b, uint64_t *row0, uint64_t *n, float **w, struct err *e);

/* Before the first rows: the bytes of parts that pass as rows are digested on the way; part.passed has it when
 * bundle_next_rows has returned 0. */
void bundle_digest(struct reader *in);

/* The value as it is stored, for programs that write it elsewhere: call until 0. part: index into b->part of a part
 * that follows the rows (fixed parts are loaded); at, n: which of its bytes; data is valid until the next call. Whole
 * rows, of a vector whole elements, in ascending order. */
int bundle_next_bytes(struct reader *in, struct bundle *b, int *part, uint64_t *at, uint64_t *n, const uint8_t **data,
                      struct err *e);

/*
 * Begin a stream on fd. in (or NULL) is the reader whose head, history and segments are carried on: the writer is
 * linked to it. The head is written at the first record, so that a filter may still change writer_head(out) before.
 */
struct writer *writer_open(int fd, const char *name, struct reader *in, struct err *e);
struct writer *writer_stdout(struct reader *in, struct err *e); /* refuses a terminal: status 2 */
struct head *writer_head(struct writer *out);
/* For a writer that was opened without a reader, before anything is written: take over the head of in, its history
 * before ours, without what it announces; its shard's mark only when keep_shard is 1. For programs that write when all
 * has been read. */
void writer_inherit(struct writer *out, const struct reader *in, int keep_shard);
void writer_drop_manifest(struct writer *out); /* call when names or shapes will change */
void writer_codec(struct writer *out, int codec,
                  int level);                    /* CODEC_*, for what is encoded (and, with -z of tcat, recoded) */
void writer_recode(struct writer *out, int yes); /* what is relayed is stored anew by that codec too */

/* Call fn with the head of each segment before it is written, the first too: for filters that change the head of a
 * stream that may be several streams one after the other. */
void writer_each_head(struct writer *out, void (*fn)(struct head *h, void *ctx), void *ctx);
struct attrs *writer_tail_model(struct writer *out); /* corrections that the tail will carry */

int bundle_write(struct writer *out, struct reader *in, struct bundle *b,
                 struct err *e); /* relays when untouched and unread, else encodes */
int blob_write(struct writer *out, const char *name, const void *p, size_t n, struct err *e);
int text_write(struct writer *out, uint64_t records, const void *p, size_t n, struct err *e);

/* A record of kind "mark" numbered n, and everything before it, are on their way when this returns. Filters pass it on
 * like any record they do not know, when they have written all that came before it: a filter that gathers several
 * bundles (a block) ends what it gathers at a mark. */
int mark_write(struct writer *out, int64_t n, struct err *e);
int stat_write(struct writer *out, const char *name, const struct attrs *a, const void *p, size_t n, struct err *e);

/* A bundle whose value is written as it is made: header and companions now, then rows of parts in ascending order, then
 * the end, which checks that every part is whole. */
int bundle_begin(struct writer *out, struct bundle *b, struct err *e);
int bundle_put(struct writer *out, struct bundle *b, int part, uint64_t row0, uint64_t n, const void *data,
               struct err *e);
int bundle_end(struct writer *out, struct bundle *b, struct err *e);

/* The tail. Without it, every reader downstream fails; so call it only when all is well. Frees out. */
int writer_finish(struct writer *out, struct err *e);

/* Give up: no tail, what waits is dropped. For tests; a filter that fails just ends. */
void writer_abandon(struct writer *out);

#endif
