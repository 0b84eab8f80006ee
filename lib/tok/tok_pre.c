/* tok_pre: normalizer and pre_tokenizer of tokenizer.json as steps. What is not a step here is refused by its name. */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "tok/tok_int.h"

/* Patterns known to llama.cpp by a name. Source: the models' own tokenizer.json (Qwen2, Llama 3). */
static const char qwen2[] = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
                            "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
static const char llama3[] = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
                             "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/* What reading the pre-tokenizers has seen so far. */
struct pre {
    struct tok *t;
    bool byte_level, gpt2, digits;
    int steps;
    const char *name; /* of the last Split's pattern */
};

/* Refuse members of a step that are set and not known. names: each followed by a blank. */
static int members_known(const struct json *j, const char *what, const char *names, struct err *e)
{
    for (const struct json *m = j->first; m; m = m->next) {
        const char *hit = strstr(names, m->key);

        if (!(hit && hit[m->key_len] == ' ' && (hit == names || hit[-1] == ' ')) && m->kind != JSON_NULL)
            return err_set(e, "%s: member \"%.100s\" is not known", what, m->key);
    }
    return 0;
}

static struct tok_norm *norm_new(struct tok *t, enum tok_norm_kind kind, struct err *e)
{
    if (t->norms == TOK_STEPS) {
        err_set(e, "normalizer: more than %d steps", TOK_STEPS);
        return NULL;
    }
    t->norm[t->norms] = (struct tok_norm){.kind = kind};
    return &t->norm[t->norms++];
}

static const struct json *string_of(const struct json *j, const char *key)
{
    const struct json *s = json_get(j, key);

    return s && s->kind == JSON_STRING ? s : NULL;
}

static int norm_replace(struct tok *t, const struct json *j, struct err *e)
{
    const struct json *from = string_of(json_get(j, "pattern"), "String"), *to = string_of(j, "content");
    struct tok_norm *step;

    if (!from || !to || !from->len)
        return err_set(e, "normalizer Replace: only a pattern that is a String, with content, is known");
    step = norm_new(t, TOK_REPLACE, e);
    if (!step)
        return -1;
    step->from = mem_strndup(from->s, step->from_n = from->len);
    step->to = mem_strndup(to->s, step->to_n = to->len);
    return members_known(j, "normalizer Replace", "type pattern content ", e);
}

static int norm_prepend(struct tok *t, const struct json *j, struct err *e)
{
    const struct json *to = string_of(j, "prepend");
    struct tok_norm *step = to ? norm_new(t, TOK_PREPEND, e) : NULL;

    if (!step)
        return to ? -1 : err_set(e, "normalizer Prepend: no string \"prepend\"");
    step->to = mem_strndup(to->s, step->to_n = to->len);
    return members_known(j, "normalizer Prepend", "type prepend ", e);
}

static int norm_unicode(struct tok *t, const struct json *j, const char *type, struct err *e)
{
    struct tok_norm *step = norm_new(t, TOK_UNICODE, e);

    if (!step)
        return -1;
    step->form = UTF8PROC_STABLE | (strchr(type, 'K') ? UTF8PROC_COMPAT : 0) |
                 (strchr(type, 'C') ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE);
    return members_known(j, "normalizer", "type ", e);
}

static int norm_read(struct tok *t, const struct json *j, int depth, struct err *e)
{
    const char *type = json_str(j, "type", "");
    const struct json *list = json_get(j, "normalizers");

    if (!j || j->kind == JSON_NULL)
        return 0;
    if (!strcmp(type, "Replace"))
        return norm_replace(t, j, e);
    if (!strcmp(type, "Prepend"))
        return norm_prepend(t, j, e);
    if (!strcmp(type, "NFC") || !strcmp(type, "NFD") || !strcmp(type, "NFKC") || !strcmp(type, "NFKD"))
        return norm_unicode(t, j, type, e);
    if (strcmp(type, "Sequence") || !list || list->kind != JSON_ARRAY || depth == TOK_STEPS)
        return err_set(e, "normalizer \"%.100s\" is not known", type);
    for (const struct json *s = list->first; s; s = s->next)
        if (norm_read(t, s, depth + 1, e) < 0)
            return -1;
    return members_known(j, "normalizer Sequence", "type normalizers ", e);
}

static int split_add(struct pre *p, enum tok_split_kind kind, const char *pattern, size_t n, struct err *e)
{
    struct tok *t = p->t;

    if (t->splits == TOK_STEPS)
        return err_set(e, "more than %d patterns", TOK_STEPS);
    t->split[t->splits] = (struct tok_split){kind, tok_regex(pattern, n, e)};
    if (!t->split[t->splits].re)
        return -1;
    t->splits++;
    return 0;
}

static int pre_split(struct pre *p, const struct json *j, struct err *e)
{
    const struct json *re = string_of(json_get(j, "pattern"), "Regex");
    const char *behavior = json_str(j, "behavior", "");
    int invert = json_bool(j, "invert", 0);
    bool only = invert && !strcmp(behavior, "Removed");

    if (!re)
        return err_set(e, "pre_tokenizer Split: only a pattern that is a Regex is known");
    if (!only && strcmp(behavior, "Isolated"))
        return err_set(e, "pre_tokenizer Split: behavior \"%.100s\" with invert %s is not known", behavior, invert ? "true" : "false");
    p->name = !strcmp(re->s, qwen2) ? "qwen2" : !strcmp(re->s, llama3) ? "llama-bpe" : NULL;
    if (split_add(p, only ? TOK_MATCHES_ONLY : TOK_MATCHES_AND_GAPS, re->s, re->len, e) < 0)
        return err_in(e, "pre_tokenizer Split");
    return members_known(j, "pre_tokenizer Split", "type pattern behavior invert ", e);
}

static int pre_digits(struct pre *p, const struct json *j, struct err *e)
{
    const char *pattern = json_bool(j, "individual_digits", 0) ? "\\p{N}" : "\\p{N}+";

    p->digits = pattern[5] == '\0';
    if (split_add(p, TOK_MATCHES_AND_GAPS, pattern, strlen(pattern), e) < 0)
        return -1;
    return members_known(j, "pre_tokenizer Digits", "type individual_digits ", e);
}

static int pre_byte_level(struct pre *p, const struct json *j, struct err *e)
{
    bool prefix = json_bool(j, "add_prefix_space", 1);

    if (p->byte_level || (prefix && p->steps))
        return err_set(e, "pre_tokenizer ByteLevel: %s", p->byte_level ? "is there twice" : "add_prefix_space after other steps is not known");
    p->byte_level = true;
    p->gpt2 = json_bool(j, "use_regex", 1);
    p->t->prefix = prefix ? TOK_PREFIX_ALWAYS : TOK_PREFIX_NEVER;
    if (p->gpt2 && split_add(p, TOK_MATCHES_AND_GAPS, tok_gpt2_pattern, strlen(tok_gpt2_pattern), e) < 0)
        return -1;
    return members_known(j, "pre_tokenizer ByteLevel", "type add_prefix_space trim_offsets use_regex ", e);
}

static int pre_metaspace(struct pre *p, const struct json *j, struct err *e)
{
    struct tok *t = p->t;
    const char *scheme = json_str(j, "prepend_scheme", json_bool(j, "add_prefix_space", 1) ? "always" : "never");

    if (strcmp(json_str(j, "replacement", TOK_SPACE), TOK_SPACE))
        return err_set(e, "pre_tokenizer Metaspace: replacement \"%.100s\" is not known", json_str(j, "replacement", ""));
    if (strcmp(scheme, "always") && strcmp(scheme, "first") && strcmp(scheme, "never"))
        return err_set(e, "pre_tokenizer Metaspace: prepend_scheme \"%.100s\" is not known", scheme);
    t->metaspace = true;
    t->prefix = *scheme == 'a' ? TOK_PREFIX_ALWAYS : *scheme == 'f' ? TOK_PREFIX_FIRST : TOK_PREFIX_NEVER;
    t->words = t->words_each = json_bool(j, "split", 1);
    return members_known(j, "pre_tokenizer Metaspace", "type replacement prepend_scheme add_prefix_space split str_rep ", e);
}

static int pre_read(struct pre *p, const struct json *j, int depth, struct err *e)
{
    const char *type = json_str(j, "type", "");
    const struct json *list = json_get(j, "pretokenizers");
    int (*const read)(struct pre *, const struct json *, struct err *) =
        !strcmp(type, "Split") ? pre_split : !strcmp(type, "Digits") ? pre_digits :
        !strcmp(type, "ByteLevel") ? pre_byte_level : !strcmp(type, "Metaspace") ? pre_metaspace : NULL;

    if (!j || j->kind == JSON_NULL)
        return 0;
    if (read) {
        if (p->t->metaspace || (p->steps && read == pre_metaspace) || (p->byte_level && read != pre_byte_level))
            return err_set(e, "pre_tokenizer %s after %s is not known", type, p->byte_level ? "ByteLevel" : "others, or others after Metaspace,");
        if (read(p, j, e) < 0)
            return -1;
        p->steps++;
        return 0;
    }
    if (strcmp(type, "Sequence") || !list || list->kind != JSON_ARRAY || depth == TOK_STEPS)
        return err_set(e, "pre_tokenizer \"%.100s\" is not known", type);
    for (const struct json *s = list->first; s; s = s->next)
        if (pre_read(p, s, depth + 1, e) < 0)
            return -1;
    return members_known(j, "pre_tokenizer Sequence", "type pretokenizers ", e);
}

/* Name for GGUF of the steps read, or NULL. */
static const char *pre_name(const struct pre *p)
{
    if (p->t->kind == TOK_SPM)
        return "default";
    if (p->t->prefix != TOK_PREFIX_NEVER)
        return NULL;
    if (p->gpt2)
        return p->steps == 1 ? "gpt-2" : p->steps == 2 && p->digits ? "smollm" : NULL;
    return p->steps == 2 ? p->name : NULL;
}

/* Whether spaces become U+2581, without which a tokenizer without ByteLevel is not SentencePiece's. */
static bool spaces_shown(const struct tok *t)
{
    bool shown = t->metaspace;

    for (int i = 0; i < t->norms; i++)
        shown = shown || (t->norm[i].kind == TOK_REPLACE && !strcmp(t->norm[i].from, " ") && !strcmp(t->norm[i].to, TOK_SPACE));
    return shown;
}

int tok_pre_read(struct tok *t, const struct json *root, struct err *e)
{
    struct pre p = {.t = t};

    if (norm_read(t, json_get(root, "normalizer"), 0, e) < 0 || pre_read(&p, json_get(root, "pre_tokenizer"), 0, e) < 0)
        return -1;
    t->kind = p.byte_level ? TOK_BPE : TOK_SPM;
    if (t->kind == TOK_SPM && t->splits)
        return err_set(e, "pre_tokenizer: Split or Digits without ByteLevel is not known");
    if (t->kind == TOK_SPM && !spaces_shown(t))
        return err_set(e, "neither ByteLevel nor Metaspace: spaces have no pieces that this reader knows");
    if (!t->metaspace && t->kind == TOK_SPM)
        t->prefix = t->norms && t->norm[0].kind == TOK_PREPEND ? TOK_PREFIX_ALWAYS : TOK_PREFIX_NEVER;
    t->pre = pre_name(&p);
    return 0;
}

int tok_pre_named(struct tok *t, const char *name, struct err *e)
{
    static const struct {
        const char *name, *first, *second;
    } known[] = {{"gpt-2", tok_gpt2_pattern, NULL}, {"qwen2", qwen2, NULL}, {"llama-bpe", llama3, NULL}, {"smollm", "\\p{N}", tok_gpt2_pattern}};
    struct pre p = {.t = t};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i].name))
            continue;
        t->pre = known[i].name;
        if (split_add(&p, TOK_MATCHES_AND_GAPS, known[i].first, strlen(known[i].first), e) < 0)
            return -1;
        return known[i].second ? split_add(&p, TOK_MATCHES_AND_GAPS, known[i].second, strlen(known[i].second), e) : 0;
    }
    return err_set(e, "pre-tokenizer \"%.100s\" is not known", name);
}

const char *tok_pre_pattern(const char *name)
{
    return !strcmp(name, "qwen2") ? qwen2 : !strcmp(name, "llama-bpe") ? llama3 : NULL;
}
