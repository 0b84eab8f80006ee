/*
 * rules: the values of text/rules.h as scores rules.SET.VALUE, how many rules of each set a text fails as rules.SET,
 * and the reasons as meta value "reasons", a list of SET.RULE in the order in which the peer tries them, behind those
 * of other sets that are there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/par.h"
#include "rate/rate.h"
#include "text/rules.h"
#include "wire/mp.h"

static struct opt_list limits;
static const char *preset;
static enum rules_words words;

static int set_words(const char *arg, struct err *why)
{
    words = strcmp(arg, "signs") == 0 ? RULES_SIGNS : RULES_SPACE;
    return words == RULES_SIGNS || strcmp(arg, "space") == 0 ? 0 : err_set(why, "'%s' is neither space nor signs", arg);
}

static const struct opt opts[] = {
    {0, "preset", "LIST", OPT_STRING, &preset, "which rules, comma-separated (default gopher)", 0},
    {0, "rule", "NAME=VALUE", OPT_LIST, &limits, "another limit, or off (repeatable)", 0},
    {0, "words", "HOW", OPT_CALL, 0,
     "cut at space, or signs are words too, much as datatrove's spaCy cuts (default: space)", set_words},
    OPT_END};

static const char *const failed_name[RULES_SETS] = {
#define SET(s) "rules." #s,
#define VALUE(s, v)
#define RULE(s, r, v, op, limit)
#define PARAM(s, p, d)
#include "text/rules.def"
};

struct state {
    struct rules_want want;
    struct rules **room; /* one a thread */
    int rooms;
};

static int read_options(struct rules_want *w, struct err *e)
{
    const char *p = preset ? preset : "gopher";

    rules_defaults(w);
    w->words = words;
    for (;; p++) {
        size_t n = strcspn(p, ",");

        if (rules_preset(w, p, n, e) < 0)
            return err_in(e, "--preset");
        p += n;
        if (!*p)
            break;
    }
    for (int i = 0; i < limits.n; i++)
        if (rules_limit(w, limits.item[i], e) < 0)
            return err_in(e, "--rule");
    return 0;
}

static int open_rules(void **state, int *usage, struct err *e)
{
    struct state *s = mem_new(1, sizeof *s);

    *state = s;
    if (read_options(&s->want, e) < 0)
        return *usage = 1, -1;
    s->rooms = par_jobs();
    s->room = mem_new((size_t)s->rooms, sizeof *s->room);
    for (int i = 0; i < s->rooms; i++)
        s->room[i] = rules_new();
    return 0;
}

/* Does the record have scores of rules already? */
static int has_rules(const struct record *r)
{
    for (int i = 0; i < r->scores; i++)
        if (r->score[i].len > 6 && memcmp(r->score[i].name, "rules.", 6) == 0)
            return 1;
    return 0;
}

/* Is it "SET.RULE" of a set that is computed now? */
static int is_of(const struct rules_want *w, const struct mp_value *reason)
{
    for (int s = 0; s < RULES_SETS; s++) {
        size_t n = strlen(rules_set_name[s]);

        if (w->sets >> s & 1 && reason->n > n && reason->p[n] == '.' && memcmp(reason->p, rules_set_name[s], n) == 0)
            return 1;
    }
    return 0;
}

/* Reasons that an earlier run gave, of other sets, as msgpack strings: how many. */
static uint32_t old_reasons(const struct record *r, const struct rules_want *w, struct buf *b)
{
    struct mp_in m;
    struct mp_value list, v;
    uint32_t n = 0;

    if (!record_meta(r, "reasons", &m) || mp_next(&m, &list) < 0 || list.kind != MP_ARRAY)
        return 0;
    for (uint32_t i = 0; i < list.n; i++) {
        if (mp_next(&m, &v) < 0 || v.kind != MP_STR)
            return b->len = 0, 0; /* not ours */
        if (!is_of(w, &v))
            mp_put_strn(b, v.p, v.n), n++;
    }
    return n;
}

/* The names of the rules that fail, as a msgpack list. */
static void set_reasons(struct record *r, const struct rules_want *w, const double *value)
{
    struct buf b = {0}, old = {0};
    uint32_t failed[RULES_SETS] = {0}, all = old_reasons(r, w, &old), before = all;

    for (int i = 0; i < RULES_RULES; i++)
        if (w->sets >> rules_rule[i].set & 1 && rules_fails(w, i, value))
            failed[rules_rule[i].set]++, all++;
    mp_put_array(&b, all);
    buf_add(&b, old.data, old.len);
    for (int i = 0; i < RULES_RULES && all > before; i++)
        if (w->sets >> rules_rule[i].set & 1 && rules_fails(w, i, value))
            mp_put_str(&b, rules_rule[i].name);
    for (int s = 0; s < RULES_SETS; s++)
        if (w->sets >> s & 1)
            record_set_score(r, failed_name[s], failed[s]);
    record_set_meta_raw(r, "reasons", b.data, b.len);
    buf_free(&b);
    buf_free(&old);
}

static int apply(void *state, struct record *r, struct err *e)
{
    struct state *s = state;
    void (*put)(struct record *, const char *, double) = has_rules(r) ? record_set_score : record_add_score;
    double value[RULES_VALUES];

    if (rules_run(s->room[par_self()], &s->want, r->text, r->text_len, value, e) < 0)
        return -1;
    for (int i = 0; i < RULES_VALUES; i++)
        if (s->want.sets >> rules_value[i].set & 1)
            put(r, rules_value[i].name, value[i]);
    set_reasons(r, &s->want, value);
    return 0;
}

static void close_rules(void *state)
{
    struct state *s = state;

    for (int i = 0; s && i < s->rooms; i++)
        rules_free(s->room[i]);
    if (s)
        free(s->room);
    free(s);
}

const struct rate_method rate_rules = {.name = "rules",
                                       .brief = "Gopher, C4, FineWeb and other heuristic rules, with reasons",
                                       .opts = opts,
                                       .open = open_rules,
                                       .apply = apply,
                                       .close = close_rules};
