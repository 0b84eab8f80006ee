/*
 * mppl: perplexity of the model in a stream on texts, and its divergence from a reference. A reduce filter: a table, a
 * line a text.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "run/ppl.h"
#include "run/run.h"
#include "run/texts.h"

static struct opt_list files, id_files;
static struct texts_how how;
static int64_t context;
static enum protocol protocol = PROTOCOL_PAPER;
static const char *against;
static uint64_t states_bytes = (uint64_t)1 << 30;
static int q8;

static int set_protocol(const char *arg, struct err *e)
{
    if (strcmp(arg, "paper") != 0 && strcmp(arg, "llama.cpp") != 0)
        return err_set(e, "'%s' is not a protocol: paper or llama.cpp", arg);
    protocol = *arg == 'p' ? PROTOCOL_PAPER : PROTOCOL_LLAMACPP;
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
    return texts_bos_parse(arg, &how.bos, e);
}

static const struct opt opts[] = {
    {'f', "file", "TEXT", OPT_LIST, &files, "measure on this text (repeatable: one line each)", 0},
    {0, "ids", "FILE", OPT_LIST, &id_files, "measure on token ids, separated by white space, taken as they are", 0},
    {0, "special", 0, OPT_FLAG, &how.special, "<|im_start|> and its like in a text are the tokens they are", 0},
    {0, "bos", "WHEN", OPT_CALL, 0, "put the tokenizer's bos before: yes, no, auto (where it adds it)", set_bos},
    {'c', "context", "N", OPT_INT, &context, "tokens in a window (default: the model's context, at most 2048)", 0},
    {0, "protocol", "NAME", OPT_CALL, 0, "paper or llama.cpp (default paper)", set_protocol},
    {0, "activations", "TYPE", OPT_CALL, 0, "of quantized weights: f32, or q8: 8 bits, as in llama.cpp (default f32)",
     set_activations},
    {0, "against", "STREAM", OPT_STRING, &against, "also compare with this reference model, a stream in a file", 0},
    {'S', "states", "SIZE", OPT_SIZE, &states_bytes, "hidden states kept in memory, the rest in a file (default 1G)",
     0},
    OPT_END};

static const struct opt_spec spec = {"mppl",
                                     "[OPTION]... -f TEXT <STREAM",
                                     "Measure a model's perplexity on texts.",
                                     opts,
                                     opt_common,
                                     "Example: tsplit model | mppl -f prose.test.txt -c 256\n"};

static void start(struct feed *feed, struct reader *in, struct err *e)
{
    int got = -1;

    feed->in = in;
    if (!in || (got = feed_next(feed, e)) < 0)
        die("%s", e->msg);
    if (got == 0)
        die("the stream has no tensors");
}

/* Windows of all texts, one behind the other. */
static void cut(struct texts *texts, struct windows *w, const struct attrs *model, struct err *e)
{
    int64_t own = attrs_int(model, "context", 2048);

    if (!context)
        context = own < 2048 ? own : 2048;
    for (int i = 0; i < texts->n; i++) {
        struct text *t = &texts->text[i];

        if (t->ids.dropped)
            warn("%s: %zu bytes that the tokenizer has no piece for are left out", t->name, t->ids.dropped);
        t->first = w->tokens;
        if (windows_add(w, t->ids.id, t->ids.n, context, protocol, texts->bos, e) < 0)
            die("%s: %s", t->name, e->msg);
        t->tokens = w->tokens - t->first;
    }
}

static void print_text(const struct text *t, const struct ppl_token *token)
{
    struct ppl_sum s;

    ppl_sum(token + t->first, t->tokens, &s);
    printf("%s\t%lld\t%s\t%lld\t", t->name, (long long)context, protocol == PROTOCOL_PAPER ? "paper" : "llama.cpp",
           (long long)s.tokens);
    printf("%.6f\t%.4f\t%.4f\t", s.nll, exp(s.nll), exp(s.nll) * s.nll_error);
    if (t->bytes && protocol == PROTOCOL_PAPER)
        printf("%llu\t%.5f", (unsigned long long)t->bytes, s.nll * (double)s.tokens / log(2) / (double)t->bytes);
    else
        printf("-\t-");
    if (against) {
        printf("\t%.6f\t%.6f", s.kl_mean, s.kl_max);
        for (int i = 0; i < PPL_PERCENTILES; i++)
            printf("\t%.6f", s.kl[i]);
        printf("\t%.5f", s.same_top);
    }
    putchar('\n');
}

static void print(const struct texts *texts, const struct ppl_token *token)
{
    printf("text\tcontext\tprotocol\ttokens\tnats_per_token\tppl\tplus_minus\tbytes\tbits_per_byte");
    if (against) {
        printf("\tkl_mean\tkl_max");
        for (int i = 0; i < PPL_PERCENTILES; i++)
            printf("\tkl_p%g", ppl_percentile[i]);
        printf("\tsame_top");
    }
    putchar('\n');
    for (int i = 0; i < texts->n; i++)
        print_text(&texts->text[i], token);
    finish_stdout();
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
    int fd = -1;

    if (opt_parse(argc, argv, &spec) > 0)
        die_usage("unexpected operand '%s'", argv[1]);
    if (!files.n && !id_files.n)
        die_usage("no text: give -f TEXT");
    if (opt_readable(&files, &e) < 0 || opt_readable(&id_files, &e) < 0)
        die("%s", e.msg);
    if (context < 0)
        die_usage("--context %lld is below 1", (long long)context);
    if (against && (fd = open(against, O_RDONLY | O_CLOEXEC)) < 0)
        die("%s: cannot be opened: %s", against, strerror(errno));
    if (against && reader_is_stream(against, &e) != 1)
        die("%s: is no stream, which --against compares with: tsplit makes one of a checkpoint", against);

    start(&feed, reader_stdin(&e), &e);
    const struct attrs *model = &reader_head(feed.in)->model;
    if (ppl_possible(model, &e) < 0)
        die("%s", e.msg);
    if (texts_read(&texts, &files, &id_files, &how, &feed.files, attrs_int(model, "bos", -1), &e) < 0)
        die("%s", e.msg);
    cut(&texts, &w, model, &e);
    if (run_model(&feed, &w, states_bytes, q8 ? &rounding : NULL, &f, &head, &e) < 0)
        die("%s", e.msg);
    if (against) {
        start(&ref_feed, reader_open(fd, against, &e), &e);
        if (run_model(&ref_feed, &w, states_bytes, NULL, &ref_f, &ref_head, &e) < 0)
            die("%s: %s", against, e.msg);
    }
    token = mem_new((size_t)w.tokens, sizeof *token);
    if (ppl_score(&(struct scorer){&f, &head}, against ? &(struct scorer){&ref_f, &ref_head} : NULL, token, &e) < 0)
        die("%s", e.msg);
    if (q8)
        tell_left(&rounding);
    print(&texts, token);
    run_free(&feed, &f, &head);
    if (against)
        run_free(&ref_feed, &ref_f, &ref_head);
    windows_free(&w);
    texts_free(&texts);
    free(token);
    return 0;
}
