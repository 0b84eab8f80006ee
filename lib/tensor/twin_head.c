#include <stdlib.h>
#include <string.h>

#include "tensor/head.h"
#include "tensor/twin_lines.h"
#include "tensor/twin_words.h"

/* Words to the end of the line, as one more argument vector. */
static int take_history(struct twin *t, struct head *h, struct err *e)
{
    char **words = mem_new(1, sizeof *words);
    int n = 0, got;

    while ((got = word_take(&t->at, &words[n], e)) > 0) {
        words = mem_resize(words, (size_t)++n + 1, sizeof *words);
        words[n] = NULL;
    }
    words[n] = NULL;
    h->history = mem_resize(h->history, (size_t)h->histories + 1, sizeof *h->history);
    h->history[h->histories++] = words;
    return got;
}

/* Types are known of all announced tensors or of none ('-'). */
static int take_manifest(struct twin *t, struct head *h, struct err *e)
{
    size_t n = (size_t)h->names + 1;
    char *name = NULL, *type = NULL;
    struct shape s;

    if (twin_word(t, &name, e) < 0 || twin_word(t, &type, e) < 0 || word_take_shape(&t->at, &s, e) < 0 ||
        (n > 1 && !h->dtype != (strcmp(type, "-") == 0) &&
         err_set(e, "%s has a type and another has not", h->dtype ? h->name[0] : name) < 0)) {
        free(name);
        free(type);
        return -1;
    }
    h->name = mem_resize(h->name, n, sizeof *h->name);
    h->shape = mem_resize(h->shape, n, sizeof *h->shape);
    h->name[n - 1] = name;
    h->shape[n - 1] = s;
    if (strcmp(type, "-") == 0) {
        free(type);
    } else {
        h->dtype = mem_resize(h->dtype, n, sizeof *h->dtype);
        h->dtype[n - 1] = type;
    }
    h->names++;
    return 0;
}

/* One line of the head. 1, 0 when the line is none of its, -1. */
static int take_head(struct twin *t, struct head *h, struct err *e)
{
    uint64_t i, n;
    int rc = 0;

    if (twin_is(t, "shard")) {
        if ((rc = twin_u64(t, &i, e)) == 0 && (rc = twin_u64(t, &n, e)) == 0) {
            if (i < 1 || i > n || n > SHARDS_MAX)
                rc = err_set(e, "shard %llu of %llu: counted from 1, %d at most", (unsigned long long)i,
                             (unsigned long long)n, SHARDS_MAX);
            h->shard = (int64_t)i, h->shards = (int64_t)n;
        }
    } else if (twin_is(t, "total")) {
        (void)((rc = twin_u64(t, &h->tensors, e)) == 0 && (rc = twin_u64(t, &h->bytes, e)));
    } else if (twin_is(t, "history")) {
        rc = take_history(t, h, e);
    } else if (twin_is(t, "model")) {
        rc = word_take_attrs(&t->at, &h->model, e);
    } else if (twin_is(t, "meta")) {
        rc = word_take_attrs(&t->at, &h->meta, e);
    } else if (twin_is(t, "more")) {
        rc = word_take_attrs(&t->at, &h->more, e);
    } else if (twin_is(t, "manifest")) {
        rc = take_manifest(t, h, e);
    } else {
        return 0;
    }
    return rc < 0 || word_end(t->at, e) < 0 ? -1 : 1;
}

int twin_segment(struct twin *t, struct err *e)
{
    uint64_t version;
    int got = twin_keyword(t, e);

    if (got <= 0)
        return got < 0 ? -1 : t->segments ? 0 : err_set(e, "%s: is empty, not the text form of a stream", t->name);
    t->segments++;
    if (!twin_is(t, "weir-text"))
        err_set(e, "'weir-text 1' is missing before '%.40s'", t->keyword);
    else if (twin_u64(t, &version, e) == 0 && version != 1)
        err_set(e, "this is version %llu of the text form; this program reads version 1", (unsigned long long)version);
    else if (t->at && word_end(t->at, e) == 0)
        return 1;
    return twin_fail(t, e);
}

/* What was there before the first n is put behind the others. */
static void rotate_history(struct head *h, int n)
{
    for (; n > 0; n--) {
        char **first = h->history[0];

        memmove(h->history, h->history + 1, (size_t)(h->histories - 1) * sizeof *h->history);
        h->history[h->histories - 1] = first;
    }
}

/* Would a reader take it? */
static int check_head(const struct head *h, struct err *e)
{
    struct buf body = {0};
    struct head back = {0};
    int rc;

    head_put(&body, h);
    rc = head_read(&back, body.data, body.len, e);
    head_free(&back);
    buf_free(&body);
    return rc;
}

int twin_head(struct twin *t, struct head *h, struct err *e)
{
    int own = h->histories, got;

    while ((got = twin_keyword(t, e)) > 0) {
        int taken = take_head(t, h, e);

        if (taken < 0)
            return twin_fail(t, e);
        if (taken == 0) {
            t->again = 1;
            break;
        }
    }
    rotate_history(h, own);
    if (got >= 0 && check_head(h, e) < 0)
        return twin_fail(t, e);
    return got < 0 ? -1 : 0; /* what is missing at the end of the text, twin_next says */
}
