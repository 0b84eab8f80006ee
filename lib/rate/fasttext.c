/*
 * fasttext: labels' probabilities by a supervised fastText model (text/fasttext.h): scores fasttext.LABEL of the labels
 * asked for, or of all when there are at most ALL, and the likeliest label as meta value "fasttext". A text of which
 * the model knows nothing has zeros and no label.
 */
#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "rate/rate.h"
#include "text/fasttext.h"

#define ALL 16

static struct opt_list labels;
static const char *path, *newlines;

static const struct opt opts[] = {
    {0, "classifier", "FILE", OPT_STRING, &path, "the model, .bin or .ftz", 0},
    {0, "label", "NAME", OPT_LIST, &labels, "a label to score (repeatable; default all, if at most 16)", 0},
    {0, "newlines", "HOW", OPT_STRING, &newlines, "a line feed is a space, nothing, or the end (default space)", 0},
    OPT_END};

struct room {
    struct fasttext_room *r;
    double *p;
};

struct state {
    struct fasttext *f;
    enum fasttext_newline newline;
    int32_t *wanted;
    char **name; /* of the scores */
    int n, rooms;
    struct room *room; /* one a thread */
};

static int find_label(const struct fasttext *f, const char *name, struct err *e)
{
    for (int32_t i = 0; i < fasttext_labels(f); i++) {
        size_t len;
        const char *s = fasttext_label(f, i, &len);

        if (len == strlen(name) && memcmp(s, name, len) == 0)
            return i;
    }
    return err_set(e, "--label: the model has no label '%s' among its %d", name, fasttext_labels(f));
}

static int choose_labels(struct state *s, int *usage, struct err *e)
{
    s->n = labels.n ? labels.n : fasttext_labels(s->f) <= ALL ? fasttext_labels(s->f) : 0;
    s->wanted = mem_new((size_t)s->n + 1, sizeof *s->wanted);
    s->name = mem_new((size_t)s->n + 1, sizeof *s->name);
    for (int i = 0; i < s->n; i++) {
        size_t len;
        const char *label;

        if ((s->wanted[i] = labels.n ? find_label(s->f, labels.item[i], e) : i) < 0)
            return *usage = 1, -1;
        label = fasttext_label(s->f, s->wanted[i], &len);
        s->name[i] = mem_printf("fasttext.%.*s", (int)len, label);
    }
    return 0;
}

static int choose_newline(struct state *s, struct err *e)
{
    static const char *const how[] = {"space", "nothing", "end"};

    for (unsigned i = 0; newlines && i < 3; i++)
        if (strcmp(newlines, how[i]) == 0)
            return s->newline = (enum fasttext_newline)i, 0;
    return newlines ? err_set(e, "--newlines: '%s' is not space, nothing or end", newlines) : 0;
}

static int open_fasttext(void **state, int *usage, struct err *e)
{
    struct state *s = mem_new(1, sizeof *s);

    *state = s;
    if (!path)
        return *usage = 1, err_set(e, "-m fasttext needs --classifier FILE");
    if (choose_newline(s, e) < 0)
        return *usage = 1, -1;
    if (!(s->f = fasttext_file(path, e)) || choose_labels(s, usage, e) < 0)
        return -1;
    s->rooms = par_jobs();
    s->room = mem_new((size_t)s->rooms, sizeof *s->room);
    for (int i = 0; i < s->rooms; i++)
        s->room[i] = (struct room){fasttext_room_new(s->f), mem_new((size_t)fasttext_labels(s->f), sizeof(double))};
    return 0;
}

static int apply(void *state, struct record *r, struct err *e)
{
    struct state *s = state;
    struct room *room = &s->room[par_self()];
    int32_t best = 0;
    const char *label;
    size_t len = 0;
    int knows = fasttext_score(s->f, room->r, r->text, r->text_len, s->newline, room->p);

    for (int i = 0; i < s->n; i++)
        record_set_score(r, s->name[i], room->p[s->wanted[i]]);
    for (int32_t i = 1; i < fasttext_labels(s->f); i++)
        if (room->p[i] > room->p[best])
            best = i;
    if (room->p[best] != room->p[best])
        return err_set(e, "the model gives no number: has it damaged weights?");
    label = knows ? fasttext_label(s->f, best, &len) : "";
    record_set_meta(r, "fasttext", label, len);
    return 0;
}

static void close_fasttext(void *state)
{
    struct state *s = state;

    if (!s)
        return;
    for (int i = 0; s->room && i < s->rooms; i++) {
        fasttext_room_free(s->room[i].r);
        free(s->room[i].p);
    }
    for (int i = 0; s->name && i < s->n; i++)
        free(s->name[i]);
    free(s->room);
    free(s->name);
    free(s->wanted);
    fasttext_close(s->f);
    free(s);
}

const struct rate_method rate_fasttext = {.name = "fasttext",
                                          .brief = "labels' probabilities by a fastText model",
                                          .opts = opts,
                                          .open = open_fasttext,
                                          .apply = apply,
                                          .close = close_fasttext};
