/* dtrim: take lines out of texts. A map filter that changes the text: read a batch, keep of each text the lines that
 * the rules keep, write it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/par.h"
#include "base/progress.h"
#include "record/text.h"
#include "text/rules.h"

static struct records_opts how;
static struct opt_list limits;
static const char *method = "c4";
static int list;
static struct err e;

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method, "whose lines go: c4, what C4's rules drop (default: c4)", 0},
    {'l', "list", 0, OPT_FLAG, &list, "list the methods", 0},
    {0, "rule", "NAME=VALUE", OPT_LIST, &limits,
     "another limit: c4.terminal_punct, c4.min_words_per_line, c4.max_word_length (repeatable)", 0},
    RECORDS_OPTS(how),
    OPT_END};

/* A batch over threads: what is left of each text goes into a buffer of its own. */
struct work {
    struct rules_want want;
    struct rules **room; /* one a thread */
    struct record *r;
    size_t n, cap;
    struct trimmed {
        struct buf text;
        uint64_t dropped;
        struct err why;
    } * out;
};

static void trim_one(void *ctx, size_t i)
{
    struct work *w = ctx;
    struct record *r = &w->r[i];
    struct trimmed *t = &w->out[i];

    t->why.msg[0] = '\0';
    if (rules_c4_text(w->room[par_self()], &w->want, r->text, r->text_len, &t->text, &t->dropped, &t->why) < 0)
        return;
    if (t->text.len != r->text_len || memcmp(buf_str(&t->text), r->text, r->text_len) != 0) {
        r->text = buf_str(&t->text);
        r->text_len = t->text.len;
        r->tokens = NULL; /* they were the old text's */
    }
    record_set_score(r, "c4.dropped", (double)t->dropped);
}

static void trim(struct work *w)
{
    if (w->n > w->cap) {
        w->out = mem_resize(w->out, w->n, sizeof *w->out);
        memset(w->out + w->cap, 0, (w->n - w->cap) * sizeof *w->out);
        w->cap = w->n;
    }
    par_for(w->n, trim_one, w);
    for (size_t i = 0; i < w->n; i++)
        if (w->out[i].why.msg[0])
            die("%.*s: %s", (int)(w->r[i].id_len > 100 ? 100 : w->r[i].id_len), w->r[i].id, w->out[i].why.msg);
}

static void open_work(struct work *w)
{
    if (list) {
        puts("c4\tlines that C4's rules drop: without an end, of few words, about cookies or JavaScript");
        finish_stdout();
        exit(0);
    }
    if (strcmp(method, "c4") != 0)
        die_usage("method '%s' is not known; --list names them", method);
    rules_defaults(&w->want);
    for (int i = 0; i < limits.n; i++)
        if (strncmp(limits.item[i], "c4.", 3) != 0 || rules_limit(&w->want, limits.item[i], &e) < 0)
            die_usage("--rule: %s", strncmp(limits.item[i], "c4.", 3) != 0 ? "the rules are c4's" : e.msg);
    w->room = mem_new((size_t)par_jobs(), sizeof *w->room);
    for (int i = 0; i < par_jobs(); i++)
        w->room[i] = rules_new();
}

static void close_work(struct work *w)
{
    for (int i = 0; i < par_jobs(); i++)
        rules_free(w->room[i]);
    for (size_t i = 0; i < w->cap; i++)
        buf_free(&w->out[i].text);
    free(w->room);
    free(w->out);
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {"dtrim", "[OPTION]... [FILE]", "Take lines out of texts.",
                                         opts,    opt_common,           NULL};
    int files = opt_parse(argc, argv, &spec), got;
    struct records_out *out;
    struct records *in;
    struct work w = {0};

    open_work(&w);
    if (files > 1)
        die_usage("one FILE at most");
    in = records_file(files ? argv[1] : "-", &how, &e);
    out = in ? records_out_open(STDOUT_FILENO, "standard output", &how, in, &e) : NULL;
    if (!out)
        die("%s", e.msg);
    while ((got = records_batch(in, &w.r, &w.n, &e)) > 0) {
        trim(&w);
        for (size_t i = 0; i < w.n; i++)
            if (records_write(out, &w.r[i], &e) < 0)
                die("%s", e.msg);
        progress_step(w.n, 0);
    }
    if (got < 0 || records_finish(out, &e) < 0)
        die("%s", e.msg);
    records_close(in);
    close_work(&w);
    progress_end();
    finish_stdout();
    return 0;
}
