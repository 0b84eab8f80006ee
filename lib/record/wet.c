#include "record/wet.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/parse.h"

#define READ_BYTES ((size_t)64 << 10)
#define HEADER_MAX ((size_t)1 << 20)

struct wet {
    lines_read *read;
    void *ctx;
    uint64_t limit;
    char *data;
    size_t at, len, cap;
    uint64_t number, offset;
    int eof;
};

struct wet *wet_open(lines_read *read, void *ctx, uint64_t limit)
{
    struct wet *w = mem_new(1, sizeof *w);

    w->read = read;
    w->ctx = ctx;
    w->limit = limit;
    return w;
}

void wet_close(struct wet *w)
{
    if (!w)
        return;
    free(w->data);
    free(w);
}

/* At least n bytes from at on, or all there are. Room grows with the bytes that come, not by what a header says. */
static int need(struct wet *w, size_t n, struct err *e)
{
    if (w->at && w->cap - w->at < n) {
        memmove(w->data, w->data + w->at, w->len - w->at);
        w->len -= w->at;
        w->at = 0;
    }
    while (!w->eof && w->len - w->at < n) {
        ssize_t got;

        if (w->len == w->cap) {
            w->cap = w->cap < n / 2 ? 2 * w->cap + READ_BYTES : n + READ_BYTES;
            w->data = mem_resize(w->data, w->cap, 1);
        }
        if ((got = w->read(w->ctx, w->data + w->len, w->cap - w->len, e)) < 0)
            return -1;
        w->eof = got == 0;
        w->len += (size_t)got;
    }
    return 0;
}

static void pass(struct wet *w, size_t n)
{
    w->at += n;
    w->offset += n;
}

/* Bytes of the header with its empty line; 0 at a clean end. */
static int header(struct wet *w, size_t *n, struct err *e)
{
    size_t want = 4096;

    for (;;) {
        char *stop;

        if (need(w, want, e) < 0)
            return -1;
        while (w->at < w->len && (w->data[w->at] == '\r' || w->data[w->at] == '\n'))
            pass(w, 1);
        if (w->at == w->len) {
            if (!w->eof)
                continue;
            return *n = 0, 0;
        }
        stop = memmem(w->data + w->at, w->len - w->at, "\r\n\r\n", 4);
        if (stop)
            return *n = (size_t)(stop - w->data) - w->at + 4, 0;
        if (w->eof || want >= HEADER_MAX)
            return err_set(e, "record %llu: %s its header", (unsigned long long)w->number + 1,
                           w->eof ? "the file ends inside" : "there is no end of");
        want *= 2;
    }
}

/* The value of a field of the header. */
static const char *field(const char *h, size_t n, const char *name, size_t *len)
{
    size_t k = strlen(name);

    for (const char *line = h, *end = h + n; line < end;) {
        const char *stop = memmem(line, (size_t)(end - line), "\r\n", 2);

        if (!stop)
            break;
        if ((size_t)(stop - line) > k && strncasecmp(line, name, k) == 0 && line[k] == ':') {
            const char *v = line + k + 1;

            while (v < stop && (*v == ' ' || *v == '\t'))
                v++;
            return *len = (size_t)(stop - v), v;
        }
        line = stop + 2;
    }
    return *len = 0, NULL;
}

static int skip(struct wet *w, uint64_t n, struct err *e)
{
    while (n) {
        size_t have;

        if (need(w, 1, e) < 0)
            return -1;
        have = w->len - w->at < n ? w->len - w->at : (size_t)n;
        if (!have)
            return err_set(e, "record %llu: the file ends inside its content", (unsigned long long)w->number);
        pass(w, have);
        n -= have;
    }
    return 0;
}

static int content_length(struct wet *w, size_t n, uint64_t *size, struct err *e)
{
    size_t len;
    const char *v = field(w->data + w->at, n, "Content-Length", &len);
    char digits[24];

    if (n < 5 || memcmp(w->data + w->at, "WARC/", 5) != 0)
        return err_set(e, "record %llu: it does not begin with WARC/", (unsigned long long)w->number);
    if (!v || len >= sizeof digits || memchr(v, '\0', len))
        return err_set(e, "record %llu: it has no Content-Length that is a number", (unsigned long long)w->number);
    memcpy(digits, v, len);
    digits[len] = '\0';
    return parse_u64(digits, size, e) < 0 ? err_in(e, "record %llu: Content-Length", (unsigned long long)w->number) : 0;
}

static void strip_id(struct wet_record *r)
{
    static const char urn[] = "<urn:uuid:";

    if (r->id_len > sizeof urn && memcmp(r->id, urn, sizeof urn - 1) == 0 && r->id[r->id_len - 1] == '>') {
        r->id += sizeof urn - 1;
        r->id_len -= sizeof urn;
    }
}

int wet_next(struct wet *w, struct wet_record *r, struct err *why, struct err *e)
{
    for (;;) {
        size_t n, len;
        uint64_t size;
        const char *type;

        *r = (struct wet_record){.offset = w->offset};
        if (header(w, &n, e) < 0)
            return -1;
        if (n == 0)
            return 0;
        r->number = ++w->number;
        if (content_length(w, n, &size, e) < 0)
            return -1;
        type = field(w->data + w->at, n, "WARC-Type", &len);
        if (!type || len != 10 || strncasecmp(type, "conversion", 10) != 0) {
            pass(w, n);
            if (skip(w, size, e) < 0)
                return -1;
            continue;
        }
        if (size > w->limit) {
            pass(w, n);
            err_set(why, "the text has %llu bytes, more than %llu", (unsigned long long)size,
                    (unsigned long long)w->limit);
            return skip(w, size, e) < 0 ? -1 : 2;
        }
        if (need(w, n + (size_t)size, e) < 0)
            return -1;
        if (w->len - w->at < n + size)
            return err_set(e, "record %llu: the file ends inside its content", (unsigned long long)w->number);
        r->uri = field(w->data + w->at, n, "WARC-Target-URI", &r->uri_len);
        r->date = field(w->data + w->at, n, "WARC-Date", &r->date_len);
        r->id = field(w->data + w->at, n, "WARC-Record-ID", &r->id_len);
        strip_id(r);
        r->text = w->data + w->at + n;
        r->text_len = (size_t)size;
        pass(w, n + (size_t)size);
        return 1;
    }
}
