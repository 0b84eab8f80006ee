#include "record/lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FILL_BYTES ((size_t)256 << 10)

struct lines {
    lines_read *read;
    void *ctx;
    uint64_t limit;
    char *data;
    size_t at, whole, len, cap;    /* next line, end of the whole lines, bytes in data */
    uint64_t number, offset, base; /* base: bytes of the input before data */
    int eof, long_line;            /* long_line: data holds the rest of a line that is being dropped */
    int give_long;                 /* lines_next is to report it first */
    int unended, failed;           /* failed: reading did, for this reason; the lines before it are given first */
    struct err why;
};

struct lines *lines_open(lines_read *read, void *ctx, uint64_t limit)
{
    struct lines *l = mem_new(1, sizeof *l);

    l->read = read;
    l->ctx = ctx;
    l->limit = limit;
    return l;
}

void lines_close(struct lines *l)
{
    if (!l)
        return;
    free(l->data);
    free(l);
}

/* What is left, which has no line feed, moves to the front; more bytes come behind it, until cap. Only new bytes are
 * looked through: a long line may come in many small pieces. */
static void more(struct lines *l)
{
    int whole = 0;

    if (l->at) {
        memmove(l->data, l->data + l->at, l->len - l->at);
        l->base += l->at;
        l->len -= l->at;
        l->at = 0;
    }
    if (l->len == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 2 * FILL_BYTES;
        l->data = mem_resize(l->data, l->cap, 1);
    }
    while (!l->eof && !l->failed && l->len < l->cap) {
        ssize_t got = l->read(l->ctx, l->data + l->len, l->cap - l->len, &l->why);

        if (got < 0) {
            l->failed = 1;
            break;
        }
        l->eof = got == 0;
        whole |= memrchr(l->data + l->len, '\n', (size_t)got) != NULL;
        l->len += (size_t)got;
        if (l->len >= FILL_BYTES && whole)
            break;
    }
}

/* Drop bytes up to and with the next line feed; 1 when it was found or the input ended. */
static int drop(struct lines *l)
{
    char *stop = memchr(l->data + l->at, '\n', l->len - l->at);

    l->at = stop ? (size_t)(stop - l->data) + 1 : l->len;
    return stop || l->eof;
}

int lines_fill(struct lines *l, struct err *e)
{
    for (;;) {
        char *stop;

        more(l);
        if (l->long_line && !drop(l) && !l->failed)
            continue;
        l->long_line = 0;
        stop = l->len > l->at ? memrchr(l->data + l->at, '\n', l->len - l->at) : NULL;
        l->whole = l->eof ? l->len : stop ? (size_t)(stop - l->data) + 1 : l->at;
        if (l->whole > l->at)
            return 1;
        if (l->failed)
            return err_set(e, "%s", l->why.msg);
        if (l->eof)
            return 0;
        if (l->len - l->at > l->limit) {
            l->long_line = l->give_long = 1;
            l->offset = l->base + l->at;
            l->number++;
            return 1;
        }
    }
}

int lines_next(struct lines *l, char **p, size_t *n)
{
    char *stop;

    if (l->give_long) {
        l->give_long = 0;
        *p = NULL;
        *n = 0;
        return 1;
    }
    if (l->at == l->whole)
        return 0;
    l->number++;
    l->offset = l->base + l->at;
    *p = l->data + l->at;
    stop = memchr(*p, '\n', l->whole - l->at);
    *n = stop ? (size_t)(stop - *p) : l->whole - l->at;
    l->at += *n + !!stop;
    l->unended = !stop;
    if (*n > l->limit)
        *p = NULL;
    return 1;
}

uint64_t lines_number(const struct lines *l)
{
    return l->number;
}

uint64_t lines_offset(const struct lines *l)
{
    return l->offset;
}

int lines_unended(const struct lines *l)
{
    return l->unended;
}
