/*
 * predstrength: how well a text's losses by several models predict how good the models are: of all pairs of models, the
 * share in which the one that is better at the benchmarks has the lower loss on the text. 1: the text ranks them as the
 * benchmarks do. A record with none of the losses (an empty text) gets no score; with some of them it is an error.
 * Losses are scores that the record has, such as m1.bpb of dscore -m ppl --ppl-as m1: nats or bits for each byte, since
 * tokens differ between models.
 */
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "rate/rate.h"

static const char *losses, *benchmark;

static const struct opt opts[] = {{0, "losses", "LIST", OPT_STRING, &losses,
                                   "the scores that are losses, comma-separated, the weakest model first", 0},
                                  {0, "benchmark", "LIST", OPT_STRING, &benchmark,
                                   "the models' benchmark figures in that order, greater is better (default 1,2,...)",
                                   0},
                                  OPT_END};

struct state {
    char **name;
    double *figure, *loss;
    int n, pairs;
};

/* The items of a comma-separated list. */
static char **split(const char *list, int *n)
{
    char **item = NULL;

    for (*n = 0;;) {
        size_t len = strcspn(list, ",");

        item = mem_resize(item, (size_t)*n + 1, sizeof *item);
        item[(*n)++] = mem_strndup(list, len);
        if (!list[len])
            return item;
        list += len + 1;
    }
}

static void free_list(char **item, int n)
{
    for (int i = 0; i < n; i++)
        free(item[i]);
    free(item);
}

static int read_figures(struct state *s, struct err *e)
{
    int n, rc = 0;
    char **item = split(benchmark, &n);

    if (n != s->n)
        rc = err_set(e, "--benchmark has %d figures, --losses %d", n, s->n);
    for (int i = 0; i < n && rc == 0; i++)
        if (parse_f64(item[i], &s->figure[i], e) < 0)
            rc = err_in(e, "--benchmark");
    free_list(item, n);
    return rc;
}

static int open_predstrength(void **state, int *usage, struct err *e)
{
    struct state *s = mem_new(1, sizeof *s);

    *state = s;
    *usage = 1;
    if (!losses)
        return err_set(e, "-m predstrength needs --losses LIST");
    s->name = split(losses, &s->n);
    s->figure = mem_new((size_t)s->n, sizeof *s->figure);
    s->loss = mem_new((size_t)s->n, sizeof *s->loss);
    for (int i = 0; i < s->n; i++)
        s->figure[i] = i;
    if (benchmark && read_figures(s, e) < 0)
        return -1;
    for (int i = 0; i < s->n; i++)
        for (int k = 0; k < i; k++)
            s->pairs += s->figure[i] != s->figure[k];
    return s->pairs ? 0 : err_set(e, "--losses %s: there is no pair of models that the benchmark tells apart", losses);
}

/* 1, or 0 when the record has none of the losses. */
static int read_losses(struct state *s, const struct record *r, struct err *e)
{
    int found = 0, lacks = 0;

    for (int i = 0; i < s->n; i++) {
        const double *x = record_score(r, s->name[i]);

        if (x)
            s->loss[i] = *x, found++;
        else
            lacks = i;
    }
    return found == s->n ? 1
           : found == 0  ? 0
                         : err_set(e, "there is no score %s, but %d other losses are there", s->name[lacks], found);
}

static int apply(void *state, struct record *r, struct err *e)
{
    struct state *s = state;
    int agree = 0, got = read_losses(s, r, e);

    if (got <= 0)
        return got;
    for (int i = 0; i < s->n; i++)
        for (int k = 0; k < i; k++)
            agree += s->figure[i] > s->figure[k] ? s->loss[i] < s->loss[k]
                                                 : s->figure[i] < s->figure[k] && s->loss[i] > s->loss[k];
    record_set_score(r, "predstrength", (double)agree / s->pairs);
    record_set_score(r, "predstrength.pairs", agree);
    return 0;
}

static void close_predstrength(void *state)
{
    struct state *s = state;

    if (!s)
        return;
    free_list(s->name, s->n);
    free(s->figure);
    free(s->loss);
    free(s);
}

const struct rate_method rate_predstrength = {.name = "predstrength",
                                              .brief = "do losses rank models as benchmarks do",
                                              .opts = opts,
                                              .serial = 1,
                                              .open = open_predstrength,
                                              .apply = apply,
                                              .close = close_predstrength};
