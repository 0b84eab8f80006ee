#include "record/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "record/jsonl.h"
#include "record/lines.h"
#include "record/wet.h"

struct load {
    struct unzip *s;
    struct load_opts how;
    uint8_t first[8]; /* looked at, to be read again */
    size_t first_at, firsts;
    struct lines *lines;
    struct wet *wet;
    uint64_t from, to, base; /* base: where in the file reading began */
    int filled, skip;        /* skip: the bytes up to the first line feed belong to another range */
    struct buf raw, text;    /* the line as it came; a paragraph or file that is being gathered */
    uint64_t text_line, text_offset;
    int too_long;
};

static const char *const format_name[] = {"auto", "jsonl", "wet", "text", "lines", "paragraphs"};

int load_format_find(const char *name)
{
    for (int i = 0; i < 6; i++)
        if (strcmp(name, format_name[i]) == 0)
            return i;
    return -1;
}

static ssize_t read_on(void *ctx, void *p, size_t n, struct err *e)
{
    struct load *l = ctx;

    if (l->first_at < l->firsts) {
        n = n < l->firsts - l->first_at ? n : l->firsts - l->first_at;
        memcpy(p, l->first + l->first_at, n);
        l->first_at += n;
        return (ssize_t)n;
    }
    return unzip_read(l->s, p, n, e);
}

static int look(struct load *l, struct err *e)
{
    ssize_t got = 1;

    while (l->firsts < 5 && got > 0) {
        if ((got = unzip_read(l->s, l->first + l->firsts, 5 - l->firsts, e)) < 0)
            return -1;
        l->firsts += (size_t)got;
    }
    l->how.format = l->firsts == 5 && memcmp(l->first, "WARC/", 5) == 0 ? LOAD_WET : LOAD_JSONL;
    return 0;
}

struct load *load_open(struct unzip *s, const struct load_opts *how, uint64_t from, uint64_t to, struct err *e)
{
    struct load *l = mem_new(1, sizeof *l);
    uint64_t limit = how->max_bytes ? how->max_bytes : RECORD_MAX_BYTES;

    l->s = s;
    l->how = *how;
    l->how.max_bytes = limit;
    l->from = from;
    l->to = to;
    if (how->format == LOAD_AUTO && look(l, e) < 0)
        return load_close(l), NULL;
    if (from > 0) {
        l->first_at = l->firsts = 0;
        l->base = from - 1;
        l->skip = 1;
        if (unzip_seek(s, from - 1, e) < 0)
            return load_close(l), NULL;
    }
    if (l->how.format == LOAD_WET)
        l->wet = wet_open(read_on, l, limit);
    else
        l->lines = lines_open(read_on, l, limit);
    return l;
}

void load_close(struct load *l)
{
    if (!l)
        return;
    lines_close(l->lines);
    wet_close(l->wet);
    buf_free(&l->raw);
    buf_free(&l->text);
    free(l);
}

static int refused(struct load_bad *bad, uint64_t line, uint64_t offset, const struct buf *raw)
{
    bad->line = line;
    bad->offset = offset;
    bad->raw = raw ? (const char *)raw->data : NULL;
    bad->raw_len = raw ? raw->len : 0;
    return LOAD_REFUSED;
}

/* The next line of the range. 1, 0, -1. */
static int next_line(struct load *l, char **p, size_t *n, struct err *e)
{
    for (;;) {
        int got;

        if (!l->filled && (got = lines_fill(l->lines, e)) <= 0)
            return got;
        l->filled = lines_next(l->lines, p, n);
        if (!l->filled)
            continue;
        if (l->skip) {
            l->skip = 0;
            continue;
        }
        return l->base + lines_offset(l->lines) < l->to;
    }
}

static int blank(const char *p, size_t n)
{
    while (n && (*p == ' ' || *p == '\t' || *p == '\r'))
        p++, n--;
    return n == 0;
}

static void give_text(struct record *r, const void *text, size_t n)
{
    char hex[33];

    record_clear(r);
    record_hash_id(text, n, hex);
    buf_add(&r->own[2], hex, 32);
    r->id = (const char *)r->own[2].data;
    r->id_len = 32;
    r->text = n ? text : "";
    r->text_len = n;
}

static int next_jsonl(struct load *l, struct record *r, struct load_bad *bad, struct err *e)
{
    uint64_t line, offset;
    char *p;
    size_t n;
    int got;

    do {
        if ((got = next_line(l, &p, &n, e)) <= 0)
            return got;
    } while (p && blank(p, n));
    line = lines_number(l->lines);
    offset = l->base + lines_offset(l->lines);
    if (!p) {
        err_set(&bad->why, "the line is longer than %llu bytes", (unsigned long long)l->how.max_bytes);
        return refused(bad, line, offset, NULL);
    }
    l->raw.len = 0;
    buf_add(&l->raw, p, n);
    if (jsonl_read(r, p, n, l->how.text_field, l->how.id_field, &bad->why) < 0)
        return refused(bad, line, offset, &l->raw);
    return LOAD_RECORD;
}

static int next_plain_line(struct load *l, struct record *r, struct load_bad *bad, struct err *e)
{
    char *p;
    size_t n;
    int got;

    do {
        if ((got = next_line(l, &p, &n, e)) <= 0)
            return got;
    } while (p && blank(p, n));
    l->raw.len = 0;
    if (p)
        buf_add(&l->raw, p, n);
    if (!p)
        err_set(&bad->why, "the line is longer than %llu bytes", (unsigned long long)l->how.max_bytes);
    else if (utf8_fault(p, n) < n)
        err_set(&bad->why, "column %zu: no well-formed UTF-8", utf8_fault(p, n) + 1);
    else
        return give_text(r, p, n), LOAD_RECORD;
    return refused(bad, lines_number(l->lines), l->base + lines_offset(l->lines), p ? &l->raw : NULL);
}

/* What was gathered, as a record or a refusal. */
static int give_gathered(struct load *l, struct record *r, struct load_bad *bad)
{
    size_t at = utf8_fault(l->text.data, l->text.len);

    if (l->too_long)
        err_set(&bad->why, "the text is longer than %llu bytes", (unsigned long long)l->how.max_bytes);
    else if (at < l->text.len)
        err_set(&bad->why, "byte %zu: no well-formed UTF-8", at + 1);
    else
        return give_text(r, l->text.data, l->text.len), LOAD_RECORD;
    return refused(bad, l->text_line, l->text_offset, l->too_long ? NULL : &l->text);
}

/* Lines up to a blank one (paragraphs) or the end (whole texts). A paragraph belongs to the range where its first line begins. */
static int next_gathered(struct load *l, struct record *r, struct load_bad *bad, struct err *e)
{
    int whole = l->how.format == LOAD_TEXT, got, lines = 0;
    char *p;
    size_t n;

    l->text.len = 0;
    l->too_long = 0;
    while ((got = next_line(l, &p, &n, e)) > 0 && (whole || !lines || !p || !blank(p, n))) {
        if (!whole && p && blank(p, n))
            continue;
        if (!lines++) {
            l->text_line = lines_number(l->lines);
            l->text_offset = l->base + lines_offset(l->lines);
        }
        l->too_long |= !p || l->text.len + n >= l->how.max_bytes;
        if (l->too_long)
            l->text.len = 0;
        else
            buf_add(&l->text, p, n), buf_add(&l->text, "\n", 1);
    }
    if (got < 0)
        return -1;
    if (!lines)
        return LOAD_END;
    if (!whole && l->text.len)
        l->text.len--; /* the last line feed of a paragraph is its end */
    return give_gathered(l, r, bad);
}

static int next_wet(struct load *l, struct record *r, struct load_bad *bad, struct err *e)
{
    struct wet_record w;
    int got = wet_next(l->wet, &w, &bad->why, e);

    if (got <= 0)
        return got < 0 ? err_in(e, "%s", unzip_name(l->s)) : 0;
    if (got == 1 && utf8_fault(w.text, w.text_len) < w.text_len)
        got = 2, err_set(&bad->why, "byte %zu of the text: no well-formed UTF-8", utf8_fault(w.text, w.text_len) + 1);
    if (got == 2) {
        l->raw.len = 0;
        buf_add(&l->raw, w.text, w.text_len);
        return refused(bad, w.number, w.offset, w.text ? &l->raw : NULL);
    }
    give_text(r, w.text, w.text_len);
    if (w.uri_len)
        record_set_meta(r, "url", w.uri, w.uri_len);
    if (w.date_len)
        record_set_meta(r, "date", w.date, w.date_len);
    if (w.id_len) {
        r->id = w.id;
        r->id_len = w.id_len;
    }
    return LOAD_RECORD;
}

int load_next(struct load *l, struct record *r, struct load_bad *bad, struct err *e)
{
    switch (l->how.format) {
    case LOAD_WET: return next_wet(l, r, bad, e);
    case LOAD_LINES: return next_plain_line(l, r, bad, e);
    case LOAD_TEXT:
    case LOAD_PARAGRAPHS: return next_gathered(l, r, bad, e);
    default: return next_jsonl(l, r, bad, e);
    }
}
