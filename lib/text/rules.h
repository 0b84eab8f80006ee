/*
 * rules: what the corpus toolkits' heuristic rules say about a text. Pure functions of its bytes.
 *
 * A set is a toolkit's own definition of the rules; all that is asked for is computed from one look at the words and
 * lines.
 *   gopher       quality rules of Gopher (Rae and others 2021, table A1 and appendix A.1.1) as datatrove has them
 *   repetition   its repetition rules as datatrove has them: repeats after the first; greedy, not overlapping n-grams;
 *   / all characters
 *   c4           line and page rules of C4 as datatrove has them
 *   fineweb      FineWeb's own rules (datatrove)
 *   dolma        attributes of gopher_v1, and those of gopher_v2 that differ (v2_): values only, no rules
 *   redpajama    quality signals of RedPajama v2: values only, no rules
 *   nemo         heuristic filters of NeMo Curator with the limits of its English configuration
 *
 * A word is a run of characters that Python's str.split() does not split at; of redpajama, see rules_redpajama.c.
 * datatrove has spaCy's tokens, which cut signs off words: RULES_SIGNS comes close to them, for the sets that are
 * datatrove's and cut words so there. Lengths are in code points. A ratio without a denominator is 0, where the peers
 * divide by zero, but for those of nemo, whose own rule is 1.
 */
#ifndef WEIR_TEXT_RULES_H
#define WEIR_TEXT_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

enum rules_set {
#define SET(s) RS_##s,
#define VALUE(s, v)
#define RULE(s, r, v, op, limit)
#define PARAM(s, p, d)
#include "text/rules.def"
    RULES_SETS
};
#undef SET
#undef VALUE
enum rules_value {
#define SET(s)
#define VALUE(s, v) RV_##s##_##v,
#include "text/rules.def"
    RULES_VALUES
};
#undef VALUE
#undef RULE
#undef PARAM
enum rules_rule {
#define VALUE(s, v)
#define RULE(s, r, v, op, limit) RR_##s##_##r,
#define PARAM(s, p, d) RR_##s##_##p,
#include "text/rules.def"
    RULES_RULES
};
#undef SET
#undef VALUE
#undef RULE
#undef PARAM

extern const char *const rules_set_name[RULES_SETS];

struct rules_value_row {
    const char *name; /* "rules.gopher.words" */
    enum rules_set set;
};
extern const struct rules_value_row rules_value[RULES_VALUES];

struct rules_rule_row {
    const char *name; /* "gopher.short_doc": the reason, and the name of its limit */
    enum rules_set set;
    int value;    /* -1: a parameter, which never fails */
    int more;     /* fails above the limit; else below */
    double limit; /* default; NAN: off */
};
extern const struct rules_rule_row rules_rule[RULES_RULES];

/* Words of gopher, repetition and fineweb: what white space leaves together, or \w+|[^\w\s], as \w is in Python. */
enum rules_words { RULES_SPACE, RULES_SIGNS };

/* Which sets are computed, and with what limits; NAN switches a rule off. */
struct rules_want {
    enum rules_words words;
    unsigned sets; /* bits 1 << enum rules_set */
    double limit[RULES_RULES];
};

/* No sets, and every limit's default. */
void rules_defaults(struct rules_want *w);

/*
 * Add what a preset asks for: the name of a set, or
 *   gopher    gopher and repetition; gopher-quality and fineweb-quality are those sets alone
 *   fineweb   repetition, gopher, c4 without the rule of terminal punctuation, fineweb: the order of FineWeb
 *   all       every set
 * -1 names the presets.
 */
int rules_preset(struct rules_want *w, const char *name, size_t n, struct err *e);

/* "gopher.short_doc=40" or "=off". -1 says what is wrong. */
int rules_limit(struct rules_want *w, const char *arg, struct err *e);

/* Room to work in, for one thread. It grows with the longest text: some 90 bytes a word, 30 a line. */
struct rules;
struct rules *rules_new(void);
void rules_free(struct rules *r);

#define RULES_TEXT_MAX                                                                                                 \
    ((size_t)32 << 20) /* bytes; what dload lets through. More would take 90 bytes for each word of it */

/*
 * value  out: of the sets that are asked for; the others are left as they are
 * -1 when the text is longer than RULES_TEXT_MAX. Cost: near linear.
 */
int rules_run(struct rules *r, const struct rules_want *w, const void *text, size_t n, double value[RULES_VALUES],
              struct err *e);

/*
 * What C4 leaves of a text: the lines that its rules keep, white space at their ends and citations taken off, one line
 * feed between them. A line that speaks against the whole page (lorem ipsum, a curly bracket) stays, so that rules_run
 * on what is left says the same of the page.
 * out  out: emptied first. dropped  out: lines that are gone. w: its limits of c4. -1 as rules_run.
 */
int rules_c4_text(struct rules *r, const struct rules_want *w, const void *text, size_t n, struct buf *out,
                  uint64_t *dropped, struct err *e);

/* Does this rule of a set that was computed fail? */
int rules_fails(const struct rules_want *w, int rule, const double value[RULES_VALUES]);

#endif
