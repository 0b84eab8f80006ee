#include "run/resident.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int resident_open(struct resident *m, const char *path, uint64_t limit, struct err *e)
{
    int fd, got;

    memset(m, 0, sizeof *m);
    m->limit = limit;
    if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return err_errno(e, "%s", path);
    if (!(m->feed.in = reader_open(fd, path, e))) {
        close(fd);
        return -1;
    }
    if (ppl_possible(&reader_head(m->feed.in)->model, e) < 0)
        return err_in(e, "%s", path);
    while ((got = feed_next(&m->feed, e)) > 0) {
        m->unit = mem_resize(m->unit, (size_t)m->units + 1, sizeof *m->unit);
        m->unit[m->units++] = (struct resident_unit){m->feed.b, m->feed.n};
        m->feed.b = NULL; /* taken */
        m->feed.n = 0;
    }
    return got < 0 ? err_in(e, "%s", path) : m->units ? 0 : err_set(e, "%s: the stream has no tensors", path);
}

static const struct bundle *run(struct resident *m, struct forward *f, struct err *e)
{
    const struct bundle *head = NULL;

    for (int i = 0; i < m->units; i++) {
        struct bundle *b = m->unit[i].b;

        if (forward_run(f, b, m->unit[i].n, NULL, e) < 0)
            return NULL;
        if (strcmp(b->role, "head") == 0 || (forward_tied(f) && strcmp(b->role, "embed") == 0))
            head = b;
    }
    if (forward_finish(f, reader_tail_model(m->feed.in), e) < 0)
        return NULL;
    if (!head)
        err_set(e, "the stream has no tensor of role head, and the model does not tie it to its embedding");
    return head;
}

int resident_score(struct resident *m, const struct windows *w, struct ppl_token *out, struct err *e)
{
    const struct bundle *head;
    struct forward f = {0};
    int rc = -1;

    if (forward_open(&f, &reader_head(m->feed.in)->model, w, m->limit, e) < 0)
        return -1;
    if ((head = run(m, &f, e)) != NULL)
        rc = ppl_score(&(struct scorer){&f, head}, NULL, out, e);
    forward_free(&f);
    return rc;
}

void resident_close(struct resident *m)
{
    for (int i = 0; i < m->units; i++) {
        for (int k = 0; k < m->unit[i].n; k++)
            bundle_free(&m->unit[i].b[k]);
        free(m->unit[i].b);
    }
    free(m->unit);
    if (m->feed.in) {
        struct reader *in = m->feed.in;

        feed_free(&m->feed);
        reader_close(in);
    }
    memset(m, 0, sizeof *m);
}
