/*
 * text: text records, in a stream or one JSON object a line, read and written by the same loop.
 *
 *     struct records *in = records_file("-", &how, &e);
 *     struct records_out *out = in ? records_out_open(1, "standard output", &how, in, &e) : NULL;
 *     while ((got = records_next(in, &r, &e)) > 0) { record_set_score(r, "length", n); records_write(out, r, &e); }
 *     records_finish(out, &e); records_close(in);
 *
 * A stream holds text records in blocks (weir(5), TEXT RECORDS); whatever else it holds is relayed to the linked
 * output. Memory: one block, which is about 256 KiB, or one record where that is more.
 */
#ifndef WEIR_RECORD_TEXT_H
#define WEIR_RECORD_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/opt.h"
#include "tensor/stream.h"

#define RECORD_BLOCK_BYTES ((size_t)256 << 10)
#define RECORD_MAX_BYTES ((uint64_t)32 << 20) /* of one record as a line, unless records_opts says otherwise */

/* A number that rides on a record under a name such as "dsir" or "gopher.words". Finite. */
struct text_score {
    const char *name; /* need not end in NUL */
    uint32_t len;
    double value;
};

/* Texts and names are UTF-8 and may hold NUL. Pointers live until the next batch is read. */
struct record {
    const char *id, *text;
    size_t id_len, text_len;
    struct text_score *score;
    int scores, score_cap;
    const uint8_t *meta; /* metas pairs of msgpack objects, keys first, in the order they came; no map header */
    size_t meta_len;
    uint32_t metas;
    const uint8_t *tokens; /* one msgpack array of integers (token ids), or NULL */
    size_t tokens_len;
    const uint8_t *more; /* mores pairs under keys that weir does not know */
    size_t more_len;
    uint32_t mores;
    struct buf
        own[5]; /* room: 0, 1 meta that was read from JSON or changed; 2 id; 3 tokens; 4 what lay within objects. The
              * pointers above may go there */
};

/* Set or replace a score. name must live as long as the record's batch: a constant, or a name that the caller keeps. */
void record_set_score(struct record *r, const char *name, double value);
/* The same for a name that the record is known not to have: no search. */
void record_add_score(struct record *r, const char *name, double value);
/* The score of that name, or NULL. */
const double *record_score(const struct record *r, const char *name);
void record_drop_score(struct record *r, const char *name);

/* The value of a meta key: *v is its msgpack object's bytes. 1, or 0 when there is none. */
struct mp_in;
int record_meta(const struct record *r, const char *key, struct mp_in *v);
/* Its words as text: a string's own bytes; numbers and booleans as JSON writes them, into scratch. NULL when absent or
 * no scalar. */
const char *record_meta_text(const struct record *r, const char *key, size_t *len, struct buf *scratch);
/* Set or replace a meta value: a string, or any one msgpack object. Both are copied. */
void record_set_meta(struct record *r, const char *key, const void *s, size_t n);
void record_set_meta_raw(struct record *r, const char *key, const void *object, size_t n);

/* Keep only the meta values whose keys are in this list (comma-separated), in their order. */
void record_keep_meta(struct record *r, const char *keys);

/* The default id: 32 hex digits of XXH3-128 of the text. out[33] ends in NUL. */
void record_hash_id(const void *text, size_t n, char out[33]);

/* Back to no values; keeps the room. */
void record_clear(struct record *r);

/* Append the record as one msgpack map. */
void record_pack(struct buf *b, const struct record *r);
/* Read one map; *m moves behind it. r keeps its room; its pointers go into m's bytes. -1 says what is wrong with the
 * record. */
int record_unpack(struct record *r, struct mp_in *m, struct err *e);
/* Bytes of its own, so that it stays when the batch has gone: every pointer of to goes into keep, which is emptied
 * first. */
void record_copy(struct record *to, const struct record *from, struct buf *keep);
void record_free(struct record *r); /* its room only */

/* How records come and go. Options of every d* filter: RECORDS_OPTS(how) in the option table. {0} is a stream. */
struct records_opts {
    int lines;
    const char *text_field, *id_field; /* of JSON lines; NULL: "text", "id" */
    uint64_t max_bytes;                /* of a line; 0: RECORD_MAX_BYTES */
};
#define RECORDS_OPTS(how)                                                                                              \
    {0, "lines", 0, OPT_FLAG, &(how).lines, "records are JSON objects, one a line, in and out", 0},                    \
        {0,          "text-field",      "KEY",                                                                         \
         OPT_STRING, &(how).text_field, "where a line has its text, data.text within an object (default: text)",       \
         0},                                                                                                           \
    {                                                                                                                  \
        0, "id-field", "KEY", OPT_STRING, &(how).id_field,                                                             \
            "where a line has its id (default: id; without it a hash of the text)", 0                                  \
    }

struct records;
struct records_out;

/* name is for messages. NULL on error. */
struct records *records_open(int fd, const char *name, const struct records_opts *how, struct err *e);
struct records *records_file(const char *path, const struct records_opts *how,
                             struct err *e); /* "-" is standard input */
/* The next record: 1, 0 at the end, -1. *r is good until the next call that reads a new batch; it may be changed. */
int records_next(struct records *in, struct record **r, struct err *e);
/* All that came together (a block, or lines of about that size), for work over threads: 1, 0 at the end, -1. */
int records_batch(struct records *in, struct record **r, size_t *n, struct err *e);
uint64_t records_seen(const struct records *in);         /* records given so far */
struct reader *records_reader(const struct records *in); /* of a stream, else NULL */
void records_close(struct records *in);                  /* and the file that records_file opened */

/*
 * Begin the output. in (or NULL) is the input whose head, history and segments are carried on, and whose other records
 * are relayed. A stream goes to no terminal (status 2); lines may.
 */
struct records_out *records_out_open(int fd, const char *name, const struct records_opts *how, struct records *in,
                                     struct err *e);
struct writer *records_out_writer(struct records_out *out); /* of a stream, else NULL */
int records_write(struct records_out *out, const struct record *r, struct err *e);
/* All bytes and the tail; frees out. */
int records_finish(struct records_out *out, struct err *e);

#endif
