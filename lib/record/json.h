/* json: a JSON text as a tree (yajl parses; strict RFC 8259, UTF-8 checked, duplicate keys refused by name, bounded
 * depth). */
#ifndef WEIR_RECORD_JSON_H
#define WEIR_RECORD_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_INT, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_kind kind;
    char *key; /* of a member of an object, NUL-terminated (may hold NUL inside: key_len) */
    size_t key_len;
    char *s;            /* STRING: UTF-8, NUL-terminated, may hold NUL inside: len */
    size_t len;         /* STRING: bytes; ARRAY, OBJECT: number of children */
    int64_t i;          /* INT, BOOL */
    double num;         /* NUMBER, INT */
    struct json *first; /* ARRAY, OBJECT: children in order, linked by next */
    struct json *next;
};

/* Parse a whole text. depth_max levels at most (64 is usual). NULL with e set: line and column, and what is wrong
 * there. Memory: at most 256 MiB and 4 bytes for each of the text; a text whose values would take more is refused. */
struct json *json_parse(const void *text, size_t n, int depth_max, struct err *e);
void json_free(struct json *j);

/*
 * A text that is an object, a member at a time, for objects of very many: fn gets each as json_parse would have it, key
 * and all, until it returns; -1 from it, with e set, ends the parse. The same texts are refused, a member that comes
 * twice too. 0, or -1: as json_parse, no object, or what fn says. Memory: the largest member, and all their names.
 */
typedef int json_member_fn(void *ctx, const struct json *member, struct err *e);
int json_members(const void *text, size_t n, int depth_max, json_member_fn *fn, void *ctx, struct err *e);

const struct json *json_get(const struct json *obj,
                            const char *key); /* member, or NULL (also when obj is NULL or no object) */
int64_t json_int(const struct json *obj, const char *key, int64_t otherwise); /* whole NUMBERs count */
double json_num(const struct json *obj, const char *key, double otherwise);
const char *json_str(const struct json *obj, const char *key, const char *otherwise);
int json_bool(const struct json *obj, const char *key, int otherwise);

/* Append text to a buffer as a JSON string with quotes: escapes only what RFC 8259 demands; bytes that are not UTF-8
 * become U+FFFD. */
void json_put_string(struct buf *b, const char *s, size_t n);

#endif
