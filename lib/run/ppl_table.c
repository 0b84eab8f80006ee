#include "run/ppl_table.h"

static void titles(const struct ppl_table *how, struct buf *out)
{
    buf_puts(out, "text\tcontext\tprotocol\ttokens\tnats_per_token\tppl\tplus_minus\tbytes\tbits_per_byte");
    if (how->against) {
        buf_puts(out, "\tkl_mean\tkl_max");
        for (int i = 0; i < PPL_PERCENTILES; i++)
            buf_printf(out, "\tkl_p%g", ppl_percentile[i]);
        buf_puts(out, "\tsame_top");
    }
    buf_puts(out, "\n");
}

static void line(const struct ppl_table *how, const struct text *t, const struct ppl_token *token, struct buf *out)
{
    int paper = how->protocol == PROTOCOL_PAPER;
    struct ppl_sum s;

    ppl_sum(token + t->first, t->tokens, &s);
    buf_printf(out, "%s\t%lld\t%s\t%lld\t", t->name, (long long)how->context, paper ? "paper" : "llama.cpp",
               (long long)s.tokens);
    buf_printf(out, "%.6f\t%.4f\t%.4f\t", s.nll, exp(s.nll), exp(s.nll) * s.nll_error);
    if (t->bytes && paper)
        buf_printf(out, "%llu\t%.5f", (unsigned long long)t->bytes,
                   s.nll * (double)s.tokens / log(2) / (double)t->bytes);
    else
        buf_puts(out, "-\t-");
    if (how->against) {
        buf_printf(out, "\t%.6f\t%.6f", s.kl_mean, s.kl_max);
        for (int i = 0; i < PPL_PERCENTILES; i++)
            buf_printf(out, "\t%.6f", s.kl[i]);
        buf_printf(out, "\t%.5f", s.same_top);
    }
    buf_puts(out, "\n");
}

void ppl_table(const struct ppl_table *how, const struct texts *texts, const struct ppl_token *token, struct buf *out)
{
    titles(how, out);
    for (int i = 0; i < texts->n; i++)
        line(how, &texts->text[i], token, out);
}
