/* states IDS WINDOW <STREAM: the mean, over the positions of each window, of the last states: a window a line. What an
 * encoder is compared by. */
#include <stdio.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/mem.h"
#include "run/run.h"
#include "run/texts.h"

/* The means of rows [at, at + n) of the states. */
static void print_mean(struct states *x, const struct window *w, double *sum)
{
    struct err e;
    const float *row = states_get(x, w->start, w->len, &e);

    if (!row)
        die("%s", e.msg);
    for (int64_t c = 0; c < x->width; c++)
        sum[c] = 0;
    for (int64_t t = 0; t < w->len; t++)
        for (int64_t c = 0; c < x->width; c++)
            sum[c] += (double)row[t * x->width + c];
    for (int64_t c = 0; c < x->width; c++)
        printf("%.9g%c", sum[c] / (double)w->len, c + 1 < x->width ? ' ' : '\n');
}

int main(int argc, char **argv)
{
    struct err e;
    struct feed feed = {0};
    struct opt_list none = {0}, ids = {.item = (const char **)&argv[1], .n = 1};
    struct texts_how how = {.bos = TEXTS_BOS_NO};
    struct texts texts;
    struct windows w = {0};
    struct forward f;
    struct bundle head;
    double *sum;

    if (argc != 3)
        die_usage("states IDS WINDOW");
    feed.in = reader_stdin(&e);
    if (!feed.in || feed_next(&feed, &e) <= 0)
        die("%s", feed.in ? "no tensors" : e.msg);
    if (texts_read(&texts, &none, &ids, &how, &feed.files, -1, &e) < 0 ||
        windows_add(&w, texts.text[0].ids.id, texts.text[0].ids.n, atoll(argv[2]), PROTOCOL_ALL, -1, &e) < 0 ||
        run_model(&feed, &w, UINT64_MAX, NULL, &f, &head, &e) < 0)
        die("%s", e.msg);
    sum = mem_new((size_t)f.x.width, sizeof *sum);
    for (int64_t i = 0; i < w.n; i++)
        print_mean(&f.x, &w.window[i], sum);
    free(sum);
    run_free(&feed, &f, &head);
    windows_free(&w);
    texts_free(&texts);
    return 0;
}
