#include "tensor/lookup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

/* A bundle that was passed over: a whole small stream in the spool. */
struct kept {
    char *name; /* NULL once given out */
    off_t at;
};

struct lookup {
    struct reader *in;
    char *(*key)(const struct bundle *, const void *); /* NULL: by name */
    const void *ctx;
    int ended; /* nothing more comes from in */
    struct kept *kept;
    size_t n, first; /* kept[first] is the first that may still be there */
    int spool;       /* -1 until needed */
    struct reader *spooled;
};

struct lookup *lookup_open(struct reader *in)
{
    struct lookup *l = mem_new(1, sizeof *l);

    l->in = in;
    l->spool = -1;
    return l;
}

void lookup_keys(struct lookup *l, char *(*key)(const struct bundle *b, const void *ctx), const void *ctx)
{
    l->key = key;
    l->ctx = ctx;
}

static char *key_of(const struct lookup *l, const struct bundle *b)
{
    return l->key ? l->key(b, l->ctx) : mem_strdup(b->name);
}

void lookup_close(struct lookup *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->n; i++)
        free(l->kept[i].name);
    if (l->spooled)
        reader_close(l->spooled);
    if (l->spool >= 0)
        close(l->spool);
    free(l->kept);
    free(l);
}

/* name is from here on the lookup's. */
static int keep(struct lookup *l, char *name, struct bundle *b, struct err *e)
{
    struct kept k = {.name = name};
    struct writer *out;

    l->kept = mem_resize(l->kept, l->n + 1, sizeof *l->kept);
    l->kept[l->n++] = k;
    if (l->spool < 0 && (l->spool = io_spool(e)) < 0)
        return -1;
    l->kept[l->n - 1].at = lseek(l->spool, 0, SEEK_END);
    if (l->kept[l->n - 1].at < 0)
        return err_errno(e, "cannot find the end of the spool");
    b->touched = 1; /* what is shared goes into this one record too: it will stand alone */
    out = writer_open(l->spool, "the spool", NULL, e);
    return !out || bundle_write(out, l->in, b, e) < 0 ? -1 : writer_finish(out, e);
}

/* Read kept[i] again. */
static int give(struct lookup *l, size_t i, struct bundle *b, struct reader **from, struct err *e)
{
    free(l->kept[i].name);
    l->kept[i].name = NULL;
    if (lseek(l->spool, l->kept[i].at, SEEK_SET) < 0)
        return err_errno(e, "cannot go back in the spool");
    l->spooled = *from = reader_open(l->spool, "the spool", e);
    return l->spooled ? bundle_read(l->spooled, b, e) : -1;
}

static void forget(struct lookup *l)
{
    if (l->spooled)
        reader_close(l->spooled);
    l->spooled = NULL;
    while (l->first < l->n && !l->kept[l->first].name)
        l->first++;
}

int lookup_get(struct lookup *l, const char *name, struct bundle *b, struct reader **from, struct err *e)
{
    int got;

    forget(l);
    for (size_t i = l->first; i < l->n; i++)
        if (l->kept[i].name && strcmp(l->kept[i].name, name) == 0)
            return give(l, i, b, from, e);
    while (!l->ended && (got = bundle_read(l->in, b, e)) != 0) {
        char *here = got > 0 ? key_of(l, b) : NULL;

        *from = l->in;
        if (got < 0 || strcmp(here, name) == 0) {
            free(here);
            return got;
        }
        if (keep(l, here, b, e) < 0)
            return -1;
    }
    l->ended = 1;
    return 0;
}

int lookup_rest(struct lookup *l, struct bundle *b, struct reader **from, struct err *e)
{
    forget(l);
    if (l->first < l->n)
        return give(l, l->first, b, from, e);
    *from = l->in;
    return l->ended ? 0 : bundle_read(l->in, b, e);
}
