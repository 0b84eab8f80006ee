/*
 * mppl: perplexity of the model in a stream on texts, and its divergence from a reference. A reduce filter: a table, a
 * line a text.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "la/fast.h"
#include "run/ppl_table.h"
#include "run/run.h"

static struct texts_ask ask;
static struct ppl_table table = {.protocol = PROTOCOL_PAPER};
static const char *against;
static uint64_t states_bytes = (uint64_t)1 << 30;
static int q8;

static int set_protocol(const char *arg, struct err *e)
{
    if (strcmp(arg, "paper") != 0 && strcmp(arg, "llama.cpp") != 0)
        return err_set(e, "'%s' is not a protocol: paper or llama.cpp", arg);
    table.protocol = *arg == 'p' ? PROTOCOL_PAPER : PROTOCOL_LLAMACPP;
    return 0;
}

static int set_activations(const char *arg, struct err *e)
{
    if (strcmp(arg, "f32") != 0 && strcmp(arg, "q8") != 0)
        return err_set(e, "'%s' is not a type of activations: f32 or q8", arg);
    q8 = *arg == 'q';
    return 0;
}

static int set_bos(const char *arg, struct err *e)
{
    return texts_bos_parse(arg, &ask.how.bos, e);
}

static const struct opt opts[] = {
    TEXTS_OPTS(ask, "measure", "one line each", set_bos),
    {0, "protocol", "NAME", OPT_CALL, 0, "paper or llama.cpp (default paper)", set_protocol},
    {0, "activations", "TYPE", OPT_CALL, 0, "of quantized weights: f32, or q8: 8 bits, as in llama.cpp (default f32)",
     set_activations},
    {0, "against", "STREAM", OPT_STRING, &against, "also compare with this reference model, a stream in a file", 0},
    {'S', "states", "SIZE", OPT_SIZE, &states_bytes, "hidden states kept in memory, the rest in a file (default 1G)",
     0},
    FAST_RUN_OPT,
    OPT_END};

static const struct opt_spec spec = {"mppl",
                                     "[OPTION]... -f TEXT <STREAM",
                                     "Measure a model's perplexity on texts.",
                                     opts,
                                     opt_common,
                                     "Example: tsplit model | mppl -f prose.test.txt -c 256\n"};

static void tell_dropped(const struct texts *t)
{
    for (int i = 0; i < t->n; i++)
        if (t->text[i].ids.dropped)
            warn(TEXTS_DROPPED, t->text[i].name, t->text[i].ids.dropped);
}

/* What --activations q8 did not do. */
static void tell_left(const struct rounding *r)
{
    if (r->left)
        warn("--activations q8: %lld of %lld quantized weights, of %s, stay with f32: not among q4_0 to q8_0, q2_K to "
             "q6_K, iq4_nl and iq4_xs",
             (long long)r->left, (long long)(r->left + r->done), r->type);
    else if (!r->done)
        warn("--activations q8: no weight is quantized, so all activations stay f32");
}

int main(int argc, char **argv)
{
    struct err e;
    struct feed feed = {0}, ref_feed = {0};
    struct texts texts;
    struct windows w = {0};
    struct forward f, ref_f;
    struct bundle head, ref_head;
    struct ppl_token *token;
    struct rounding rounding = {0};
    struct buf out = {0};
    int fd = -1, usage;

    opt_parse_alone(argc, argv, &spec);
    if (texts_check(&ask, &usage, &e) < 0)
        usage ? die_usage("%s", e.msg) : die("%s", e.msg);
    if (against && (fd = open(against, O_RDONLY | O_CLOEXEC)) < 0)
        die("%s: cannot be opened: %s", against, strerror(errno));
    if (against && reader_is_stream(against, &e) != 1)
        die("%s: is no stream, which --against compares with: tsplit makes one of a checkpoint", against);

    if (feed_begin(&feed, reader_stdin(&e), &e) < 0)
        die("%s", e.msg);
    const struct attrs *model = &reader_head(feed.in)->model;
    table.context = texts_context(&ask, model);
    table.against = against != NULL;
    if (ppl_possible(model, &e) < 0 || texts_open(&texts, &ask, &feed, &e) < 0)
        die("%s", e.msg);
    tell_dropped(&texts);
    if (texts_cut(&texts, table.context, table.protocol, &w, &e) < 0 ||
        run_model(&feed, &w, states_bytes, q8 ? &rounding : NULL, &f, &head, &e) < 0)
        die("%s", e.msg);
    if (against && (feed_begin(&ref_feed, reader_open(fd, against, &e), &e) < 0 ||
                    run_model(&ref_feed, &w, states_bytes, NULL, &ref_f, &ref_head, &e) < 0))
        die("%s: %s", against, e.msg);
    token = mem_new((size_t)w.tokens, sizeof *token);
    if (ppl_score(&(struct scorer){&f, &head}, against ? &(struct scorer){&ref_f, &ref_head} : NULL, token, &e) < 0)
        die("%s", e.msg);
    if (q8)
        tell_left(&rounding);
    ppl_table(&table, &texts, token, &out);
    fputs(buf_str(&out), stdout);
    finish_stdout();
    buf_free(&out);
    run_free(&feed, &f, &head);
    if (against)
        run_free(&ref_feed, &ref_f, &ref_head);
    windows_free(&w);
    texts_free(&texts);
    free(token);
    return 0;
}
