/* tok_norm_read: normalizer of tokenizer.json as steps. What is not a step here is refused by its name. */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "tok/tok_int.h"

int tok_members_known(const struct json *j, const char *what, const char *names, struct err *e)
{
    for (const struct json *m = j->first; m; m = m->next) {
        const char *hit = names;

        while ((hit = strstr(hit, m->key)) && !(hit[m->key_len] == ' ' && (hit == names || hit[-1] == ' ')))
            hit++;
        if (!hit && m->kind != JSON_NULL)
            return err_set(e, "%s: member \"%.100s\" is not known", what, m->key);
    }
    return 0;
}

struct tok_norm *tok_norm_new(struct tok *t, enum tok_norm_kind kind, struct err *e)
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
    const struct json *pattern = json_get(j, "pattern"), *from = string_of(pattern, "String"),
                      *re = string_of(pattern, "Regex");
    const struct json *to = string_of(j, "content");
    struct tok_norm *step;

    if ((!from && !re) || !to || (from && !from->len))
        return err_set(e, "normalizer Replace: a pattern and content are needed");
    if (!(step = tok_norm_new(t, from ? TOK_REPLACE : TOK_REPLACE_RE, e)))
        return -1;
    from = from ? from : re;
    step->from = mem_strndup(from->s, step->from_n = from->len);
    step->to = mem_strndup(to->s, step->to_n = to->len);
    if (re && !(step->re = tok_regex(re->s, re->len, e)))
        return err_in(e, "normalizer Replace");
    return tok_members_known(j, "normalizer Replace", "type pattern content ", e);
}

static int norm_prepend(struct tok *t, const struct json *j, struct err *e)
{
    const struct json *to = string_of(j, "prepend");
    struct tok_norm *step = to ? tok_norm_new(t, TOK_PREPEND, e) : NULL;

    if (!step)
        return to ? -1 : err_set(e, "normalizer Prepend: no string \"prepend\"");
    step->to = mem_strndup(to->s, step->to_n = to->len);
    return tok_members_known(j, "normalizer Prepend", "type prepend ", e);
}

static int add(struct tok *t, enum tok_norm_kind kind, int form, struct err *e)
{
    struct tok_norm *step = tok_norm_new(t, kind, e);

    if (step)
        step->form = form;
    return step ? 0 : -1;
}

static int form_of(const char *name)
{
    return UTF8PROC_STABLE | (strchr(name, 'K') ? UTF8PROC_COMPAT : 0) |
           (strchr(name, 'C') ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE);
}

static int norm_strip(struct tok *t, const struct json *j, struct err *e)
{
    if (add(t, TOK_STRIP, json_bool(j, "strip_left", 0) | json_bool(j, "strip_right", 0) << 1, e) < 0)
        return -1;
    return tok_members_known(j, "normalizer Strip", "type strip_left strip_right ", e);
}

static int norm_bert(struct tok *t, const struct json *j, struct err *e)
{
    const struct json *accents = json_get(j, "strip_accents");
    int lower = json_bool(j, "lowercase", 1), strip = accents && accents->kind == JSON_BOOL ? (int)accents->i : lower;

    if ((json_bool(j, "clean_text", 1) && add(t, TOK_BERT_CLEAN, 0, e) < 0) ||
        (json_bool(j, "handle_chinese_chars", 1) && add(t, TOK_BERT_CHINESE, 0, e) < 0) ||
        (strip && (add(t, TOK_UNICODE, form_of("NFD"), e) < 0 || add(t, TOK_DROP_MARKS, 1, e) < 0)) ||
        (lower && add(t, TOK_LOWER, 0, e) < 0))
        return -1;
    return tok_members_known(j, "normalizer BertNormalizer",
                             "type clean_text handle_chinese_chars strip_accents lowercase ", e);
}

static int digit_of(char c)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *hit = c ? strchr(digit, c) : NULL;

    return hit ? (int)(hit - digit) : -1;
}

static int base64(const struct json *s, struct buf *out, struct err *e)
{
    uint32_t bits = 0;
    int have = 0;

    for (size_t i = 0; i < s->len && s->s[i] != '='; i++) {
        int d = digit_of(s->s[i]);

        if (d < 0)
            return err_set(e, "byte %zu of precompiled_charsmap is no base64", i);
        bits = bits << 6 | (uint32_t)d;
        have += 6;
        if (have >= 8)
            buf_add(out, &(uint8_t){(uint8_t)(bits >> (have -= 8))}, 1);
    }
    return 0;
}

static int norm_precompiled(struct tok *t, const struct json *j, struct err *e)
{
    const struct json *map = string_of(j, "precompiled_charsmap");
    struct buf raw = {0};
    int rc;

    if (t->charsmap.raw.len)
        return err_set(e, "normalizer Precompiled is there twice");
    if (!map || !map->len) /* an identity */
        return 0;
    rc = add(t, TOK_CHARSMAP, 0, e) < 0 || base64(map, &raw, e) < 0 ||
                 tok_charsmap_read(&t->charsmap, raw.data, raw.len, e) < 0
             ? -1
             : 0;
    buf_free(&raw);
    return rc < 0 ? err_in(e, "normalizer Precompiled")
                  : tok_members_known(j, "normalizer Precompiled", "type precompiled_charsmap ", e);
}

static int one(struct tok *t, const char *type, const struct json *j, struct err *e)
{
    static const char *const form[] = {"NFC", "NFD", "NFKC", "NFKD"};
    static const struct {
        const char *type;
        int (*read)(struct tok *, const struct json *, struct err *);
    } known[] = {{"Replace", norm_replace},
                 {"Prepend", norm_prepend},
                 {"Strip", norm_strip},
                 {"BertNormalizer", norm_bert},
                 {"Precompiled", norm_precompiled}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(type, known[i].type))
            return known[i].read(t, j, e);
    for (int i = 0; i < 4; i++)
        if (!strcmp(type, form[i]))
            return add(t, TOK_UNICODE, form_of(type), e);
    if (!strcmp(type, "Lowercase"))
        return add(t, TOK_LOWER, 0, e);
    return !strcmp(type, "StripAccents") ? add(t, TOK_DROP_MARKS, 0, e)
                                         : err_set(e, "normalizer \"%.100s\" is not known", type);
}

static int norm_read(struct tok *t, const struct json *j, int depth, struct err *e)
{
    const char *type = json_str(j, "type", "");
    const struct json *list = json_get(j, "normalizers");

    if (!j || j->kind == JSON_NULL)
        return 0;
    if (strcmp(type, "Sequence") || !list || list->kind != JSON_ARRAY || depth == TOK_STEPS)
        return one(t, type, j, e);
    for (const struct json *s = list->first; s; s = s->next)
        if (norm_read(t, s, depth + 1, e) < 0)
            return -1;
    return tok_members_known(j, "normalizer Sequence", "type normalizers ", e);
}

int tok_norm_read(struct tok *t, const struct json *normalizer, struct err *e)
{
    return norm_read(t, normalizer, 0, e);
}
