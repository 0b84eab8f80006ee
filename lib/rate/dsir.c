/*
 * dsir: importance weight of a text, the log of how much likelier its hashed n-grams are in the target than in the raw
 * pool.
 *
 *     w = sum over its n-grams g of log (p_target(b(g)) + 1e-8) - log (p_raw(b(g)) + 1e-8)
 *
 * Source: Xie, Santurkar, Ma, Liang 2023, Data selection for language models via importance resampling, section 4;
 * constants as in p-lambda/dsir 1.0.3. A sum falls with the length of a text whatever it says (its mean over raw text
 * is -KL a word), so --norm divides by the words or their root, and --poisson adds how much likelier its length is.
 * Counts and lengths come from dfeat. Order of sum: as ngram_next gives. Adds `dsir` (or --dsir-as), and `dsir.words`.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "base/real.h"
#include "rate/rate.h"
#include "text/feat.h"

static const char *target, *raw, *as = "dsir";
static double smooth;
static int norm, poisson;

struct dsir {
    struct ngram_opts o;
    double *ratio;         /* [buckets] */
    double log_rate, rate; /* ln (lambda_target / lambda_raw), lambda_target - lambda_raw; words a text */
    char *words_name;
    struct ngram **g; /* one a thread */
};

static int set_norm(const char *arg, struct err *why)
{
    static const char *const name[] = {"none", "token", "sqrt"};

    for (norm = 0; norm < 3; norm++)
        if (strcmp(arg, name[norm]) == 0)
            return 0;
    return err_set(why, "'%s' is none of none token sqrt", arg);
}

static const struct opt opts[] = {
    {0, "target", "FILE", OPT_STRING, &target, "features of the target, from dfeat", 0},
    {0, "raw", "FILE", OPT_STRING, &raw, "features of the raw pool, from dfeat", 0},
    {0, "norm", "HOW", OPT_CALL, 0, "none (a sum), token (its mean over words), sqrt (over their root); default none",
     set_norm},
    {0, "poisson", 0, OPT_FLAG, &poisson, "add the log ratio of Poisson lengths, before --norm", 0},
    {0, "smooth", "X", OPT_F64, &smooth, "add X to each count of the target", 0, 0, INFINITY},
    {0, "dsir-as", "NAME", OPT_STRING, &as, "name of the score (default: dsir)", 0},
    OPT_END};

/*
 * ln Poisson(k; a) - ln Poisson(k; b) = k ln (a / b) - (a - b): k! cancels. Both means are of words, over which k
 * counts too. RedPajama adds 1e-8 to both probabilities, and counts characters in one place and words in the other.
 */
static int fit_lengths(struct dsir *d, const struct feat *t, const struct feat *r, struct err *e)
{
    double a = (double)t->words / (double)t->records, b = (double)r->words / (double)r->records;

    if (!t->words || !r->words)
        return err_set(e, "--poisson: features without words have no mean length");
    d->log_rate = real_log(a / b);
    d->rate = a - b;
    return 0;
}

static int open_dsir(void **state, int *usage, struct err *e)
{
    struct feat t = {0}, r = {0};
    struct dsir *d;
    int rc = -1;

    if (!target || !raw) {
        *usage = 1;
        return err_set(e, "-m dsir needs --target and --raw; dfeat makes such features");
    }
    d = mem_new(1, sizeof *d);
    if (feat_read(&t, target, e) == 0 && feat_read(&r, raw, e) == 0) {
        d->o = t.o;
        d->ratio = mem_new(t.o.buckets, sizeof *d->ratio);
        d->words_name = mem_printf("%s.words", as);
        d->g = mem_new((size_t)par_jobs(), sizeof *d->g);
        rc = feat_log_ratio(&t, &r, smooth, d->ratio, e);
        if (rc == 0 && poisson)
            rc = fit_lengths(d, &t, &r, e);
    }
    feat_free(&t);
    feat_free(&r);
    *state = d;
    return rc;
}

static int apply(void *state, struct record *r, struct err *e)
{
    struct dsir *d = state;
    int t = par_self();
    const uint32_t *bucket;
    double sum = 0, words;
    size_t k;

    (void)e;
    if (!d->g[t])
        d->g[t] = ngram_open(&d->o);
    ngram_begin(d->g[t], r->text, r->text_len);
    while ((k = ngram_next(d->g[t], &bucket)) > 0)
        for (size_t i = 0; i < k; i++)
            sum += d->ratio[bucket[i]];
    words = (double)ngram_words(d->g[t]);
    if (poisson)
        sum += words * d->log_rate - d->rate;
    if (norm && words > 0)
        sum /= norm == 1 ? words : sqrt(words);
    record_set_score(r, as, sum);
    record_set_score(r, d->words_name, words);
    return 0;
}

static void close_dsir(void *state)
{
    struct dsir *d = state;

    for (int t = 0; t < par_jobs(); t++)
        ngram_close(d->g[t]);
    free(d->g);
    free(d->words_name);
    free(d->ratio);
    free(d);
}

const struct rate_method rate_dsir = {.name = "dsir",
                                      .brief = "importance by hashed n-grams of a target and of the raw pool",
                                      .opts = opts,
                                      .open = open_dsir,
                                      .apply = apply,
                                      .close = close_dsir};
