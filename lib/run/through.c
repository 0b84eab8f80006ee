#include "run/through.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/place.h"

static void unit_free(struct through *t)
{
    for (int i = 0; i < t->n; i++)
        bundle_free(&t->b[i]);
    free(t->b);
    t->b = NULL;
    t->n = 0;
}

int through_open(struct through *t, const char *cmd, int64_t patience, struct feed *feed, struct err *e)
{
    *t = (struct through){.cmd = cmd};
    if (coproc_open(&t->co, cmd, patience, e) < 0 || !(t->to = writer_open(t->co.to, "--through", feed->in, e)))
        return -1;
    feed->out = t->to;
    return 0;
}

/* e says what went wrong with what CMD wrote. Where CMD has ended, how it ended says more. */
static int failed(struct through *t, struct err *e)
{
    char byte;
    struct err how = *e;

    coproc_close(&t->co);
    if (read(t->co.from, &byte, 1) == 0) {
        if (coproc_wait(&t->co, &how) == 0)
            how = *e;
    }
    *e = how;
    return err_in(e, "--through '%.200s'", t->cmd);
}

/* The last word of the history is ours already: it went to CMD with the head. */
static void drop_own_history(struct head *h, void *ctx)
{
    char **last = h->histories ? h->history[h->histories - 1] : NULL;

    (void)ctx;
    if (!last)
        return;
    for (char **w = last; *w; w++)
        free(*w);
    free(last);
    h->histories--;
}

static int open_from(struct through *t, struct err *e)
{
    if (t->from)
        return 0;
    if (!(t->from = reader_open(t->co.from, "what came back", e)) || !(t->out = writer_stdout(t->from, e)))
        return -1;
    writer_each_head(t->out, drop_own_history, NULL);
    return 0;
}

static int keep(struct through *t, struct bundle *b, struct err *e)
{
    const char *role;
    int64_t layer, expert;

    if (bundle_load(t->from, b, e) < 0)
        return -1;
    if (!b->role && arch_role(attrs_str(&reader_head(t->from)->model, "arch", NULL), b->name, &role, &layer, &expert)) {
        b->role = mem_strdup(role);
        b->layer = layer;
        b->expert = expert;
    }
    if (t->n && b->layer != t->b[0].layer)
        return err_set(e, "%s: it is of layer %lld, and came back with layer %lld: a filter held it back", b->name,
                       (long long)b->layer, (long long)t->b[0].layer);
    if (t->n && b->expert != t->b[0].expert)
        return err_set(e, "%s: it came back with tensors of another part of layer %lld: a filter held it back", b->name,
                       (long long)b->layer);
    t->b = mem_resize(t->b, (size_t)t->n + 1, sizeof *t->b);
    t->b[t->n++] = *b;
    memset(b, 0, sizeof *b);
    return 0;
}

/* Is it a record of ours? */
static int is_mark(const struct through *t, const struct item *it, struct err *e)
{
    if (it->kind != ITEM_OTHER || strcmp(it->kind_name, "mark") != 0)
        return 0;
    if (attrs_int(&it->attrs, "n", -1) != t->marks)
        return err_set(e, "mark %lld came back, %lld was sent", (long long)attrs_int(&it->attrs, "n", -1),
                       (long long)t->marks);
    return 1;
}

/* Read until the mark; a tensor that a forward pass leaves out is written at once. */
static int take(struct through *t, struct err *e)
{
    const struct arch *arch = arch_of(&reader_head(t->from)->model);
    struct item it = {0};
    int got, mark = 0;

    while ((got = stream_next(t->from, &it, e)) > 0) {
        if ((mark = is_mark(t, &it, e)) != 0)
            break;
        if (it.kind == ITEM_TENSOR && !(arch && arch_buffer(arch, it.b.name)) ? keep(t, &it.b, e) < 0
                                                                              : item_copy(t->from, &it, t->out, e) < 0)
            break;
    }
    if (got == 0)
        err_set(e, "its stream ended before mark %lld", (long long)t->marks);
    item_free(&it);
    return got > 0 && mark > 0 ? 0 : -1;
}

int through_pass(struct through *t, struct feed *feed, struct err *e)
{
    int rc;

    unit_free(t);
    if (feed_write(feed, e) < 0 || mark_write(t->to, ++t->marks, e) < 0)
        return -1;
    coproc_expect(&t->co, 1);
    rc = open_from(t, e) < 0 || take(t, e) < 0 ? -1 : 0;
    coproc_expect(&t->co, 0);
    return rc < 0 ? failed(t, e) : 0;
}

int through_write(struct through *t, struct err *e)
{
    for (int i = 0; i < t->n; i++)
        if (bundle_write(t->out, t->from, &t->b[i], e) < 0)
            return err_in(e, "%s", t->b[i].name);
    return 0;
}

/* What a filter writes behind the last mark: nothing of the model is left, so it goes on as it is. */
static int rest(struct through *t, struct err *e)
{
    struct item it = {0};
    int got;

    while ((got = stream_next(t->from, &it, e)) > 0)
        if (item_copy(t->from, &it, t->out, e) < 0) {
            got = -1;
            break;
        }
    item_free(&it);
    return got;
}

int through_finish(struct through *t, struct err *e)
{
    if (writer_finish(t->to, e) < 0)
        return -1;
    t->to = NULL;
    coproc_close(&t->co);
    if (open_from(t, e) < 0 || rest(t, e) < 0)
        return failed(t, e);
    return coproc_wait(&t->co, e) < 0 ? err_in(e, "--through '%.200s'", t->cmd) : 0;
}

void through_free(struct through *t)
{
    unit_free(t);
    reader_close(t->from);
}
