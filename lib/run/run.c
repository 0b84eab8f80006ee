#include "run/run.h"

#include <string.h>

#include "base/progress.h"

/* Take the feed's only bundle out of it. */
static void keep(struct feed *feed, struct bundle *head)
{
    bundle_free(head);
    *head = feed->b[0];
    memset(&feed->b[0], 0, sizeof feed->b[0]);
}

static int unit(struct feed *feed, struct forward *f, struct bundle *head, struct err *e)
{
    progress_step(feed->b[0].layer > f->last_layer, 0);
    if (forward_run(f, feed->b, feed->n, NULL, e) < 0)
        return -1;
    if (feed_is(feed, "head") || (forward_tied(f) && feed_is(feed, "embed")))
        keep(feed, head);
    return 0;
}

static int whole(const struct feed *feed, struct forward *f, const struct bundle *head, struct err *e)
{
    if (forward_finish(f, reader_tail_model(feed->in), e) < 0)
        return -1;
    if (forward_scores(f) && !head->name)
        return err_set(e, "the stream has no tensor of role head, and the model does not tie it to its embedding");
    return 0;
}

int run_model(struct feed *feed, const struct windows *w, uint64_t limit, struct rounding *q8, struct forward *f,
              struct bundle *head, struct err *e)
{
    int got = 1;

    memset(head, 0, sizeof *head);
    if (forward_open(f, &reader_head(feed->in)->model, w, limit, e) < 0)
        return -1;
    f->q8 = q8;
    progress_total((uint64_t)f->m.layers, 0);
    do {
        if (unit(feed, f, head, e) < 0)
            return -1;
    } while ((got = feed_next(feed, e)) > 0);
    progress_end();
    return got < 0 || whole(feed, f, head, e) < 0 ? -1 : 0;
}

void run_free(struct feed *feed, struct forward *f, struct bundle *head)
{
    struct reader *in = feed->in;

    bundle_free(head);
    forward_free(f);
    feed_free(feed);
    reader_close(in);
}
