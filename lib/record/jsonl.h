/*
 * jsonl: text records as lines of JSON. Strict RFC 8259 and UTF-8; a scanner of our own, because reading lines is what
 * bounds every d* filter: dload reads 228 MB in 0.26 s, lines to blocks, on the machine where yajl's bare SAX events
 * come at 344 MB/s.
 */
#ifndef WEIR_RECORD_JSONL_H
#define WEIR_RECORD_JSONL_H

#include "record/text.h"

#define JSONL_DEPTH_MAX 12 /* nested values of a line: what fits into a block's 16 levels */

/*
 * One line as a record.
 * r     out: its pointers go into line and r->own
 * line  inout: n bytes without the line feed; escapes are replaced in place
 * The text field must be there and a string. The id field may be a string or an integer; without it, or with null, the
 * id is record_hash_id of the text. Both may lie within objects: "data.text" (record/nested.h). "scores" that is an
 * object of numbers becomes the scores, "tokens" that is an array of integers the tokens; every other field becomes a
 * meta value.
 * -1: what is wrong, with the column; integers beyond 64 bits and numbers beyond a double are refused, nothing is
 * rounded away.
 */
int jsonl_read(struct record *r, char *line, size_t n, const char *text_field, const char *id_field, struct err *e);

/*
 * Append a record as a line with its line feed: id, text, meta values, tokens, scores. -1 when a value is none of
 * JSON's (binary) or a meta key is the name of the id or text field.
 */
int jsonl_write(struct buf *b, const struct record *r, const char *text_field, const char *id_field, struct err *e);

/*
 * As jsonl_write, with these fields only, in this order: names separated by commas, each `id`, `text`, `tokens`,
 * `scores`, a meta key or a score's name; what a record lacks is left out.
 */
int jsonl_write_fields(struct buf *b, const struct record *r, const char *fields, const char *text_field,
                       const char *id_field, struct err *e);

/* One line that is any value, appended as msgpack; strings are decoded in place. -1: what is wrong, with the column. */
int jsonl_take_value(char *line, size_t n, struct buf *b, struct err *e);
/* Append one msgpack object as JSON; -1 for what JSON has not. */
struct mp_in;
int jsonl_put_value(struct buf *b, struct mp_in *m, struct err *e);
void jsonl_put_string(struct buf *b, const char *s, size_t n); /* s is UTF-8 */
void jsonl_put_number(struct buf *b, double v);                /* finite; the shortest digits that read back as v */

#endif
