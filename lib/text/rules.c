#include "text/rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "text/rules_int.h"
#include "text/words.h"

#define LESS 0
#define MORE 1

const char *const rules_set_name[RULES_SETS] = {
#define SET(s) #s,
#define VALUE(s, v)
#define RULE(s, r, v, op, limit)
#define PARAM(s, p, d)
#include "text/rules.def"
};
#undef SET
#undef VALUE

const struct rules_value_row rules_value[RULES_VALUES] = {
#define SET(s)
#define VALUE(s, v) {"rules." #s "." #v, RS_##s},
#include "text/rules.def"
};
#undef VALUE
#undef RULE
#undef PARAM

const struct rules_rule_row rules_rule[RULES_RULES] = {
#define VALUE(s, v)
#define RULE(s, r, v, op, limit) {#s "." #r, RS_##s, RV_##s##_##v, op, limit},
#define PARAM(s, p, d) {#s "." #p, RS_##s, -1, MORE, d},
#include "text/rules.def"
};

void rules_defaults(struct rules_want *w)
{
    w->sets = 0;
    w->words = RULES_SPACE;
    for (int i = 0; i < RULES_RULES; i++)
        w->limit[i] = rules_rule[i].limit;
}

static int is(const char *name, size_t n, const char *s)
{
    return strlen(s) == n && memcmp(name, s, n) == 0;
}

int rules_preset(struct rules_want *w, const char *name, size_t n, struct err *e)
{
    if (is(name, n, "all"))
        return w->sets = (1u << RULES_SETS) - 1, 0;
    if (is(name, n, "gopher") || is(name, n, "fineweb"))
        w->sets |= 1u << RS_gopher | 1u << RS_repetition;
    if (is(name, n, "fineweb")) {
        w->sets |= 1u << RS_c4 | 1u << RS_fineweb;
        w->limit[RR_c4_terminal_punct] = 0;
        return 0;
    }
    if (is(name, n, "gopher-quality") || is(name, n, "fineweb-quality"))
        return w->sets |= 1u << (*name == 'g' ? RS_gopher : RS_fineweb), 0;
    for (int s = 0; s < RULES_SETS; s++)
        if (is(name, n, rules_set_name[s]))
            return w->sets |= 1u << s, 0;
    return err_set(e,
                   "there is no preset '%.*s': gopher, gopher-quality, repetition, c4, fineweb, fineweb-quality, "
                   "dolma, redpajama, nemo, all",
                   (int)n, name);
}

int rules_limit(struct rules_want *w, const char *arg, struct err *e)
{
    const char *eq = strchr(arg, '=');
    double x = NAN;

    if (!eq)
        return err_set(e, "'%s' is no NAME=VALUE", arg);
    if (strcmp(eq + 1, "off") != 0 && parse_f64(eq + 1, &x, e) < 0)
        return err_in(e, "%.*s", (int)(eq - arg), arg);
    for (int i = 0; i < RULES_RULES; i++)
        if (is(arg, (size_t)(eq - arg), rules_rule[i].name)) {
            w->limit[i] = x;
            return 0;
        }
    return err_set(e, "there is no rule '%.*s'; weir-methods(7) lists them", (int)(eq - arg), arg);
}

struct rules *rules_new(void)
{
    struct rules *r = mem_new(1, sizeof *r);

    r->raw = mem_new(1, sizeof *r->raw);
    words_init();
    chars_init();
    return r;
}

static void free_spans(struct spans *s)
{
    free(s->s);
    free(s->count);
}

void rules_free(struct rules *r)
{
    if (!r)
        return;
    free_spans(&r->word);
    free_spans(&r->line);
    free_spans(&r->para);
    free_spans(&r->norm);
    free(r->kind);
    free(r->before);
    free(r->table.slot);
    free(r->grams.at);
    free(r->grams.name);
    free(r->grams.next);
    free(r->grams.count);
    free(r->joined_at);
    free(r->maybe);
    words_free(r->raw);
    free(r->raw);
    buf_free(&r->joined);
    buf_free(&r->again);
    buf_free(&r->scratch);
    free(r);
}

#define HAS(set) (sets >> RS_##set & 1)

/* Characters of n-grams that occur more than once, over those of all n-grams. */
static double dolma_share(const struct rules *r)
{
    const struct grams *g = &r->grams;
    uint64_t again = 0, all = 0;

    for (uint32_t k = 0; k < g->found; k++)
        again += rules_chars(r, g->at[k], g->n);
    for (uint32_t i = 0; i + g->n <= r->word.n; i++)
        all += rules_chars(r, i, g->n);
    return ratio((double)again, (double)all);
}

/* Characters, and spaces between, of n-grams that were there before; what two of them share counts once. */
static double nemo_share(const struct rules *r)
{
    const struct grams *g = &r->grams;
    uint64_t again = 0;
    uint32_t end = 0; /* of the last one, in words */

    for (uint32_t k = 0; k < g->found; k++) {
        uint32_t i = g->at[k], shared = end > i ? end - i : 0;

        if (g->name[i] == i)
            continue;
        again += rules_chars(r, i + shared, g->n - shared) + (g->n - shared < g->n - 1 ? g->n - shared : g->n - 1);
        end = i + g->n;
    }
    return ratio((double)again, r->chars);
}

/* What str.replace would take away of the most frequent n-gram, joined with spaces. */
static double nemo_top(struct rules *r)
{
    const struct grams *g = &r->grams;
    const unsigned char *p = r->text, *end = p + r->n;
    uint64_t found = 0;

    r->scratch.len = 0;
    for (uint32_t i = g->top; i < g->top + g->n; i++) {
        if (i > g->top)
            buf_add(&r->scratch, " ", 1);
        buf_add(&r->scratch, r->text + r->word.s[i].at, r->word.s[i].bytes);
    }
    for (; (p = memmem(p, (size_t)(end - p), r->scratch.data, r->scratch.len)) != NULL; p += r->scratch.len)
        found++;
    return (double)(found * (rules_chars(r, g->top, g->n) + g->n - 1)) / r->chars;
}

void rules_grams(struct rules *r, unsigned sets, double *v)
{
    struct grams *g = &r->grams;
    uint64_t all = r->before[r->word.n];
    uint32_t stop = HAS(dolma) || HAS(nemo) ? 10 : 4;

    grams_begin(g, &r->word);
    for (uint32_t n = 2; n <= stop; n++) {
        double top;

        grams_next(g, &r->table);
        if (n > 4) {
            if (HAS(dolma))
                v[RV_dolma_fraction_of_characters_in_duplicate_5grams + n - 5] = dolma_share(r);
            if (HAS(nemo))
                v[RV_nemo_repeating_dup_5gram + n - 5] = r->word.n < n ? 1 : nemo_share(r);
            continue;
        }
        top = g->top_count ? (double)(rules_chars(r, g->top, n) * g->top_count) : 0;
        if (HAS(repetition))
            v[RV_repetition_top_2_gram + n - 2] = ratio(top + (double)(g->top_count * (n - 1)), r->chars);
        if (HAS(dolma))
            v[RV_dolma_fraction_of_characters_in_most_common_2grams + n - 2] = ratio(top, (double)all);
        if (HAS(nemo))
            v[RV_nemo_repeating_top_2grams + n - 2] = g->top_count ? nemo_top(r) : 1;
    }
}

/* The values of these sets, with words of one kind. */
static void run(struct rules *r, const struct rules_want *w, unsigned sets, enum rules_words words, double *value)
{
    scan_text(r, words);
    if (HAS(gopher))
        rules_gopher(r, value);
    if (HAS(c4))
        rules_c4(r, w->limit, value);
    if (HAS(repetition) || HAS(fineweb) || HAS(dolma) || HAS(nemo))
        spans_intern(&r->line, r->text, &r->table);
    if (HAS(repetition))
        rules_repetition(r, value);
    if (HAS(fineweb))
        rules_fineweb(r, w->limit, value);
    if (HAS(dolma))
        rules_dolma(r, value);
    if (HAS(nemo))
        rules_nemo(r, value);
    if (HAS(repetition) || HAS(dolma) || HAS(nemo)) {
        spans_intern(&r->word, r->text, &r->table);
        rules_grams(r, sets, value);
    }
    if (HAS(redpajama))
        rules_redpajama(r, r->raw, value);
}

int rules_begin(struct rules *r, const void *text, size_t n, struct err *e)
{
    if (n > RULES_TEXT_MAX)
        return err_set(e,
                       "the text has %zu bytes, rules take %zu at most; dload refuses longer ones, dsel --where "
                       "'bytes<=%zu' leaves them out",
                       n, RULES_TEXT_MAX, RULES_TEXT_MAX);
    r->text = n ? text : (const void *)"";
    r->n = (uint32_t)n;
    return 0;
}

int rules_run(struct rules *r, const struct rules_want *w, const void *text, size_t n, double value[RULES_VALUES],
              struct err *e)
{
    unsigned own = w->words == RULES_SIGNS ? w->sets & (1u << RS_gopher | 1u << RS_repetition | 1u << RS_fineweb) : 0;

    if (rules_begin(r, text, n, e) < 0)
        return -1;
    if (own)
        run(r, w, own, RULES_SIGNS, value);
    if (w->sets & ~own)
        run(r, w, w->sets & ~own, RULES_SPACE, value);
    return 0;
}

int rules_fails(const struct rules_want *w, int rule, const double value[RULES_VALUES])
{
    const struct rules_rule_row *row = &rules_rule[rule];
    double limit = w->limit[rule];

    if (row->value < 0)
        return 0;
    return row->more ? value[row->value] > limit : value[row->value] < limit;
}
