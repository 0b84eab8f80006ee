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

        if (b->layer >= 0) {
            if (forward_block(f, b, m->unit[i].n, NULL, e) < 0)
                return NULL;
            continue;
        }
        if (forward_single(f, b, NULL, e) < 0)
            return NULL;
        if (b->role && (strcmp(b->role, "head") == 0 || (f->p.tied && strcmp(b->role, "embed") == 0)))
            head = b;
    }
    if (forward_check_layers(f, &reader_head(m->feed.in)->model, reader_tail_model(m->feed.in), e) < 0)
        return NULL;
    if (!forward_normed(f) || !head)
        err_set(e, "the stream has no tensor of role %s", head ? "norm.final" : "head, and the model does not tie it to its embedding");
    return forward_normed(f) ? head : NULL;
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
