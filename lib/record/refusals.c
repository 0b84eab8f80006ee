#include "record/refusals.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/target.h"
#include "record/json.h"

#define RAW_MAX 65536 /* bytes of a refused line that are kept; its place says where all of it is */
#define REASONS 16    /* told apart; what comes later is "other reasons" */

struct reason {
    char *text;
    uint64_t n;
};

struct refusals {
    const char *path;
    struct target *to;
    uint64_t n;
    struct reason reason[REASONS + 1];
    int reasons;
};

struct refusals *refusals_open(const char *path, struct err *e)
{
    struct refusals *r = mem_new(1, sizeof *r);

    r->path = path;
    if (path && !(r->to = target_open_text(path, e)))
        return free(r), NULL;
    return r;
}

/* The reason without the place that stands before it: "column 9: ", "byte 3 of the text: ". */
static const char *without_place(const char *why)
{
    const char *colon = strstr(why, ": ");

    return colon && (strncmp(why, "column ", 7) == 0 || strncmp(why, "byte ", 5) == 0) ? colon + 2 : why;
}

static void count(struct refusals *r, const char *why)
{
    int i = 0;

    while (i < r->reasons && strcmp(r->reason[i].text, why) != 0 && i < REASONS)
        i++;
    if (i == r->reasons) {
        r->reason[i].text = mem_strdup(i < REASONS ? why : "other reasons");
        r->reasons++;
    }
    r->reason[i].n++;
    r->n++;
}

int refusals_add(struct refusals *r, const char *file, const struct load_bad *bad, struct err *e)
{
    struct buf b = {0};
    int rc;

    count(r, without_place(bad->why.msg));
    if (!r->to)
        return 0;
    buf_puts(&b, "{\"file\":");
    json_put_string(&b, file, strlen(file));
    buf_printf(&b, ",\"line\":%" PRIu64 ",\"offset\":%" PRIu64 ",\"bytes\":%zu,\"reason\":", bad->line, bad->offset, bad->raw_len);
    json_put_string(&b, bad->why.msg, strlen(bad->why.msg));
    buf_puts(&b, ",\"raw\":");
    json_put_string(&b, bad->raw ? bad->raw : "", bad->raw_len < RAW_MAX ? bad->raw_len : RAW_MAX);
    buf_puts(&b, "}\n");
    rc = io_write(target_fd(r->to), b.data, b.len, e);
    buf_free(&b);
    return rc < 0 ? err_in(e, "%s", r->path) : 0;
}

uint64_t refusals_count(const struct refusals *r)
{
    return r->n;
}

static int by_count(const void *a, const void *b)
{
    const struct reason *x = a, *y = b;

    return x->n != y->n ? (x->n < y->n) - (x->n > y->n) : strcmp(x->text, y->text);
}

void refusals_tell(const struct refusals *r, struct buf *out)
{
    struct reason row[REASONS + 1];

    memcpy(row, r->reason, sizeof row);
    qsort(row, (size_t)r->reasons, sizeof *row, by_count);
    buf_printf(out, "%" PRIu64 " lines were refused in all: ", r->n);
    for (int i = 0; i < r->reasons; i++)
        buf_printf(out, "%s%" PRIu64 " %s", i ? "; " : "", row[i].n, row[i].text);
}

int refusals_close(struct refusals *r, struct err *e)
{
    int rc = r->to ? target_commit(r->to, e) : 0;

    for (int i = 0; i < r->reasons; i++)
        free(r->reason[i].text);
    free(r);
    return rc;
}
