#include "tensor/select.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/parse.h"

struct words {
    char **word;
    uint8_t *hit; /* has it matched a tensor? */
    int n;
};

struct chosen_words {
    struct words only, skip;
    uint64_t tensors, roles, layers, chosen; /* asked about; with a role; of --layers; chosen */
    int64_t first, last;                     /* layers that have come, -1: none */
};

/* First words of roles that are none of a linear layer. */
static const char *const others[] = {"embed", "pos", "type", "head", "norm", "conv", "rel", "state"};

int select_linear(const struct bundle *b)
{
    size_t n = b->role ? strlen(b->role) : 0;

    if (b->shape.rank != 2 || n == 0 || (n > 7 && strcmp(b->role + n - 7, ".router") == 0))
        return 0;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        size_t k = strlen(others[i]);

        if (strncmp(b->role, others[i], k) == 0 && (b->role[k] == '\0' || b->role[k] == '.'))
            return 0;
    }
    return 1;
}

/* Over the name; of a part of a stored tensor ("NAME:role") over the stored name, too. */
static int name_match(const char *glob, const char *name)
{
    const char *colon = strchr(name, ':');
    char *stored;
    int hit = glob_match(glob, name);

    if (hit || !colon)
        return hit;
    stored = mem_strndup(name, (size_t)(colon - name));
    hit = glob_match(glob, stored);
    free(stored);
    return hit;
}

int select_word(const char *word, const struct bundle *b)
{
    size_t n = strlen(word);

    if (b->role && strncmp(b->role, word, n) == 0 && (b->role[n] == '\0' || b->role[n] == '.'))
        return 1;
    return (strcmp(word, "linear") == 0 && select_linear(b)) || name_match(word, b->name);
}

/* Words that have matched already are asked until one does now, the others always. */
static int words_match(struct words *w, const struct bundle *b)
{
    int hit = 0;

    for (int i = 0; i < w->n; i++)
        if ((!hit || !w->hit[i]) && select_word(w->word[i], b))
            hit = w->hit[i] = 1;
    return hit;
}

static void split(struct words *w, const struct opt_list *l)
{
    for (int i = 0; i < l->n; i++) {
        char *copy = mem_strdup(l->item[i]), *rest = copy, *word;

        while ((word = strsep(&rest, ",")))
            if (*word) {
                w->word = mem_resize(w->word, (size_t)w->n + 1, sizeof *w->word);
                w->word[w->n++] = mem_strdup(word);
            }
        free(copy);
    }
    w->hit = mem_new((size_t)w->n + 1, 1);
}

/* Is layer in "0:2,6:"? -1 when the text is none such. layer UINT64_MAX asks only for that. */
static int layer_match(const char *text, uint64_t layer, struct err *e)
{
    char *copy = mem_strdup(text), *rest = copy, *word;
    uint64_t lo, hi;
    int hit = 0;

    while (hit >= 0 && (word = strsep(&rest, ",")))
        if (parse_range(word, &lo, &hi, e) < 0)
            hit = -1;
        else
            hit |= layer >= lo && layer < hi;
    free(copy);
    return hit;
}

int select_check(struct select *s, struct err *e)
{
    if (s->layers && layer_match(s->layers, UINT64_MAX, e) < 0)
        return err_in(e, "--layers");
    select_free(s);
    s->words = mem_new(1, sizeof *s->words);
    s->words->first = s->words->last = -1;
    split(&s->words->only, &s->only);
    split(&s->words->skip, &s->skip);
    return 0;
}

static void words_free(struct words *w)
{
    for (int i = 0; i < w->n; i++)
        free(w->word[i]);
    free(w->word);
    free(w->hit);
}

void select_free(struct select *s)
{
    if (!s->words)
        return;
    words_free(&s->words->only);
    words_free(&s->words->skip);
    free(s->words);
    s->words = NULL;
}

int select_given(const struct select *s)
{
    return s->only.n || s->skip.n || s->layers;
}

static int match(const struct select *s, struct chosen_words *w, const struct bundle *b)
{
    int only = words_match(&w->only, b), skip = words_match(&w->skip, b);
    int layer = !s->layers || (b->layer >= 0 && layer_match(s->layers, (uint64_t)b->layer, NULL) > 0);

    w->layers += (uint64_t)layer;
    if (skip || !layer)
        return 0;
    return w->only.n ? only : s->linears ? select_linear(b) : 1;
}

int select_match(const struct select *s, const struct bundle *b)
{
    struct chosen_words *w = s->words;
    int is;

    if (!w) /* all there is: the choice of nobody */
        return 1;
    is = match(s, w, b);
    w->tensors++;
    w->roles += b->role != NULL;
    w->chosen += (uint64_t)is;
    if (b->layer >= 0 && (w->first < 0 || b->layer < w->first))
        w->first = b->layer;
    if (b->layer > w->last)
        w->last = b->layer;
    return is;
}

/* Why no tensor has a role, to stand behind a sentence or alone. */
static int no_roles(const struct attrs *model, const char *before, const char *after, struct err *e)
{
    const char *arch = attrs_str(model, "arch", NULL);

    if (arch)
        return err_set(e, "%sarchitecture '%.100s' has no page: no tensor has a role%s", before, arch, after);
    return err_set(e, "%sthe architecture is not known: no tensor has a role%s", before, after);
}

static int unmatched(const struct chosen_words *w, const char *word, const struct attrs *model, struct err *e)
{
    char *text;
    int rc;

    if (w->roles)
        return err_set(e, "--only '%.200s' matches no tensor", word);
    text = mem_printf("--only '%.200s' matches no tensor; ", word);
    rc = no_roles(model, text, "", e);
    free(text);
    return rc;
}

/* Nothing was done. */
static int none(const struct select *s, const struct attrs *model, const char *why, struct err *e)
{
    const struct chosen_words *w = s->words;

    if (w->tensors == 0)
        return err_set(e, "there is no tensor");
    if (w->roles == 0 && w->only.n == 0 && s->linears)
        return no_roles(model, "", "; --only NAME chooses by name", e);
    if (w->chosen)
        return err_set(e, "%llu of %llu tensors are chosen, %s", (unsigned long long)w->chosen,
                       (unsigned long long)w->tensors,
                       s->by_table ? "the budget has a row for none of them"
                       : why       ? why
                                   : "none is changed");
    if (s->layers && w->last < 0)
        return err_set(e, "--layers %.100s: no tensor has a layer", s->layers);
    if (w->layers == 0)
        return err_set(e, "--layers %.100s chooses no tensor; layers are %lld to %lld", s->layers, (long long)w->first,
                       (long long)w->last);
    return err_set(e, select_given(s) ? "--only, --skip and --layers together choose no tensor"
                                      : "no tensor is the weight of a linear layer; --only NAME chooses others");
}

int select_end(const struct select *s, const struct attrs *model, uint64_t done, const char *why, struct err *e)
{
    const struct chosen_words *w = s->words;

    if (s->allow_none)
        return 0;
    for (int i = 0; w->tensors && i < w->only.n; i++)
        if (!w->only.hit[i])
            return unmatched(w, w->only.word[i], model, e);
    if (done == SELECT_CHOSEN)
        return w->chosen || !select_given(s) ? 0 : none(s, model, NULL, e);
    return done ? 0 : none(s, model, why, e);
}
