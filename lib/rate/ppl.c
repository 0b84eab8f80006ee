/*
 * ppl: what a language model in a stream says of each text, run by itself: NAME, its perplexity; NAME.nll, mean nats a
 * token; NAME.tokens, how many were scored; NAME.bpb, bits for each byte of the text. Long texts are cut into windows,
 * so that each token is scored once. Of a text with nothing to score (no token after the first) there is NAME.tokens =
 * 0 alone.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/real.h"
#include "run/resident.h"
#include "rate/rate.h"

static const char *path, *as = "ppl";
static int64_t context;
static int special;

static const struct opt opts[] = {
    {0, "model", "STREAM", OPT_STRING, &path, "the model, a stream in a file", 0},
    {0, "context", "N", OPT_INT, &context, "tokens in a window (default: the model's context, at most 2048)", 0, 1,
     INFINITY},
    {0, "special", 0, OPT_FLAG, &special, "<|im_start|> and its like in a text are the tokens they are", 0},
    {0, "ppl-as", "NAME", OPT_STRING, &as, "name of the scores (default ppl)", 0},
    OPT_END};

#define STATES ((uint64_t)1 << 30)

struct state {
    struct resident m;
    struct tok *tok;
    int64_t context;
    char *name[4];
};

static int open_ppl(void **state, int *usage, struct err *e)
{
    struct state *s = mem_new(1, sizeof *s);
    int64_t own;

    *state = s;
    if (!path)
        return *usage = 1, err_set(e, "-m ppl needs --model STREAM");
    if (resident_open(&s->m, path, STATES, e) < 0)
        return -1;
    if (!s->m.feed.files.model.len && !s->m.feed.files.json.len)
        return err_set(
            e, "%s: the stream carries no tokenizer; give tsplit the folder with tokenizer.model or tokenizer.json",
            path);
    if (!(s->tok = tok_open(&s->m.feed.files, e)))
        return err_in(e, "%s", path);
    own = attrs_int(&reader_head(s->m.feed.in)->model, "context", 2048);
    s->context = context ? context : own < 2048 ? own : 2048;
    s->name[0] = mem_strdup(as);
    s->name[1] = mem_printf("%s.nll", as);
    s->name[2] = mem_printf("%s.tokens", as);
    s->name[3] = mem_printf("%s.bpb", as);
    return 0;
}

/* The text's windows, or none. */
static int cut(const struct state *s, const struct record *r, struct windows *w, struct err *e)
{
    struct tok_ids ids = {0};
    int rc;

    tok_begin(s->tok, &ids);
    rc = tok_encode(s->tok, r->text, r->text_len, special, &ids, e);
    if (rc == 0 && ids.n >= 2)
        rc = windows_add(w, ids.id, ids.n, s->context, PROTOCOL_PAPER, -1, e);
    free(ids.id);
    return rc;
}

static void set(const struct state *s, struct record *r, const struct ppl_token *token, int64_t n)
{
    struct ppl_sum sum;

    record_set_score(r, s->name[2], (double)n);
    if (n == 0) {
        for (int i = 0; i < 4; i++)
            if (i != 2)
                record_drop_score(r, s->name[i]);
        return;
    }
    ppl_sum(token, n, &sum);
    record_set_score(r, s->name[0], real_exp(sum.nll));
    record_set_score(r, s->name[1], sum.nll);
    record_set_score(r, s->name[3], sum.nll * (double)n / (double)r->text_len / M_LN2);
}

static int apply(void *state, struct record *r, struct err *e)
{
    struct state *s = state;
    struct windows w = {0};
    struct ppl_token *token;
    int rc = cut(s, r, &w, e);

    token = mem_new((size_t)w.tokens + 1, sizeof *token);
    if (rc == 0 && w.tokens)
        rc = resident_score(&s->m, &w, token, e);
    if (rc == 0)
        set(s, r, token, w.tokens);
    free(token);
    windows_free(&w);
    return rc;
}

static void close_ppl(void *state)
{
    struct state *s = state;

    if (!s)
        return;
    tok_close(s->tok);
    resident_close(&s->m);
    for (int i = 0; i < 4; i++)
        free(s->name[i]);
    free(s);
}

const struct rate_method rate_ppl = {.name = "ppl",
                                     .brief = "perplexity of each text by a model",
                                     .opts = opts,
                                     .serial = 1,
                                     .open = open_ppl,
                                     .apply = apply,
                                     .close = close_ppl};
