#include "record/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/foreign.h"
#include "base/table.h"
#include "base/utf8.h"
#include "record/jsonl.h"
#include "record/lines.h"
#include "record/wet.h"

struct load {
    struct unzip *s;
    struct load_opts how;
    uint8_t first[FOREIGN_BYTES]; /* looked at, to be read again */
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
    return table_word(format_name, 6, name);
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

/* The first bytes, and from them the format. A mark before them is passed over. -1: it is something else. */
static int look(struct load *l, struct err *e)
{
    ssize_t got = 1;
    const char *what;

    while (l->firsts < sizeof l->first && got > 0) {
        if ((got = unzip_read(l->s, l->first + l->firsts, sizeof l->first - l->firsts, e)) < 0)
            return -1;
        l->firsts += (size_t)got;
    }
    if (l->how.format == LOAD_AUTO)
        l->how.format = l->firsts >= 5 && memcmp(l->first, "WARC/", 5) == 0 ? LOAD_WET : LOAD_JSONL;
    if (l->firsts >= 3 && memcmp(l->first, "\xef\xbb\xbf", 3) == 0)
        l->base = l->first_at = 3;
    what = foreign_file(l->first, l->firsts);
    if (!what && l->how.format == LOAD_JSONL)
        what = foreign_json(l->first + l->first_at, l->firsts - l->first_at);
    return what ? err_set(e, "%s: %s", unzip_name(l->s), what) : 0;
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
    if (look(l, e) < 0)
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
        /* The first line begins with the file, also behind a mark. */
        return (l->from == 0 && lines_number(l->lines) == 1 ? 0 : l->base + lines_offset(l->lines)) < l->to;
    }
}

/* A file without a line feed that has carriage returns: all of it is taken for one line. */
static int only_returns(const struct load *l, const char *p, size_t n)
{
    return lines_number(l->lines) == 1 && lines_unended(l->lines) && n > 1 && memchr(p, '\r', n - 1);
}
static const char returns[] = "the lines end in CR alone; tr '\\r' '\\n' gives them line feeds";

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
    if (jsonl_read(r, p, n, l->how.text_field, l->how.id_field, &bad->why) < 0) {
        if (only_returns(l, (char *)l->raw.data, n))
            err_set(&bad->why, "%s", returns);
        return refused(bad, line, offset, &l->raw);
    }
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
    n -= p && p[n - 1] == '\r';
    l->raw.len = 0;
    if (p)
        buf_add(&l->raw, p, n);
    if (!p)
        err_set(&bad->why, "the line is longer than %llu bytes", (unsigned long long)l->how.max_bytes);
    else if (only_returns(l, p, n))
        err_set(&bad->why, "%s", returns);
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
    else if (l->how.format == LOAD_PARAGRAPHS && l->text.len && only_returns(l, (char *)l->text.data, l->text.len))
        err_set(&bad->why, "%s", returns);
    else
        return give_text(r, l->text.data, l->text.len), LOAD_RECORD;
    return refused(bad, l->text_line, l->text_offset, l->too_long ? NULL : &l->text);
}

/* Put a line to those before it. Of a whole text every byte stays; a paragraph's lines lose their CR, and the last its
 * end. */
static void gather(struct load *l, const char *p, size_t n)
{
    if (l->how.format == LOAD_PARAGRAPHS) {
        n -= n && p[n - 1] == '\r';
        if (l->text.len)
            buf_add(&l->text, "\n", 1);
    }
    buf_add(&l->text, p, n);
    if (l->how.format == LOAD_TEXT && !lines_unended(l->lines))
        buf_add(&l->text, "\n", 1);
}

/* Lines up to a blank one (paragraphs) or the end (whole texts). A paragraph belongs to the range where its first line
 * begins. */
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
            gather(l, p, n);
    }
    if (got < 0)
        return -1;
    return lines ? give_gathered(l, r, bad) : LOAD_END;
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
    case LOAD_WET:
        return next_wet(l, r, bad, e);
    case LOAD_LINES:
        return next_plain_line(l, r, bad, e);
    case LOAD_TEXT:
    case LOAD_PARAGRAPHS:
        return next_gathered(l, r, bad, e);
    default:
        return next_jsonl(l, r, bad, e);
    }
}
