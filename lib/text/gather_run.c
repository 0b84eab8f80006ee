/* gather_run: a method of dfeat over files. */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/par.h"
#include "base/progress.h"
#include "text/gather.h"

/* One state for each thread. */
struct work {
    const struct gather *m;
    struct record *r;
    size_t n, pieces;
    void **state;
};

static void count_piece(void *ctx, size_t i)
{
    struct work *w = ctx;
    void **state = &w->state[par_self()];

    if (!*state)
        *state = w->m->open(1);
    for (size_t k = w->n * i / w->pieces; k < w->n * (i + 1) / w->pieces; k++)
        w->m->add(*state, &w->r[k]);
}

int gather_count(const struct gather *m, const char *file, const struct records_opts *how, void *all, struct err *e)
{
    struct records *in = records_file(file, how, e);
    size_t jobs = (size_t)par_jobs();
    struct work w = {.m = m, .pieces = 4 * jobs, .state = mem_new(jobs, sizeof *w.state)};
    int got;

    if (!in)
        return free(w.state), -1;
    while ((got = records_batch(in, &w.r, &w.n, e)) > 0) {
        par_for(w.pieces, count_piece, &w);
        progress_step(w.n, 0);
    }
    for (size_t t = 0; t < jobs; t++)
        if (w.state[t]) {
            got = got < 0 ? got : m->merge(all, w.state[t], e);
            m->close(w.state[t]);
        }
    free(w.state);
    records_close(in);
    return got;
}

int gather_add(const struct gather *m, const char *file, void *all, struct err *e)
{
    void *one = m->open(0); /* of its own first, so that of a damaged file nothing is added */
    int rc = m->read(one, file, e);

    if (rc == 0)
        rc = m->merge(all, one, e) < 0 ? err_in(e, "%s", strcmp(file, "-") == 0 ? "standard input" : file) : 0;
    m->close(one);
    return rc;
}

int gather_put(const struct gather *m, int fd, const char *name, int line, const void *all, struct err *e)
{
    struct buf b = {0};
    struct writer *out;
    int rc;

    if (!line)
        return (out = writer_open(fd, name, NULL, e)) && m->write(out, all, e) == 0 ? writer_finish(out, e) : -1;
    rc = m->put_line(&b, all, e) < 0 ? -1 : io_write(fd, b.data, b.len, e);
    buf_free(&b);
    return rc;
}
