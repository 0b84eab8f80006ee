/* tok_pre: pre_tokenizer of tokenizer.json as steps. What is not a step here is refused by its name. */
#include <stdlib.h>
#include <string.h>

#include "tok/tok_int.h"

#define PUNCTUATION "[\\p{P}$+<=>^`|~]" /* Unicode's and ASCII's */

struct tok_step *tok_step_new(struct tok *t, enum tok_step_kind kind, struct err *e)
{
    if (t->steps == TOK_STEPS) {
        err_set(e, "more than %d steps", TOK_STEPS);
        return NULL;
    }
    t->step[t->steps] = (struct tok_step){.kind = kind};
    return &t->step[t->steps++];
}

int tok_step_split(struct tok *t, const char *pattern, size_t n, enum tok_how how, bool invert, struct err *e)
{
    struct tok_step *s = tok_step_new(t, TOK_SPLIT, e);

    if (!s)
        return -1;
    s->pattern = mem_strndup(pattern, n);
    s->how = how;
    s->invert = invert;
    return (s->re = tok_regex(pattern, n, e)) ? 0 : -1;
}

void tok_step_free(struct tok_step *s)
{
    free(s->pattern);
    tok_regex_free(s->re);
}

static int split(struct tok *t, const char *pattern, enum tok_how how, bool invert, struct err *e)
{
    return tok_step_split(t, pattern, strlen(pattern), how, invert, e);
}

static int how_of(const char *name, enum tok_how *how, struct err *e)
{
    static const char *const known[] = {[TOK_ISOLATED] = "Isolated",
                                        [TOK_REMOVED] = "Removed",
                                        [TOK_CONTIGUOUS] = "Contiguous",
                                        [TOK_WITH_PREVIOUS] = "MergedWithPrevious",
                                        [TOK_WITH_NEXT] = "MergedWithNext"};

    for (int i = 0; i < 5; i++)
        if (!strcmp(name, known[i])) {
            *how = (enum tok_how)i;
            return 0;
        }
    return err_set(e, "behavior \"%.100s\" is not known", name);
}

/* A text as the pattern that only it matches. */
static char *literal(const struct json *s)
{
    struct buf b = {0};

    for (size_t i = 0; i < s->len; i++) {
        if (strchr("\\^$.[]|()?*+{}", s->s[i]))
            buf_puts(&b, "\\");
        buf_add(&b, s->s + i, 1);
    }
    return (char *)(buf_str(&b), b.data);
}

static int pre_split(struct tok *t, const struct json *j, struct err *e)
{
    const struct json *pattern = json_get(j, "pattern"), *re = json_get(pattern, "Regex"),
                      *text = json_get(pattern, "String");
    enum tok_how how = TOK_ISOLATED;
    char *made;
    int rc;

    if (!(re && re->kind == JSON_STRING) &&
        !(text && text->kind == JSON_STRING && text->len && !memchr(text->s, 0, text->len)))
        return err_set(e, "a pattern that is a Regex or a String is needed");
    if (how_of(json_str(j, "behavior", ""), &how, e) < 0)
        return -1;
    made = re ? mem_strndup(re->s, re->len) : literal(text);
    rc = tok_step_split(t, made, re ? re->len : strlen(made), how, json_bool(j, "invert", 0), e);
    free(made);
    return rc < 0 ? -1 : tok_members_known(j, "Split", "type pattern behavior invert ", e);
}

static int pre_digits(struct tok *t, const struct json *j, struct err *e)
{
    if (split(t, "\\p{N}", json_bool(j, "individual_digits", 0) ? TOK_ISOLATED : TOK_CONTIGUOUS, false, e) < 0)
        return -1;
    return tok_members_known(j, "Digits", "type individual_digits ", e);
}

static int pre_punctuation(struct tok *t, const struct json *j, struct err *e)
{
    enum tok_how how = TOK_ISOLATED;

    if (how_of(json_str(j, "behavior", "Isolated"), &how, e) < 0 || split(t, PUNCTUATION, how, false, e) < 0)
        return -1;
    return tok_members_known(j, "Punctuation", "type behavior ", e);
}

static int pre_white(struct tok *t, const struct json *j, struct err *e)
{
    if (split(t, "\\s", TOK_REMOVED, false, e) < 0)
        return -1;
    return tok_members_known(j, json_str(j, "type", ""), "type ", e);
}

static int pre_words(struct tok *t, const struct json *j, struct err *e)
{
    if (split(t, "\\w+|[^\\w\\s]+", TOK_REMOVED, true, e) < 0)
        return -1;
    return tok_members_known(j, "Whitespace", "type ", e);
}

static int pre_bert(struct tok *t, const struct json *j, struct err *e)
{
    return pre_white(t, j, e) < 0 ? -1 : split(t, PUNCTUATION, TOK_ISOLATED, false, e);
}

static int pre_byte_level(struct tok *t, const struct json *j, struct err *e)
{
    for (int i = 0; i < t->steps; i++)
        if (t->step[i].kind == TOK_ALPHABET)
            return err_set(e, "is there twice");
    if ((json_bool(j, "add_prefix_space", 1) && !tok_step_new(t, TOK_PREFIX, e)) ||
        (json_bool(j, "use_regex", 1) && split(t, tok_gpt2_pattern, TOK_ISOLATED, false, e) < 0) ||
        !tok_step_new(t, TOK_ALPHABET, e))
        return -1;
    return tok_members_known(j, "ByteLevel", "type add_prefix_space trim_offsets use_regex ", e);
}

static int pre_metaspace(struct tok *t, const struct json *j, struct err *e)
{
    const char *scheme = json_str(j, "prepend_scheme", json_bool(j, "add_prefix_space", 1) ? "always" : "never");
    struct tok_step *s, *cut;

    if (strcmp(json_str(j, "replacement", TOK_SPACE), TOK_SPACE))
        return err_set(e, "replacement \"%.100s\" is not known", json_str(j, "replacement", ""));
    if (strcmp(scheme, "always") && strcmp(scheme, "first") && strcmp(scheme, "never"))
        return err_set(e, "prepend_scheme \"%.100s\" is not known", scheme);
    if (!(s = tok_step_new(t, TOK_METASPACE, e)))
        return -1;
    s->scheme = *scheme == 'a' ? TOK_ALWAYS : *scheme == 'f' ? TOK_FIRST : TOK_NEVER;
    if (json_bool(j, "split", 1)) {
        if (!(cut = tok_step_new(t, TOK_CUT, e)))
            return -1;
        cut->each = true;
    }
    return tok_members_known(j, "Metaspace", "type replacement prepend_scheme add_prefix_space split str_rep ", e);
}

static int pre_read(struct tok *t, const struct json *j, int depth, struct err *e)
{
    static const struct {
        const char *type;
        int (*read)(struct tok *, const struct json *, struct err *);
    } known[] = {{"Split", pre_split},           {"Digits", pre_digits},      {"Punctuation", pre_punctuation},
                 {"WhitespaceSplit", pre_white}, {"Whitespace", pre_words},   {"BertPreTokenizer", pre_bert},
                 {"ByteLevel", pre_byte_level},  {"Metaspace", pre_metaspace}};
    const char *type = json_str(j, "type", "");
    const struct json *list = json_get(j, "pretokenizers");

    if (!j || j->kind == JSON_NULL)
        return 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(type, known[i].type))
            return known[i].read(t, j, e) < 0 ? err_in(e, "pre_tokenizer %s", type) : 0;
    if (strcmp(type, "Sequence") || !list || list->kind != JSON_ARRAY || depth == TOK_STEPS)
        return err_set(e, "pre_tokenizer \"%.100s\" is not known", type);
    for (const struct json *s = list->first; s; s = s->next)
        if (pre_read(t, s, depth + 1, e) < 0)
            return -1;
    return tok_members_known(j, "pre_tokenizer Sequence", "type pretokenizers ", e);
}

int tok_pre_read(struct tok *t, const struct json *pre_tokenizer, struct err *e)
{
    return pre_read(t, pre_tokenizer, 0, e);
}
