/*
 * tok_names: names that GGUF has for ways to split a text (tokenizer.ggml.pre), with the steps that the models' own
 * tokenizer.json has. Source: the patterns of those files; which name llama.cpp splits by which of them, its
 * llama-vocab.cpp.
 */
#include <string.h>
#include <utf8proc.h>

#include "tok/tok_int.h"

#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define TAIL " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define TAIL_SLASH " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define QWEN2 CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|" TAIL
#define LLAMA3 CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|" TAIL
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define TEKKEN                                                                                                         \
    "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+|[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*|\\p{N}|" TAIL_SLASH
#define O200K                                                                                                          \
    "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+" CONTRACTIONS "?|"                                                     \
    "[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*" CONTRACTIONS "?|\\p{N}{1,3}|" TAIL_SLASH
#define HAN                                                                                                            \
    "[\xe4\xb8\x80-\xe9\xbe\xa5\xe3\x81\x80-\xe3\x82\x9f\xe3\x82\xa0-\xe3\x83\xbf]+" /* U+4E00-9FA5, 3040-309F,
                                                                                      * 30A0-30FF */
#define DEEPSEEK3                                                                                                      \
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| "              \
    "?[\\p{P}\\p{S}]+[\\r\\n]*|"                                                                                       \
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
/* of them . , ! ? … 。 ， 、 । ۔ ، */
#define BLOOM " ?[^(\\s|[.,!?\xe2\x80\xa6\xe3\x80\x82\xef\xbc\x8c\xe3\x80\x81\xe0\xa5\xa4\xdb\x94\xd8\x8c])]+"

enum { NFC = 1, IGNORE_MERGES = 2 };

/* A step: 'i' isolated, 'c' contiguous, 'a' the byte alphabet, which else comes last; GPT-2's pattern where none is
 * given. */
static const struct name {
    const char *name;
    int how;
    struct {
        char kind;
        const char *pattern;
    } step[6];
} names[] = {
    {"gpt-2", 0, {{'i', NULL}}},
    {"olmo", NFC, {{'i', NULL}}}, /* and GPT-NeoX */
    {"qwen2", NFC, {{'i', QWEN2}}},
    {"llama-bpe", IGNORE_MERGES, {{'i', LLAMA3}}},
    {"dbrx", 0, {{'i', LLAMA3}}},
    {"smollm", 0, {{'i', "\\p{N}"}, {'i', NULL}}},
    {"command-r", NFC, {{'i', "\\p{N}"}, {'i', NULL}}},
    {"tekken", IGNORE_MERGES, {{'i', TEKKEN}}},
    {"gpt-4o", IGNORE_MERGES, {{'i', O200K}}},
    {"deepseek-v3", 0, {{'i', "\\p{N}{1,3}"}, {'i', HAN}, {'i', DEEPSEEK3}}},
    {"falcon", 0, {{'c', "[\\p{P}$+<=>^`|~]"}, {'i', NULL}, {'a', NULL}, {'c', "\\p{N}"}, {'i', "[0-9][0-9][0-9]"}}},
    {"bloom", 0, {{'i', BLOOM}}},
};

/* Names that split as another does. */
static const char *const alias[][2] = {{"starcoder", "smollm"},
                                       {"refact", "smollm"},
                                       {"codeshell", "smollm"},
                                       {"exaone", "smollm"},
                                       {"minerva-7b", "smollm"},
                                       {"mpt", "gpt-2"},
                                       {"phi-2", "gpt-2"},
                                       {"roberta-bpe", "gpt-2"},
                                       {"jais", "gpt-2"},
                                       {"exaone4", "gpt-2"},
                                       {"modern-bert", "gpt-2"},
                                       {"stablelm2", "qwen2"},
                                       {"deepseek-r1-qwen", "qwen2"},
                                       {"megrez", "qwen2"},
                                       {"hunyuan", "qwen2"},
                                       {"llama3", "llama-bpe"},
                                       {"llama-v3", "llama-bpe"},
                                       {"falcon3", "llama-bpe"},
                                       {"pixtral", "llama-bpe"},
                                       {"lfm2", "llama-bpe"},
                                       {"smaug-bpe", "dbrx"},
                                       {"chatglm-bpe", "dbrx"},
                                       {"llama4", "gpt-4o"},
                                       {"gpt3-finnish", "bloom"},
                                       {"poro-chat", "bloom"}};

static const char *pattern_of(const struct name *m, int i)
{
    return m->step[i].pattern ? m->step[i].pattern : tok_gpt2_pattern;
}

static int steps_put(struct tok *t, const struct name *m, struct err *e)
{
    bool spelled = false;

    for (int i = 0; i < 6 && m->step[i].kind; i++) {
        char kind = m->step[i].kind;

        spelled = spelled || kind == 'a';
        if (kind == 'a' ? !tok_step_new(t, TOK_ALPHABET, e)
                        : tok_step_split(t, pattern_of(m, i), strlen(pattern_of(m, i)),
                                         kind == 'c' ? TOK_CONTIGUOUS : TOK_ISOLATED, false, e) < 0)
            return -1;
    }
    return spelled || tok_step_new(t, TOK_ALPHABET, e) ? 0 : -1;
}

int tok_pre_named(struct tok *t, const char *name, struct err *e)
{
    const char *as = name;

    for (size_t i = 0; i < sizeof alias / sizeof *alias; i++)
        as = !strcmp(name, alias[i][0]) ? alias[i][1] : as;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct tok_norm *norm;

        if (strcmp(as, names[i].name))
            continue;
        t->pre = names[i].name;
        t->ignore_merges = names[i].how & IGNORE_MERGES;
        if (names[i].how & NFC) {
            if (!(norm = tok_norm_new(t, TOK_UNICODE, e)))
                return -1;
            norm->form = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
        }
        return steps_put(t, &names[i], e);
    }
    return err_set(e, "pre-tokenizer \"%.100s\" is not known", name);
}

/* A split is the same whether what matches is kept or what lies between is dropped, where the pattern matches
 * everything. */
static bool is(const struct tok_step *s, char kind, const char *pattern)
{
    bool isolated = s->how == TOK_ISOLATED && !s->invert;
    bool kept = s->how == TOK_REMOVED && s->invert && strstr(pattern, "\\s+(?!\\S)|\\s+");

    if (kind == 'a')
        return s->kind == TOK_ALPHABET;
    return s->kind == TOK_SPLIT && !strcmp(s->pattern, pattern) &&
           (kind == 'c' ? s->how == TOK_CONTIGUOUS && !s->invert : isolated || kept);
}

static bool same_steps(const struct tok *t, const struct name *m)
{
    int i = 0;

    for (; i < 6 && m->step[i].kind; i++)
        if (i >= t->steps || !is(&t->step[i], m->step[i].kind, pattern_of(m, i)))
            return false;
    return i == t->steps || (i + 1 == t->steps && t->step[i].kind == TOK_ALPHABET);
}

/* llama.cpp normalizes nothing before byte-level BPE; only what is rare in texts (NFC) is let go. */
static bool only_nfc(const struct tok *t)
{
    return t->norms == 0 ||
           (t->norms == 1 && t->norm[0].kind == TOK_UNICODE && t->norm[0].form == (UTF8PROC_STABLE | UTF8PROC_COMPOSE));
}

static const char *bpe_name(const struct tok *t)
{
    const char *other = NULL;

    for (size_t i = 0; i < sizeof names / sizeof *names && only_nfc(t); i++) {
        if (!same_steps(t, &names[i]))
            continue;
        if (!(names[i].how & IGNORE_MERGES) == !t->ignore_merges && !(names[i].how & NFC) == !t->norms)
            return names[i].name;
        if (!(names[i].how & IGNORE_MERGES) == !t->ignore_merges || (!other && !strcmp(names[i].name, "gpt-4o")))
            other = names[i].name;
    }
    return other;
}

/* Steps that SentencePiece's own rules stand for: spaces shown, one put before, runs of them made one. */
static bool as_sentencepiece(const struct tok *t)
{
    for (int i = 0; i < t->norms; i++) {
        const struct tok_norm *n = &t->norm[i];
        bool shows = n->kind == TOK_REPLACE && !strcmp(n->from, " ") && !strcmp(n->to, TOK_SPACE);
        bool runs =
            n->kind == TOK_STRIP || n->kind == TOK_CHARSMAP || (n->kind == TOK_REPLACE_RE && !strcmp(n->from, " {2,}"));

        if (!(t->kind == TOK_SPM ? shows || (n->kind == TOK_PREPEND && !strcmp(n->to, TOK_SPACE)) : runs))
            return false;
    }
    for (int i = 0; i < t->steps; i++) {
        const struct tok_step *s = &t->step[i];
        bool white = s->kind == TOK_SPLIT && s->how == TOK_REMOVED && !s->invert && !strcmp(s->pattern, "\\s");
        bool none = s->kind == TOK_SPLIT && s->how == TOK_WITH_PREVIOUS &&
                    !strcmp(s->pattern, " "); /* Gemma's: by then there are no spaces */

        if (s->kind != TOK_METASPACE && s->kind != TOK_CUT && !(t->kind == TOK_SPM ? none && t->norms : white))
            return false;
    }
    return !t->ignore_merges;
}

static bool as_bert(const struct tok *t)
{
    static const enum tok_norm_kind kind[] = {TOK_BERT_CLEAN, TOK_BERT_CHINESE, TOK_UNICODE, TOK_DROP_MARKS, TOK_LOWER};

    for (int i = 0; i < 5; i++)
        if (t->norms != 5 || t->norm[i].kind != kind[i])
            return false;
    return t->steps == 2 && t->step[0].how == TOK_REMOVED && t->step[1].how == TOK_ISOLATED &&
           !strcmp(t->affix_prefix, "##") && t->word_max == 100;
}

const char *tok_pre_name(const struct tok *t)
{
    if (t->kind == TOK_WPM)
        return as_bert(t) ? "default" : NULL;
    if (t->affix_prefix || t->affix_suffix)
        return NULL;
    if (t->kind == TOK_BPE)
        return bpe_name(t);
    return as_sentencepiece(t) && !(t->kind == TOK_UGM && t->byte_fallback)
               ? "default"
               : NULL; /* llama.cpp's Unigram knows no bytes */
}
